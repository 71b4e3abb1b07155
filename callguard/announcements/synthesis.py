"""Speech from text by a command of the operator's choice, espeak-ng unless something better is set.

The command is a list of arguments, never a shell line, with ``{language}``, ``{voice}``, ``{text_file}`` (UTF-8) and ``{output}`` (the
WAV file to write) filled in. espeak-ng says the same words in the same samples each time (pinned by a test), so its prompts
keep their versions; a command that does not is no harm, since unchanged text is not spoken again.
"""

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from callguard.announcements.text import Prompt
from callguard.errors import CallguardError, ConfigError

ESPEAK = ("espeak-ng", "-v", "{voice}", "-s", "185", "-b", "1", "-w", "{output}", "-f", "{text_file}")
"""185 words a minute, by espeak's count: its Romanian comes out slower than its English. ``-b 1`` reads UTF-8 whatever the locale."""

LONGEST_RUN_S = 60.0
REMEDY = "set announcements.command to a program that is there, or run: apt-get install espeak-ng"


class SynthesisError(CallguardError):
    """The command ran and gave no sound."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """The command, and which of its voices speaks which language."""

    command: tuple[str, ...] = ESPEAK
    voices: Mapping[str, str] = field(default_factory=lambda: {"ro": "ro", "en": "en-gb"})

    def arguments(self, language: str, *, text_file: str, output: str) -> list[str]:
        """The command with everything filled in. Raises :class:`ConfigError` for an unknown placeholder or a language without a voice."""
        if not self.command:
            raise ConfigError("no program is named", place="announcements.command", remedy="name one, or leave the setting out")
        try:
            voice = self.voices[language]
        except KeyError as error:
            raise ConfigError(
                f"no voice for language {language!r}", place="announcements.voices", remedy=f"name one for {language}"
            ) from error
        known = {"language": language, "voice": voice, "text_file": text_file, "output": output}
        try:
            return [argument.format_map(known) for argument in self.command]
        except (KeyError, ValueError, AttributeError, IndexError) as error:
            remedy = "use {language}, {voice}, {text_file} and {output} only"
            raise ConfigError(f"unknown placeholder: {error}", place="announcements.command", remedy=remedy) from error

    def speak(self, prompt: Prompt) -> bytes:
        """The WAV file that the command makes of the prompt's text.

        Raises :class:`ConfigError` if the command cannot be run, :class:`SynthesisError` if it fails, writes nothing or takes over a
        minute.
        """
        with tempfile.TemporaryDirectory(prefix="callguard-") as folder:
            text_file, output = Path(folder, "text.txt"), Path(folder, "speech.wav")
            text_file.write_text(prompt.text + "\n", encoding="utf-8")
            _run(self.arguments(prompt.language, text_file=str(text_file), output=str(output)))
            if not output.exists() or not output.stat().st_size:
                raise SynthesisError(f"{self.command[0]} wrote no sound", remedy="does announcements.command write to {output}?")
            return output.read_bytes()


def _run(arguments: list[str]) -> None:
    program = arguments[0]
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own argument list, and no shell
            arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=LONGEST_RUN_S, check=False
        )
    except OSError as error:
        raise ConfigError(f"{program} cannot be run: {error.strerror}", place="announcements.command", remedy=REMEDY) from error
    except subprocess.TimeoutExpired as error:
        raise SynthesisError(f"{program} took longer than {LONGEST_RUN_S:.0f} s", remedy="run it by hand to see why") from error
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise SynthesisError(f"{program} ended with status {done.returncode}: {last}", remedy="run it by hand to see why")

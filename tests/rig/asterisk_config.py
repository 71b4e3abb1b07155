"""Writes the configuration of one private Asterisk: the files of `asterisk_conf/` with their blanks filled in.

The files are real Asterisk configuration with `$name` where a value differs from one instance to the next; what is constant stays in
the files, where it can be read and commented. The dialplan is copied as it stands: its own `${…}` must not be touched.
"""

import math
import shutil
import struct
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

_TEMPLATES = Path(__file__).parent / "asterisk_conf"
_PHONE = "pjsip_phone.conf"
_AS_IT_STANDS = "extensions.conf"
# Files on which the rig has no opinion: Debian's own, so that the log of a test holds no complaint about their absence.
_DEBIANS_OWN = ("acl.conf", "ccss.conf", "cel.conf", "pjproject.conf", "queuerules.conf", "udptl.conf")
_HOLD_HZ = 300  # below every DTMF tone and unlike the 425 Hz of ringing


@dataclass(frozen=True, slots=True)
class PhoneLine:
    """A SIP phone as the PBX knows it: its name, its UDP port on 127.0.0.1, and the context in which its calls begin."""

    name: str
    port: int
    context: str


@dataclass(frozen=True, slots=True)
class Dialplan:
    """What the instance runs: callguard's own file, if any, and the text of the test."""

    callguard: Path | None
    extra: str


def write_configuration(folder: Path, blanks: Mapping[str, str], phones: list[PhoneLine], dialplan: Dialplan) -> None:
    """Fill `folder` with a complete Asterisk configuration.

    Raises:
        KeyError: a template asks for a blank that was not given.
    """
    for template in sorted(_TEMPLATES.glob("*.conf")):
        if template.name != _PHONE:
            text = template.read_text("utf-8")
            filled = text if template.name == _AS_IT_STANDS else Template(text).substitute(blanks)
            (folder / template.name).write_text(filled, "utf-8")
    (folder / "pjsip_phones.conf").write_text("".join(map(_phone_section, phones)), "utf-8")
    (folder / "callguard.conf").write_text(dialplan.callguard.read_text("utf-8") if dialplan.callguard else "", "utf-8")
    (folder / "rig.conf").write_text(dialplan.extra + "\n", "utf-8")


def copy_debians_own(root: Path, folder: Path) -> None:
    """Copy the configuration that Asterisk insists on and nobody here cares about."""
    for name in _DEBIANS_OWN:
        shutil.copyfile(root / "etc" / "asterisk" / name, folder / name)


def _phone_section(phone: PhoneLine) -> str:
    template = Template((_TEMPLATES / _PHONE).read_text("utf-8"))
    return template.substitute(name=phone.name, port=phone.port, context=phone.context)


def write_hold_tone(folder: Path) -> None:
    """One second of a 300 Hz tone at 8 kHz, which Asterisk loops for a caller on hold."""
    samples = (round(6000 * math.sin(2 * math.pi * _HOLD_HZ * n / 8000)) for n in range(8000))
    with wave.open(str(folder / "tone.wav"), "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(8000)
        tone.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))

"""Sealing: a recording that has stopped and was measured is encrypted with a key of its own, and only then the plain file goes (S13, C7).

One recording at a time, whoever seals; in this order, each step durable before the next one begins:

1. the key is made and kept (:mod:`callguard.evidence.keys`);
2. the sealed form is written beside the plain file as ``.part``, with mode 0600 and the tag on it, and made durable;
3. it is read back from the disk, decrypted with the key as the store gives it back, and hashed: it must be the sound that was measured;
4. it takes its name in one step, and the folder is made durable;
5. the plain file and its tag are removed.

Cut off anywhere before 5 is done, the plain file is there, and the next start seals it anew, with another key in place of the first. Cut
off after it, the next start finds no plain file but a sealed one that opens, and tells what is in it. Until the engine has written that
down, the row says ``stopped`` and claims nothing.

A recording that cannot be sealed (no space, no key store) stays as it is, readable, tagged and listed as ``stopped``: it was lawfully made,
and to lose it would be the greater harm. The log says so, and `callguard check` says what lies there in the clear.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from secrets import token_bytes
from typing import IO

import structlog

from callguard.call.commands import FileRecording
from callguard.errors import CallguardError, FileFault
from callguard.evidence.keys import KeyStore
from callguard.evidence.master import KEY_BYTES, MasterKey
from callguard.evidence.mastery import take_over
from callguard.evidence.sealing import Meter, Sound, seal, unseal
from callguard.retention.files import discard, inspect, remove_plain
from callguard.retention.measure import Checkpoint, Measured, measure, open_regular
from callguard.retention.naming import part, sealed
from callguard.retention.paths import Obstruction, Spot, spot
from callguard.retention.rules import Finding
from callguard.retention.tag import Tag, attach
from callguard.retention.wav import HEAD_BYTES, Blemish, blemish

_PART = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_NOBODY_ELSE = 0o600

LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Vault:
    """Where sealed recordings are, where their keys are, and what opens the keys."""

    root: Path
    keys: KeyStore
    master: MasterKey

    def prepare(self) -> None:
        """Make the key store ready for sealing, by this master key from now on. Raises :class:`FileFault`."""
        self.keys.prepare()
        with self.keys.alone():
            take_over(self.keys.folder, self.master)

    def file(self, command: FileRecording, checkpoint: Checkpoint) -> Measured:
        """Measure, tag and seal the file that ``command`` names. Whatever is wrong with it is in the result, or in the log."""
        measured = measure(self.root, command, checkpoint)
        try:
            if measured.fault is Blemish.MISSING:
                return self._sealed_before(command) or measured
            if measured.sha256 is not None:
                self.seal(command, Sound(measured.size or 0, measured.sha256), checkpoint)
                return replace(measured, sealed=True)
        except CallguardError as error:
            LOG.error("a recording could not be sealed", recording=command.recording, fault=str(error))  # noqa: TRY400 - no traceback
        return measured

    def seal(self, command: FileRecording, sound: Sound, checkpoint: Checkpoint) -> None:
        """Put the sealed form in place of the plain file, which must hold that sound. Raises :class:`FileFault`; then it is still there.

        The plain file is open before there is a new key: over the key of one that is sealed already none may ever go.
        """
        try:
            with self.keys.alone(), spot(self.root, command.path) as at, BufferedReader(open_regular(at)) as source:
                self.keys.keep(command.path, command.recording, token_bytes(KEY_BYTES), self.master)
                try:
                    self._seal_at(at, source, command, sound, checkpoint)
                finally:
                    discard(Spot(at.folder, part(at.name)))
        except OSError as failure:
            raise FileFault(f"could not be sealed: {failure.strerror}", place=command.path) from failure

    def unsealed(self, path: str, recording: str) -> Iterator[bytes]:
        """The sound of a sealed recording, block by block. Raises :class:`FileFault` when it cannot be had, or not whole."""
        key = self.keys.read(path, recording, self.master)
        with reading(self.root, path, sealed) as source:
            yield from unseal(source, key, recording)

    def sound_of(self, path: str, recording: str) -> Sound:
        """What is in a sealed recording, measured as it opens. Raises :class:`FileFault`."""
        meter = Meter()
        for block in self.unsealed(path, recording):
            meter.pass_on(block)
        return meter.sound

    def plain_size(self, path: str) -> int | None:
        """Bytes of the plain file; ``None`` when none lies there."""
        try:
            with spot(self.root, path) as at:
                return os.stat(at.name, dir_fd=at.folder, follow_symlinks=False).st_size
        except (Obstruction, OSError):
            return None

    def _seal_at(self, at: Spot, source: IO[bytes], command: FileRecording, sound: Sound, checkpoint: Checkpoint) -> None:
        draft, finished = Spot(at.folder, part(at.name)), Spot(at.folder, sealed(at.name))
        with os.fdopen(os.open(draft.name, _PART, mode=_NOBODY_ELSE, dir_fd=draft.folder), "w+b") as sink:
            _require(sound, seal(source, sink, self._key(command), command.recording, checkpoint))
            attach(Tag(command.recording, command.expires_at, sound.sha256), sink.fileno(), finished)
            sink.flush()
            os.fsync(sink.fileno())
            _require(sound, self._read_back(sink, command, checkpoint))
        os.rename(draft.name, finished.name, src_dir_fd=draft.folder, dst_dir_fd=finished.folder)
        os.fsync(finished.folder)
        remove_plain(at)

    def _read_back(self, sink: IO[bytes], command: FileRecording, checkpoint: Checkpoint) -> Sound:
        """What the disk has, and not what is still in memory of what was written."""
        os.posix_fadvise(sink.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        sink.seek(0)
        meter = Meter()
        for block in unseal(sink, self._key(command), command.recording):
            meter.pass_on(block)
            checkpoint()
        return meter.sound

    def _sealed_before(self, command: FileRecording) -> Measured | None:
        """What was sealed before the engine could write it down; ``None`` where nothing was."""
        if not (self.keys.holds(command.path) and inspect(self.root, command.path) is not Finding.MISSING):
            return None
        meter, head = Meter(), b""
        for block in self.unsealed(command.path, command.recording):
            head = head or block[:HEAD_BYTES]
            meter.pass_on(block)
        size, sha256 = meter.sound
        return Measured(size, sha256, blemish(head, size), tagged=True, sealed=True)

    def _key(self, command: FileRecording) -> bytes:
        return self.keys.read(command.path, command.recording, self.master)


@contextmanager
def reading(root: Path, path: str, name: Callable[[str], str]) -> Iterator[IO[bytes]]:
    """The file that has this name in the place of a recording, open. Raises :class:`FileFault`."""
    try:
        with spot(root, path) as at, BufferedReader(open_regular(Spot(at.folder, name(at.name)))) as source:
            yield source
    except OSError as failure:
        raise FileFault(f"cannot be read: {failure.strerror or failure}", place=path) from failure


def _require(expected: Sound, found: Sound) -> None:
    if found != expected:
        raise FileFault("what was sealed is not what was measured: the file changed, or the disk did not keep it", place=expected.sha256)

"""What is found out about one file, before the database is asked: what it is, when its call began, who spoke, which policy speaks of it.

No consent is made up: nothing is known of what the people of such a call were told or decided, and so there will be no row about it. The
policy gives the time for which the recording is kept, and its purposes; that it says what callguard plays to people means nothing here, and
the policy that is kept with the call has no prompts.

A file to which somebody wrote within :data:`QUIET`, and whose own header does not say that it is over, may be one that the PBX is
recording now. It is left for the next time.
"""

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256
from io import FileIO

from callguard.adoption.beginning import Beginning, Clues, begin
from callguard.adoption.call_list import CallList, ListedCall
from callguard.adoption.names import Named, UnfitError, read_name
from callguard.adoption.sounds import Sound, known_suffix, listen_to
from callguard.adoption.walking import Entry
from callguard.call.policy import UNMATCHED, Mode, Policy, Traits, choose
from callguard.call.state import Direction, Number
from callguard.retention.measure import BLOCK_BYTES, open_regular
from callguard.retention.wav import HEAD_BYTES

QUIET = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What an import goes by: whose recordings they are, by which clocks and CDR, and which policies there are.

    ``chosen`` is the policy that was named, for all of them. ``by_mtime``: the time of a file is believed where nothing else is known.
    """

    pbx: str
    zone: tzinfo
    calls: CallList
    policies: Sequence[Policy]
    chosen: Policy | None
    parse: Callable[[str], Number]
    by_mtime: bool
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One sound file: size in bytes, SHA-256 in hexadecimal, and by which call, direction and policy it is to be kept."""

    entry: Entry
    status: os.stat_result
    written_at: datetime
    sha256: str
    sound: Sound
    named: Named
    listed: ListedCall | None
    beginning: Beginning
    direction: Direction
    policy: Policy
    caller: Number
    callee: Number


def look_into(entry: Entry, intake: Intake) -> Found:
    """What the file is. Raises :class:`UnfitError` for one that cannot be adopted."""
    _require_file(entry)
    try:
        with open_regular(entry.at) as file:
            return _look_into(file, entry, intake)
    except OSError as failure:
        raise UnfitError(f"cannot be read: {failure.strerror or failure}") from failure


def _require_file(entry: Entry) -> None:
    if entry.fault:
        raise UnfitError(entry.fault)
    try:
        mode = os.stat(entry.at.name, dir_fd=entry.at.folder, follow_symlinks=False).st_mode
    except OSError as failure:
        raise UnfitError(f"cannot be read: {failure.strerror}") from failure
    if not stat.S_ISREG(mode):
        raise UnfitError("is a symbolic link" if stat.S_ISLNK(mode) else "is no regular file")
    if not known_suffix(entry.path.suffix):
        raise UnfitError("is no sound file by its suffix")


def _look_into(file: FileIO, entry: Entry, intake: Intake) -> Found:
    status = os.fstat(file.fileno())
    sound = listen_to(os.pread(file.fileno(), HEAD_BYTES, 0), status.st_size, entry.path.suffix)
    written = datetime.fromtimestamp(status.st_mtime, UTC)
    if not sound.over and written > intake.now - QUIET:
        raise UnfitError(f"was written to within the last {QUIET // timedelta(minutes=1)} minutes, so it may not be over")
    named = read_name(entry.path)
    listed = intake.calls.find(named.unique, entry.path.name)
    clues = Clues(named, listed.started_at if listed else None, sound.recorded, written if intake.by_mtime else None)
    beginning = begin(clues, intake.zone, intake.now)
    caller = _number(intake, listed.caller if listed else "", named.caller)
    callee = _number(intake, listed.called if listed else "", named.called)
    direction, policy = _policy(intake, named.direction or (listed.direction if listed else None), callee, named.queue)
    return Found(
        entry=entry,
        status=status,
        written_at=written,
        sha256=_hash(file, status.st_size),
        sound=sound,
        named=named,
        listed=listed,
        beginning=beginning,
        direction=direction,
        policy=policy,
        caller=caller,
        callee=callee,
    )


def _number(intake: Intake, listed: str, named: str) -> Number:
    """The first that is a telephone number, as a person must be found by it; a CDR may have it with a prefix of the dialplan."""
    numbers = [intake.parse(written) for written in (listed, named)]
    return next((one for one in numbers if one.e164), numbers[0] if numbers[0].raw else numbers[1])


def _policy(intake: Intake, direction: Direction | None, callee: Number, queue: str | None) -> tuple[Direction, Policy]:
    """The one that was named, else the first that speaks of such a call. Raises :class:`UnfitError`."""
    if intake.chosen is not None:
        return direction or Direction(intake.chosen.direction), intake.chosen
    if direction is None:
        raise UnfitError("nothing says in which direction its call went: name its policy with --policy")
    numbers = tuple(one for one in (callee.raw, callee.e164) if one)
    policy = choose(intake.policies, Traits(direction.value, numbers, None, queue))
    if policy is UNMATCHED:
        raise UnfitError("no policy speaks of such a call: name one with --policy")
    if policy.mode is Mode.NEVER:
        raise UnfitError(f"policy {policy.name} says that such a call is never recorded: name another one with --policy")
    return direction, policy


def _hash(file: FileIO, size: int) -> str:
    digest, read = sha256(), 0
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
        read += len(block)
    if read != size:
        raise UnfitError("changed while it was read")
    return digest.hexdigest()

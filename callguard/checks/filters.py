"""Whether the event filters of an AMI login hold back what callguard acts on, as those of a file do that was copied for an older callguard.

The PBX does not tell which filters it has loaded; manager.conf does, by AST_CONFIG, line by line and for this setting alone. A filter is a
regular expression over a whole event. One that begins with the name of an event lets no other through, so an event that none of them names
is held back for sure; of filters of any other form nothing is claimed. Those of the newer form (`eventfilter(…) =`) have no value to be
shown by, but for a few, so that they can be seen to be there and not what they let through.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from callguard.checks.asking import Asking
from callguard.checks.report import Check, Subject

ACTED_ON = (
    *("AsyncAGIStart", "AsyncAGIExec", "AsyncAGIEnd", "DialEnd", "BridgeEnter", "BridgeLeave"),
    *("Hangup", "FullyBooted", "Shutdown", "UserEvent", "Newstate", "DTMFEnd"),
    *("ChanSpyStart", "ChanSpyStop", "Hold", "Unhold"),
)
"""The events without which calls go wrong, or go unseen."""

FOR_NOTICES = {"voicemail": "MessageWaiting", "new-address": "ContactStatus"}
"""What a `[[notice]]` of this kind lives by."""

SHIPPED = "config/asterisk/manager.d/callguard.conf"

_NEWER_FORM = "eventfilter(action(include),name(UserEvent),header(UserEvent),method(starts_with))"
_NAMED = re.compile(r"\^Event: ([A-Za-z]+)(\[\^A-Za-z\])?(?![*?+{(\\])[^|]*", re.DOTALL)


def needed(kinds: Iterable[str]) -> tuple[str, ...]:
    """The events for these kinds of notices, and for all else."""
    return (*ACTED_ON, *sorted({FOR_NOTICES[kind] for kind in kinds if kind in FOR_NOTICES}))


def judged(subject: Subject, asked: Asking, user: str, wanted: Sequence[str], reload: str) -> Check:
    """By what manager.conf says of this user."""
    written = list(asked.settings("manager.conf", user, "eventfilter"))
    again = f"put {SHIPPED} in its place again, {reload}"
    held, sure = held_back(written, wanted)
    if asked.setting("manager.conf", user, _NEWER_FORM):
        return subject.unchecked("of filters of the newer form the PBX does not tell what they let through", f"compare them with {SHIPPED}")
    if held and not sure:
        return subject.unchecked(f"whether filters of a form of their own let {', '.join(held)} through", f"compare them with {SHIPPED}")
    if held:
        return subject.failed(f"eventfilter in manager.conf holds back {', '.join(held)}", again)
    return subject.ok("none that could be seen: all events of its classes come" if not written else f"let all {len(wanted)} through")


def held_back(filters: Collection[str], wanted: Sequence[str]) -> tuple[list[str], bool]:
    """The events that no filter lets through, or one keeps out; and whether that is sure."""
    admitting = [one for one in filters if not one.startswith("!")]
    excluding = [one[1:] for one in filters if one.startswith("!")]
    held = [event for event in wanted if (admitting and not _names(admitting, event)) or _names(excluding, event)]
    return held, all(_NAMED.fullmatch(one) for one in (*admitting, *excluding))


def _names(filters: Iterable[str], event: str) -> bool:
    """Whether one of them begins with the event's name, or with what the name begins with."""
    return any(event == name or (event.startswith(name) and not exact) for name, exact in _named(filters))


def _named(filters: Iterable[str]) -> Iterator[tuple[str, bool]]:
    for one in filters:
        found = _NAMED.fullmatch(one)
        if found:
            yield found[1], found[2] is not None

"""Notices by mail: a call that was missed, a voicemail that was left, a phone that registers from a new address (C4).

Who wants to know what of which number stands in `[[notice]]`; what concerns no number named there is not even written down. Telephone
numbers are found in their E.164 form; extensions, mailboxes and accounts as they are written, the latter two also without what stands
behind their `@`.

A call is missed when it came in and ended without two people ever having met in it. A voicemail was left when more of them are unheard
than before. The first address of an account is its beginning and no news. What a PBX tells twice is told once: a missed call by its id, the
others since what was seen is written down with the mail.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import partial
from uuid import uuid4

import sqlalchemy as sa

from callguard.call.events import EquipmentSeen, MailboxCounted, News
from callguard.call.state import NOBODY, Call, Direction, Number
from callguard.mail.texts import written
from callguard.store.mail_rows import Mail, queue_mail
from callguard.store.notice_rows import count_mailbox, forget_others, note_address

Change = tuple[Call | None, Call]


class Kind(StrEnum):
    """What one can be told of."""

    MISSED_CALL = "missed-call"
    VOICEMAIL = "voicemail"
    NEW_ADDRESS = "new-address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Who is told what of a number, and in which language."""

    number: Number
    recipients: Sequence[str]
    kinds: frozenset[Kind]
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Something that notices ask for. ``words`` stand in the text, ``None`` for the unknown; ``is_news`` writes down what was seen."""

    kind: Kind
    key: str
    notices: Sequence[Notice]
    words: Mapping[str, str | None]
    is_news: Callable[[sa.Connection], bool]

    def queue(self, connection: sa.Connection, now: datetime) -> None:
        """Queue the mails, in the transaction of what they tell; none when it is no news."""
        if self.is_news(connection):
            for mail in self._mails():
                queue_mail(connection, mail, now)

    def _mails(self) -> Iterator[Mail]:
        for notice in self.notices:
            subject, body = written(self.kind, notice.language, self.words)
            for recipient in notice.recipients:
                yield Mail(key=f"{self.kind} {self.key} {recipient}", recipient=recipient, subject=subject, body=body)


class Notices:
    """All notices, by what they are of; ``zone`` is where the office is."""

    def __init__(self, notices: Sequence[Notice] = (), zone: tzinfo = UTC) -> None:
        self._zone = zone
        self._by: dict[Kind, dict[str | None, list[Notice]]] = {kind: {} for kind in Kind}
        for notice in notices:
            for kind in notice.kinds:
                for name in {notice.number.e164, notice.number.raw} - {None}:
                    self._by[kind].setdefault(name, []).append(notice)

    @property
    def news(self) -> frozenset[type]:
        """What the PBXs have to be listened to for."""
        wanted = {Kind.VOICEMAIL: MailboxCounted, Kind.NEW_ADDRESS: EquipmentSeen}
        return frozenset(news for kind, news in wanted.items() if self._by[kind])

    def concerning(self, changes: Sequence[Change], news: Sequence[News], reconciled: Collection[str]) -> list[Telling]:
        """What a turn has to tell, or to write down for later.

        Of a call on a PBX that the turn has ``reconciled`` nobody saw the end, nor whether it was answered meanwhile.
        """
        ended = [after for before, after in changes if _is_missed(before, after)] if self._by[Kind.MISSED_CALL] else []
        missed = (self._missed(call, seen=call.pbx not in reconciled) for call in ended)
        return [told for told in (*missed, *map(self._told, news)) if told]

    def forget_others(self, connection: sa.Connection) -> None:
        """Delete what was written down for notices that are no more."""
        forget_others(connection, partial(self._of, Kind.VOICEMAIL), partial(self._of, Kind.NEW_ADDRESS))

    def _of(self, kind: Kind, *names: str | None) -> list[Notice]:
        by = self._by[kind]
        return list(dict.fromkeys(notice for name in names if name in by for notice in by[name]))

    def _missed(self, call: Call, *, seen: bool) -> Telling | None:
        notices = self._of(Kind.MISSED_CALL, call.callee.e164, call.callee.raw, call.dialled)
        if not notices:
            return None
        caller = None if call.caller == NOBODY else call.caller.e164 or call.caller.raw
        words = {"caller": caller, "dialled": call.dialled, "at": self._time(call.started_at), "doubt": "" if seen else None}
        return Telling(kind=Kind.MISSED_CALL, key=call.id, notices=notices, words=words, is_news=lambda _connection: True)

    def _told(self, seen: News) -> Telling | None:
        words: dict[str, str | None]
        if isinstance(seen, MailboxCounted):
            name, kind, is_news = seen.mailbox, Kind.VOICEMAIL, partial(count_mailbox, seen=seen)
            words = {"mailbox": name, "unheard": str(seen.unheard), "at": self._time(seen.at)}
        else:
            name, kind, is_news = seen.account, Kind.NEW_ADDRESS, partial(note_address, seen=seen)
            words = {"account": name, "address": seen.address, "device": seen.user_agent, "at": self._time(seen.at)}
        notices = self._of(kind, name, name.partition("@")[0])
        return Telling(kind=kind, key=uuid4().hex, notices=notices, words=words, is_news=is_news) if notices else None

    def _time(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M %Z}"


def _is_missed(before: Call | None, after: Call) -> bool:
    ended = after.ended_at is not None and (before is None or before.ended_at is None)
    return ended and after.connected_at is None and after.direction is Direction.INBOUND

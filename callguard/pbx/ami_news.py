"""What Asterisk tells that belongs to no call: how many voicemails are unheard, and from where a phone registers (C4).

Handlers are there only for what somebody wants to be told of. Of `MessageWaiting` (class call) the mailbox and the count of new messages
are read; it comes with the channel of whoever left the message, or without any. Of `ContactStatus` (class system) the account (AOR) and the
host of the contact's URI; that is what the phone wrote, unless the endpoint has `rewrite_contact`. A new contact is `NonQualified` (22.10),
one that answers is `Reachable`; older versions say `Created`.

A caller can bring line breaks into events (see :mod:`callguard.pbx.ami_events`), so an event is believed only when each header that
Asterisk writes is there once: those of a channel all together or not at all.
"""

import re
from collections.abc import Callable, Mapping

from callguard.call.events import EquipmentSeen, MailboxCounted, News
from callguard.pbx.ami import Headers
from callguard.pbx.ami_events import ONCE, pbx_time
from callguard.pbx.ami_wire import any_of, text
from callguard.pbx.border import Border, ip_address_of, printable

_HERE = frozenset({"Created", "Reachable", "NonQualified"})
_HOST = re.compile(r"sips?:(?:[^@]*@)?\[?([0-9A-Fa-f.]+(?::[0-9A-Fa-f:.]+(?=\]))?)")

_OF_A_CHANNEL = frozenset(ONCE) - {"Privilege"}
_COUNTED = ("Privilege", "Mailbox", "Waiting", "New", "Old")
_CONTACT = ("Privilege", "URI", "ContactStatus", "AOR", "EndpointName")

_SPOKEN: Mapping[tuple[str, ...], re.Pattern[bytes]] = {names: any_of(*names, *sorted(_OF_A_CHANNEL)) for names in (_COUNTED, _CONTACT)}


class AmiNews:
    """The handlers, by AMI event name in :attr:`handlers`."""

    def __init__(self, border: Border, deliver: Callable[[News], None]) -> None:
        self._border = border
        self._deliver = deliver
        tellers = {MailboxCounted: ("MessageWaiting", self._counted), EquipmentSeen: ("ContactStatus", self._contact)}
        self.handlers: Mapping[str, Callable[[Headers], None]] = dict(tellers[news] for news in tellers if news in border.news)

    def _counted(self, message: Headers) -> None:
        told = _believed(message, _COUNTED)
        if told is None or not told["New"].isdecimal():
            return
        received_at = self._border.now()
        at = pbx_time(message) or received_at
        mailbox = printable(told["Mailbox"])
        self._deliver(MailboxCounted(pbx=self._border.pbx, at=at, received_at=received_at, mailbox=mailbox, unheard=int(told["New"][:9])))

    def _contact(self, message: Headers) -> None:
        told = _believed(message, _CONTACT)
        host = _HOST.match(told["URI"]) if told and told["ContactStatus"] in _HERE else None
        address = ip_address_of(host[1]) if host else None
        if told is None or address is None:
            return
        received_at = self._border.now()
        at = pbx_time(message) or received_at
        account = printable(told["AOR"])
        self._deliver(EquipmentSeen(pbx=self._border.pbx, at=at, received_at=received_at, account=account, address=address))


def _believed(message: Headers, names: tuple[str, ...]) -> dict[str, str] | None:
    """These headers, if each is there once, and with them all that speak of a channel or none."""
    found = [(name.decode(), text(value)) for name, value in message.find_all(_SPOKEN[names])]
    told = dict(found)
    channel = _OF_A_CHANNEL & told.keys()
    whole = len(told) == len(found) and told.keys() >= set(names) and channel in (_OF_A_CHANNEL, frozenset())
    return told if whole else None

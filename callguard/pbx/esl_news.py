"""What FreeSWITCH tells that belongs to no call: how many voicemails are unheard, and from where a phone registers (C4).

Only what somebody wants to be told of is subscribed to. Of `sofia::register` the account, the address that the request came from and the
name of the device are read; it comes at each renewal, too. Of `MESSAGE_WAITING` the account and the first figure of `MWI-Voice-Message`
(`2/1`, unheard and heard; with `send-full-vm-header` the urgent ones among these stand behind it, `2/1 (0/0)`). Whoever left the message,
and where it lies, is in other events (`vm::maintenance`), which are not subscribed to.
"""

import re
from collections.abc import Callable, Mapping

from callguard.call.events import EquipmentSeen, MailboxCounted, News
from callguard.pbx.border import Border, ip_address_of, printable
from callguard.pbx.esl import Headers
from callguard.pbx.esl_facts import moment

_UNHEARD = re.compile(r"([0-9]{1,9})/")


class EslNews:
    """The handlers, by event name in :attr:`handlers`."""

    def __init__(self, border: Border, deliver: Callable[[News], None]) -> None:
        self._border = border
        self._deliver = deliver
        tellers = {MailboxCounted: ("MESSAGE_WAITING", self._counted), EquipmentSeen: ("CUSTOM sofia::register", self._registered)}
        self.handlers: Mapping[str, Callable[[Headers], None]] = dict(tellers[news] for news in tellers if news in border.news)

    def _counted(self, told: Headers) -> None:
        mailbox = printable((told.get("MWI-Message-Account") or "").removeprefix("sip:"))
        unheard = _UNHEARD.match(told.get("MWI-Voice-Message") or "")
        if not mailbox or unheard is None:
            return
        received_at = self._border.now()
        at = moment(told.get("Event-Date-Timestamp")) or received_at
        self._deliver(MailboxCounted(pbx=self._border.pbx, at=at, received_at=received_at, mailbox=mailbox, unheard=int(unheard[1])))

    def _registered(self, told: Headers) -> None:
        user, host, address = (told.get(name) or "" for name in ("from-user", "from-host", "network-ip"))
        seen_at = ip_address_of(address)
        if seen_at is None or not user:
            return
        received_at = self._border.now()
        self._deliver(
            EquipmentSeen(
                pbx=self._border.pbx,
                at=moment(told.get("Event-Date-Timestamp")) or received_at,
                received_at=received_at,
                account=printable(f"{user}@{host}"),
                address=seen_at,
                user_agent=printable(told.get("user-agent") or "") or None,
            )
        )

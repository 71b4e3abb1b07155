"""What Asterisk tells while a snapshot of it is being taken, with a link that only keeps what it is given to send."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any

from callguard import numbers
from callguard.call.commands import Release
from callguard.call.events import HandedBack, SnapshotTaken
from callguard.pbx.ami import AmiAction, AmiAddress, Headers, OnOutcome, Reply
from callguard.pbx.asterisk import Asterisk, AsteriskSite
from callguard.pbx.border import Border
from callguard.pbx.switch import Fact, LinkUp

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ABOUT = (
    b"Privilege: agi,all\r\nTimestamp: 1795305600.000000\r\nChannel: PJSIP/trunk-1\r\nChannelState: 6\r\nChannelStateDesc: Up\r\n"
    b"CallerIDNum: 1\r\nCallerIDName: x\r\nConnectedLineNum: 2\r\nConnectedLineName: y\r\nLanguage: en\r\nAccountCode: \r\n"
    b"Context: callguard-inbound\r\nExten: s\r\nPriority: 5\r\nUniqueid: 1.0\r\nLinkedid: 1.0\r\n"
)
WAITING = b"Event: CoreShowChannel\r\n" + ABOUT + b"Application: AGI\r\nApplicationData: agi:async,inbound,leg=1.0&dialled=700"


def test_a_leg_that_is_given_back_meanwhile_gets_no_order() -> None:
    """A late `ASYNCAGI BREAK` would stay in Asterisk's queue and break the next hand-over of that channel."""
    told: list[Fact] = []
    sent: list[tuple[AmiAction, OnOutcome]] = []
    border = Border("main", partial(numbers.parse, region="RO"), frozenset({"PJSIP/trunk"}), lambda: NOW)
    switch = Asterisk(AsteriskSite(AmiAddress("127.0.0.1", 0, "", ""), border, PurePosixPath("/r")), told.append, lambda: False)
    callbacks = switch._link._callbacks
    switch._link = link(sent)

    callbacks.on_up()
    callbacks.on_event["AsyncAGIEnd"](Headers(b"Event: AsyncAGIEnd\r\n" + ABOUT))
    ((listing, on_listed),) = sent
    on_listed(listing, Reply(Headers(b"Response: Success"), (Headers(WAITING),)))
    sent.clear()
    switch.perform([Release(pbx="main", linkedid="1.0", leg="1.0", channel="PJSIP/trunk-1")])

    assert [type(fact) for fact in told] == [LinkUp, SnapshotTaken, HandedBack]
    assert sent == []


def link(sent: list[tuple[AmiAction, OnOutcome]]) -> Any:  # noqa: ANN401 - as much of a link as is asked of it
    def send(actions: Sequence[AmiAction], on_outcome: OnOutcome) -> None:
        sent.extend((action, on_outcome) for action in actions)

    return SimpleNamespace(send=send)

"""Orders for transcripts: the commands of the core as they are to come out, with every bound written as a number."""

from datetime import UTC, datetime
from typing import TypedDict

from callguard.call import commands as do
from tests.unit.call_cast import CUSTOMER, LINKEDID, LISTED, PBX, QUESTION, REFUSED, THANKS, channel
from tests.unit.call_facts import path, recording_id


class Line(TypedDict):
    """Which leg an order is about."""

    pbx: str
    linkedid: str
    leg: str


class Channel(Line):
    """Which channel an order is for."""

    channel: str


def _line(leg: str) -> Line:
    return {"pbx": PBX, "linkedid": LINKEDID, "leg": leg}


def _channel(leg: str) -> Channel:
    return {"pbx": PBX, "linkedid": LINKEDID, "leg": leg, "channel": channel(leg)}


def say(step: int, leg: str = CUSTOMER, busy_ms: int = 0) -> tuple[do.Command, ...]:
    """Play the question as that step, after what the PBX may be busy with for so long: only the refusal key cuts it."""
    play = do.Announce(**_channel(leg), step=step, announcement=QUESTION, interrupt="9", net_ms=7000 + busy_ms)
    return play, do.SetTimer(**_line(leg), step=step, after_ms=6000 + busy_ms)


def thank(step: int, leg: str = CUSTOMER) -> tuple[do.Command, ...]:
    """Tell the person that the consent was understood; no key cuts it."""
    play = do.Announce(**_channel(leg), step=step, announcement=THANKS, interrupt="", net_ms=4500)
    return play, do.SetTimer(**_line(leg), step=step, after_ms=3500)


def regret(step: int, leg: str = CUSTOMER) -> tuple[do.Command, ...]:
    """Tell the person that the refusal was understood; no key cuts it."""
    play = do.Announce(**_channel(leg), step=step, announcement=REFUSED, interrupt="", net_ms=4700)
    return play, do.SetTimer(**_line(leg), step=step, after_ms=3700)


def assure(step: int, leg: str = CUSTOMER) -> tuple[do.Command, ...]:
    """Tell a listed person that the call is not recorded; no key cuts it."""
    play = do.Announce(**_channel(leg), step=step, announcement=LISTED, interrupt="", net_ms=4300)
    return play, do.SetTimer(**_line(leg), step=step, after_ms=3300)


def ask(step: int, leg: str = CUSTOMER) -> tuple[do.Command, ...]:
    """Wait for a key as that step."""
    wait = do.AskDigit(**_channel(leg), step=step, timeout_ms=5000, net_ms=8000)
    return wait, do.SetTimer(**_line(leg), step=step, after_ms=7000)


def tell(step: int, leg: str = CUSTOMER) -> tuple[do.Command, ...]:
    """Play the question as that step to somebody in a conversation."""
    play = do.AnnounceInCall(**_channel(leg), step=step, announcement=QUESTION, net_ms=7000)
    return play, do.SetTimer(**_line(leg), step=step, after_ms=6000)


def listen(step: int, leg: str = CUSTOMER) -> tuple[do.Command, ...]:
    """Tell how long a key was waited for as that step."""
    wait = do.AskInCall(**_channel(leg), step=step, timeout_ms=5000, net_ms=8000)
    return wait, do.SetTimer(**_line(leg), step=step, after_ms=7000)


def release(leg: str = CUSTOMER) -> do.Release:
    return do.Release(**_channel(leg))


def hang_up(leg: str = CUSTOMER) -> do.HangUp:
    return do.HangUp(**_channel(leg))


def record(count: int = 1, leg: str = CUSTOMER) -> do.StartRecording:
    return do.StartRecording(**_channel(leg), recording=recording_id(count), path=path(count))


def pause(count: int = 1, leg: str = CUSTOMER) -> do.PauseRecording:
    return do.PauseRecording(**_channel(leg), recording=recording_id(count), path=path(count))


def go_on(count: int = 1, leg: str = CUSTOMER) -> do.ResumeRecording:
    return do.ResumeRecording(**_channel(leg), recording=recording_id(count), path=path(count))


def stop(count: int = 1, leg: str = CUSTOMER) -> do.StopRecording:
    return do.StopRecording(**_channel(leg), recording=recording_id(count), path=path(count))


def file(count: int = 1, leg: str = CUSTOMER) -> do.FileRecording:
    return do.FileRecording(
        **_line(leg), recording=recording_id(count), path=path(count), expires_at=datetime(2027, 2, 28, 9, 30, tzinfo=UTC)
    )

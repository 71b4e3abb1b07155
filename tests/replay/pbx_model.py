"""What the PBX itself would have said at any point of a fixture: its channels, their bridges, who waits for the daemon, what is recorded.

Made from the same messages, but not by the daemon's mapping: with it the core's own idea of who is present is compared, and from it come
the snapshots for a daemon that attaches in the middle.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

from callguard.pbx.ami import AmiAction, Headers, Outcome, Reply
from tests.replay.fixtures import TRUNK, Fixture, Mark, Told

_HOLDING: Final = "holding_bridge"
_MESSAGES: Final = "Message/"
"""The channel that executes the dialplan of texts: no leg of anybody, and it never hangs up."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel as `CoreShowChannels` and `Getvar` would tell it."""

    name: str
    uniqueid: str
    linkedid: str
    bridge: str = ""
    talking: bool = False
    application: str = ""
    file: str = ""
    number: str = ""

    @property
    def outside(self) -> bool:
        return self.name.startswith(f"PJSIP/{TRUNK}-")

    def entry(self) -> Headers:
        """Its entry in the list."""
        lines = {
            "Event": "CoreShowChannel",
            "Channel": self.name,
            "Uniqueid": self.uniqueid,
            "Linkedid": self.linkedid,
            "CallerIDNum": self.number,
            "ApplicationData": self.application,
            "BridgeId": self.bridge,
        }
        return Headers("\r\n".join(f"{key}: {value}" for key, value in lines.items()).encode())


Channels = Mapping[str, Channel]
"""By uniqueid; never changed, always replaced."""


def progress(fixture: Fixture) -> list[Channels | None]:
    """The channels before each step of the fixture, and after the last; None while nobody could know them.

    That is from the loss of a connection to the end of the snapshot on the next one, which is where the channels are read anew.
    """
    files = {one.action_id: _channel_and_file(dict(one.headers)) for one in fixture.sent if one.name == "MixMonitor"}
    stages: list[Channels | None] = [{}]
    last: Channels = {}
    listed: dict[str, Channel] = {}
    for step in fixture.steps:
        known = stages[-1] is not None and not (isinstance(step, Mark) and step.event == "lost")
        if isinstance(step, Told):
            headers = Headers(step.message)
            event = headers.get("Event") or ""
            if event == "CoreShowChannel":
                one = _listed(headers, last)
                listed[one.uniqueid] = one
            last = _after(last, event, headers, files)
            if event == "CoreShowChannelsComplete":
                last, listed, known = listed, {}, True
        stages.append(last if known else None)
    return stages


def _listed(headers: Headers, before: Channels) -> Channel:
    """A channel as the PBX itself listed it; what it was last told to record was known before."""
    uniqueid, bridge = headers.get("Uniqueid") or "", headers.get("BridgeId") or ""
    data = headers.get("ApplicationData") or ""
    return Channel(
        name=headers.get("Channel") or "",
        uniqueid=uniqueid,
        linkedid=headers.get("Linkedid") or "",
        number=headers.get("CallerIDNum") or "",
        bridge=bridge,
        talking=bool(bridge),
        application=data if data.startswith("agi:async") else "",
        file=before[uniqueid].file if uniqueid in before else "",
    )


def _after(channels: Channels, event: str, headers: Headers, files: Mapping[str, tuple[str, str]]) -> Channels:
    """The channels after one message; `files` are channel and file of each recording by the ActionID that ordered it."""
    uniqueid = headers.get("Uniqueid") or ""
    if headers.get("Response") == "Success":
        return _recorded(channels, files.get(headers.get("ActionID") or ""))
    if event == "Newchannel" and not (headers.get("Channel") or "").startswith(_MESSAGES):
        return {**channels, uniqueid: _new(headers, uniqueid)}
    if uniqueid not in channels:
        return channels
    if event == "Hangup":
        return {key: value for key, value in channels.items() if key != uniqueid}
    changed = _changed(channels[uniqueid], event, headers)
    return channels if changed == channels[uniqueid] else {**channels, uniqueid: changed}


def _new(headers: Headers, uniqueid: str) -> Channel:
    return Channel(headers.get("Channel") or "", uniqueid, headers.get("Linkedid") or "", number=headers.get("CallerIDNum") or "")


def _recorded(channels: Channels, recording: tuple[str, str] | None) -> Channels:
    if recording is None:
        return channels
    name, file = recording
    return {key: replace(one, file=file) if one.name == name else one for key, one in channels.items()}


def _changed(channel: Channel, event: str, headers: Headers) -> Channel:
    current = replace(channel, linkedid=headers.get("Linkedid") or channel.linkedid, number=headers.get("CallerIDNum") or "")
    if event == "Rename":
        return replace(current, name=headers.get("Newname") or "")
    if event == "BridgeEnter":
        talking = headers.get("BridgeTechnology") != _HOLDING
        return replace(current, bridge=headers.get("BridgeUniqueid") or "", talking=talking)
    if event == "BridgeLeave":
        return replace(current, bridge="", talking=False)
    if event == "AsyncAGIStart":
        return replace(current, application=_application(headers))
    return replace(current, application="") if event == "AsyncAGIEnd" else current


def _application(headers: Headers) -> str:
    """`agi:async` and its arguments, as the channel shows them."""
    lines = unquote(headers.get("Env") or "").split("\n")
    return ",".join(["agi:async", *(line.partition(": ")[2] for line in lines if line.startswith("agi_arg_"))])


def _channel_and_file(headers: Mapping[str, str]) -> tuple[str, str]:
    return headers["Channel"], headers["File"]


def without_files(channels: Channels, files: Collection[str]) -> Channels:
    """The channels as they would be had these recordings never been ordered."""
    return {key: replace(one, file="") if one.file in files else one for key, one in channels.items()}


def answer(channels: Channels, action: AmiAction) -> Outcome | None:
    """What the PBX with these channels answers to what a snapshot asks."""
    if action.name == "CoreShowChannels":
        return Reply(Headers(b"Response: Success"), tuple(channel.entry() for channel in channels.values()))
    asked = dict(action.headers)
    if asked.get("Variable") != "MIXMONITOR_FILENAME":
        return None
    file = next((channel.file for channel in channels.values() if channel.name == asked["Channel"]), "")
    return Reply(Headers(f"Response: Success\r\nValue: {file}".encode()))

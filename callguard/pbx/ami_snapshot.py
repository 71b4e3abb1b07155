"""A snapshot of one Asterisk over AMI: its channels, and for those in a bridge the file that MixMonitor was last told to write.

A channel waiting for us shows `AGI` with `agi:async,…` as its application data, arguments and all: the same facts as its start event told.
What happens while it is being taken is told after it, by whoever asked for it.
"""

from collections.abc import Callable, Sequence

from callguard.call.events import LegJoined, Sighting, SnapshotTaken
from callguard.pbx.ami import AmiAction, Headers, OnOutcome, Outcome, Reply
from callguard.pbx.ami_facts import Facts, endpoint
from callguard.pbx.border import Border, Occasion, direction_of

_BOUND_S = 10.0

Send = Callable[[Sequence[AmiAction], OnOutcome], None]


class Snapshot:
    """One taking; ``done`` or ``failed`` is called once, in the link's thread."""

    def __init__(self, border: Border, send: Send, done: Callable[[SnapshotTaken], None], failed: Callable[[str], None]) -> None:
        self._border = border
        self._send = send
        self._done = done
        self._failed = failed
        self._channels: list[Headers] = []
        self._files: dict[str, str] = {}
        self._unanswered = 0

    def take(self) -> None:
        """Ask for all channels."""
        self._send([AmiAction("CoreShowChannels", bound_s=_BOUND_S)], self._listed)

    def _listed(self, _action: AmiAction, outcome: Outcome) -> None:
        if not isinstance(outcome, Reply):
            self._failed(f"the PBX does not list its channels: {outcome.message}")
            return
        self._channels = list(outcome.entries)
        bridged = [channel.get("Channel") or "" for channel in self._channels if channel.get("BridgeId")]
        self._unanswered = len(bridged)
        if not bridged:
            self._finish()
            return
        self._send([AmiAction("Getvar", (("Channel", name), ("Variable", "MIXMONITOR_FILENAME"))) for name in bridged], self._told)

    def _told(self, action: AmiAction, outcome: Outcome) -> None:
        if isinstance(outcome, Reply):
            self._files[dict(action.headers)["Channel"]] = outcome.headers.get("Value") or ""
        self._unanswered -= 1
        if self._unanswered == 0:
            self._finish()

    def _finish(self) -> None:
        now = self._border.now()
        seen = tuple(self._sighting(channel) for channel in self._channels)
        self._done(SnapshotTaken(pbx=self._border.pbx, at=now, received_at=now, sightings=seen))

    def _sighting(self, channel: Headers) -> Sighting:
        now, name = self._border.now(), channel.get("Channel") or ""
        occasion = Occasion(self._border.pbx, channel.get("Linkedid") or "", channel.get("Uniqueid") or "", name, now, now)
        application, *arguments = (channel.get("ApplicationData") or "").split(",")
        direction = direction_of(arguments[0]) if application == "agi:async" and arguments else None
        facts = Facts.read(",".join(arguments[1:]))
        return Sighting(
            leg=occasion.leg,
            linkedid=occasion.linkedid,
            channel=name,
            in_hand=direction is not None,
            wideband=facts.wideband,
            bridge=channel.get("BridgeId") or None,
            recording_path=self._files.get(name) or None,
            started=facts.call_started(occasion, direction, self._border.parse) if direction else None,
            handed_over=facts.handed_over(occasion, direction, self._border.parse) if direction else None,
            joined=self._joined(channel, occasion),
        )

    def _joined(self, channel: Headers, occasion: Occasion) -> LegJoined | None:
        """As :mod:`callguard.pbx.ami_events` would have told it; Local channels are no people."""
        bridge = channel.get("BridgeId")
        if not bridge or occasion.channel.startswith("Local/"):
            return None
        return LegJoined(
            **occasion.where,
            channel=occasion.channel,
            bridge=bridge,
            number=self._border.parse(channel.get("CallerIDNum") or ""),
            outside=endpoint(occasion.channel) in self._border.trunks,
        )

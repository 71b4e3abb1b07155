"""A FreeSWITCH of our own for the driver: legs as a dict of headers, what is refused, and every command it was given."""

import json
from dataclasses import dataclass, field

from tests.integration.esl_server import Connection, Received, done, output, reply

LEG = "70c20720-0b33-415d-a7f3-c07480370e39"
OTHER = "c7874e1d-30c8-4c35-8b13-46435d1e8bc1"
ROOT = "/spool"

Headers = dict[str, str]


def leg(uuid: str = LEG, **headers: str) -> Headers:
    """What any event or dump says of a leg; `_` stands for `-` but in variables."""
    named = {key if key.startswith("variable_") else key.replace("_", "-"): value for key, value in headers.items()}
    return {
        "Unique-ID": uuid,
        "Channel-Name": f"sofia/rig/{uuid[:4]}",
        "Channel-Call-UUID": LEG,
        "Call-Direction": "inbound",
        "Answer-State": "answered",
        "Caller-Caller-ID-Number": "0722000111",
        "Caller-Destination-Number": "700",
        "Caller-Channel-Created-Time": "1795291210733364",
        "Caller-Channel-Answered-Time": "1795291211733364",
        "Channel-Read-Codec-Rate": "8000",
        "Event-Date-Timestamp": "1795291212733364",
        **named,
    }


@dataclass
class Pbx:
    """The script of an `EslServer`."""

    legs: dict[str, Headers] = field(default_factory=dict)
    bridged: list[tuple[str, str]] = field(default_factory=list)
    bugs: dict[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    channels: str | None = None
    given: list[str] = field(default_factory=list)

    def __call__(self, connection: Connection, command: Received) -> None:
        """Answer one command."""
        self.given.append(command.argument)
        refuses = any(command.argument.startswith(one) for one in self.refused)
        text = "-ERR no\n" if refuses else self._answer(command.argument)
        if command.way == "bgapi":
            connection.send(reply(f"+OK Job-UUID: {command.job}") + done(command.job, text))
        else:
            connection.send(output(text))

    def orders(self) -> list[str]:
        """What it was told but for the snapshot and the link's own."""
        own = ("show ", "uuid_dump ", "uuid_buglist ", "strepoch", "global_setvar ")
        return [one for one in list(self.given) if not one.startswith(own)]

    def _answer(self, argument: str) -> str:
        name, _, rest = argument.partition(" ")
        what = rest.partition(" ")[0]
        if name == "show":
            return self._list(what)
        if name == "uuid_dump":
            return json.dumps(self.legs[what]) if what in self.legs else "-ERR No such channel!\n"
        if name == "uuid_buglist":
            return self.bugs.get(what, "<media-bugs>\n</media-bugs>\n")
        return "1795291212" if name == "strepoch" else "+OK\n"

    def _list(self, what: str) -> str:
        if what == "channels" and self.channels is not None:
            return self.channels
        rows = [{"uuid": uuid} for uuid in self.legs] if what == "channels" else [{"uuid": a, "b_uuid": b} for a, b in self.bridged]
        return json.dumps({"row_count": len(rows), "rows": rows} if rows else {"row_count": 0})

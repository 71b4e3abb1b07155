"""A FreeSWITCH in good health, as `check` and the guards of a sweep ask it; and a site that has it for its PBX."""

from dataclasses import dataclass, field
from pathlib import Path

from callguard.clock import utc_now
from tests.integration.cli_site import Site
from tests.integration.esl_server import Connection, Received, done, output, reply

SOCKET = """<configuration name="event_socket.conf">
  <settings><param name="listen-ip" value="127.0.0.1"></param><param name="password" value="x"></param></settings>
</configuration>"""


@dataclass
class HealthyFreeswitch:
    """The script of a FreeSWITCH that is as it must be; a test changes what it needs otherwise."""

    ahead_s: float = 0.0
    values: dict[str, str] = field(default_factory=dict)

    def __call__(self, connection: Connection, command: Received) -> None:
        text = self._said(command.argument)
        if command.way == "bgapi":
            connection.send(reply(f"+OK Job-UUID: {command.job}") + done(command.job, text))
        else:
            connection.send(output(text))

    def _said(self, command: str) -> str:
        exactly = utc_now().timestamp() + self.ahead_s
        now = int(exactly)
        name, _, argument = command.partition(" ")
        settled = {
            "strepoch": str(now),
            "strmicroepoch": str(int(exactly * 1_000_000)),
            "global_getvar": str(now + 5),
            "xml_locate": SOCKET if argument.startswith("configuration ") else '<context name="callguard">\n</context>',
            "module_exists": "true",
            "eval": str(now),
            "file_exists": str(Path(argument).exists()).lower(),
            **self.values,
        }
        return settled[name]


def call_it_freeswitch(site: Site) -> None:
    """The site's PBX is one from now on."""
    site.config.write_text(site.config.read_text("utf-8").replace('kind = "asterisk"', 'kind = "freeswitch"'), "utf-8")

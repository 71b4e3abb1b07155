"""Who takes which event.

An event is known by its first line, which is its name; FreeSWITCH writes that of a `CUSTOM` event elsewhere too, so those are read. Before
`listen` nobody takes anything. A job's output is the one body that is not dropped, and only for the job's own wait.
"""

from collections.abc import Callable, Mapping

from callguard.pbx.esl_wire import BLANK_LINE, Headers

OnEvent = Callable[[Headers], None]
OnOutput = Callable[[str, str], None]

_NAME = b"Event-Name: "
_CUSTOM = b"Event-Name: CUSTOM"
JOB = "BACKGROUND_JOB"


def subscription(names: Mapping[str, OnEvent]) -> str:
    """What to ask for with `event`: these, and the ends of jobs; the subclasses of `CUSTOM` have to stand at the end."""
    plain = {name for name in names if not name.startswith("CUSTOM ")} | {JOB}
    custom = sorted(name.removeprefix("CUSTOM ") for name in set(names) - plain)
    return " ".join(["plain", *sorted(plain), *(["CUSTOM", *custom] if custom else [])])


class Routes:
    """Events by first line in `known`; `on_output` takes Job-UUID and output of every job, whoever started it."""

    def __init__(self, on_output: OnOutput) -> None:
        self._on_output = on_output
        self.known: dict[bytes, Callable[[bytes], None]] = {}

    def listen(self, wanted: Mapping[str, OnEvent]) -> None:
        """From here on these are taken, by event name, those of `CUSTOM` by `CUSTOM` and the subclass."""
        self.known.update({f"Event-Name: {name}".encode(): _reading(on_event) for name, on_event in wanted.items()})
        on_job = wanted.get(JOB)
        self.known[f"Event-Name: {JOB}".encode()] = lambda event: self._job_done(event, on_job)

    def other(self, line: bytes, event: bytes) -> Callable[[bytes], None] | None:
        """Who takes an event whose first line is not known, if anybody does."""
        if line.startswith(_NAME) and line != _CUSTOM:
            return None
        headers = Headers(event)
        name = headers.get("Event-Name")
        full_name = f"CUSTOM {headers.get('Event-Subclass')}" if name == "CUSTOM" else name
        return self.known.get(f"Event-Name: {full_name}".encode())

    def _job_done(self, event: bytes, on_job: OnEvent | None) -> None:
        headers = Headers(event)
        output = event.partition(BLANK_LINE)[2].decode("utf-8", "replace")
        self._on_output(headers.get("Job-UUID") or "", output)
        if on_job is not None:
            on_job(headers)


def _reading(on_event: OnEvent) -> Callable[[bytes], None]:
    return lambda event: on_event(Headers(event))

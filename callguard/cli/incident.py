"""`callguard incident`: what happened to people's data, whom it concerns, and who must be told by when (S14, C13)."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from callguard.cli.gate import signature
from callguard.cli.hold import By, OfQueue, Reason
from callguard.cli.meant import person_meant
from callguard.cli.output import Cell, Json, Listing, moment, print_fields, print_json
from callguard.cli.session import database, settings
from callguard.cli.writing import Since, Until, count
from callguard.cli.writing import moment as a_moment
from callguard.rights.incident_terms import Recipient

if TYPE_CHECKING:
    from callguard.store.incident_rows import Incident

incident = typer.Typer(name="incident", help="Incidents with people's data, and the clocks for telling of them.", no_args_is_help=True)

Nature: TypeAlias = Annotated[str, typer.Option("--nature", metavar="TEXT", help="What happened, in one line.")]
From: TypeAlias = Annotated[
    datetime, typer.Option("--happened-from", parser=a_moment, metavar="TIME", help="When it happened or began, in UTC.")
]
To: TypeAlias = Annotated[
    datetime | None, typer.Option("--happened-until", parser=a_moment, metavar="TIME", help="When it ended; left out, it was one moment.")
]
Found: TypeAlias = Annotated[
    datetime | None, typer.Option("--discovered", parser=a_moment, metavar="TIME", help="When it was noticed, in UTC; left out, now.")
]
Numbers: TypeAlias = Annotated[list[str] | None, typer.Option("--number", metavar="NUMBER", help="What is kept of this number.")]
Calls: TypeAlias = Annotated[list[str] | None, typer.Option("--call", metavar="CALL", help="This call: its id or the beginning of it.")]
Recordings: TypeAlias = Annotated[list[str] | None, typer.Option("--recording", metavar="ID", help="This recording.")]
Files: TypeAlias = Annotated[list[str] | None, typer.Option("--file", metavar="PATH", help="The recording in this file.")]
Numbered: TypeAlias = Annotated[int, typer.Argument(parser=count, metavar="INCIDENT", help="The number of the incident.")]
Whom: TypeAlias = Annotated[Recipient, typer.Option("--to", help="Who is told.")]
Sent: TypeAlias = Annotated[
    datetime | None, typer.Option("--sent-at", parser=a_moment, metavar="TIME", help="When it was sent, in UTC; left out, now.")
]
Consequences: TypeAlias = Annotated[str | None, typer.Option(metavar="TEXT", help="The likely consequences.")]
Measures: TypeAlias = Annotated[str | None, typer.Option(metavar="TEXT", help="The measures taken or proposed.")]
Delay: TypeAlias = Annotated[str | None, typer.Option("--delay-reason", metavar="TEXT", help="Why it is later than it had to be.")]

COLUMNS = ("incident", "nature", "happened", "discovered", "people", "calls", "recordings", "messages", "clock", "opened by")


@incident.command("open")
def open_(  # noqa: PLR0913, PLR0917 - each is an option of its own
    context: typer.Context,
    nature: Nature,
    happened_from: From,
    by: By,
    happened_until: To = None,
    discovered: Found = None,
    since: Since = None,
    until: Until = None,
    queue: OfQueue = None,
    number: Numbers = None,
    call: Calls = None,
    recording: Recordings = None,
    file: Files = None,
    *,
    as_json: Json = False,
) -> None:
    """Enter an incident, count whom and what it concerns, and start the clocks. It concerns what meets all that is asked."""
    from callguard.cli.show import the_call
    from callguard.clock import utc_now
    from callguard.rights.incidents import Happened, open_incident, recordings_at
    from callguard.store.affected_rows import Concerned

    chosen = settings(context)
    happened = Happened(nature=nature, since=happened_from, until=happened_until, discovered_at=discovered or utc_now())
    with database(chosen) as opened:
        with opened.read() as connection:
            concerned = Concerned(
                since=since,
                until=until,
                queue=queue,
                numbers=tuple(person_meant(chosen, one, "--number").number for one in number or ()),
                calls=tuple(the_call(connection, one) for one in call or ()),
                recordings=(*(recording or ()), *recordings_at(connection, chosen.recordings.root, file or ())),
            )
        _show(open_incident(opened, happened, concerned, by=signature(chosen, by)), as_json=as_json)


@incident.command("list")
def list_(context: typer.Context, *, as_json: Json = False) -> None:
    """All incidents, the latest first."""
    from callguard.store.incident_rows import list_incidents

    with database(settings(context)) as opened, opened.read() as connection:
        found = list_incidents(connection)
    Listing([_document(one) for one in found], COLUMNS, map(_row, found), none="no incidents").put(as_json=as_json)


@incident.command()
def show(context: typer.Context, number: Numbered, *, as_json: Json = False) -> None:
    """One incident, its clocks, and who was told."""
    from callguard.rights.incidents import the_incident

    with database(settings(context)) as opened, opened.read() as connection:
        found = the_incident(connection, number)
    _show(found, as_json=as_json)
    if not as_json:
        for step in found.steps:
            print_fields([(f"{step.step}", f"{moment(step.at)} by {step.by}{f': {step.reason}' if step.reason else ''}")])


@incident.command()
def notify(  # noqa: PLR0913, PLR0917 - each is an option of its own
    context: typer.Context,
    number: Numbered,
    to: Whom,
    by: By,
    sent_at: Sent = None,
    consequences: Consequences = None,
    measures: Measures = None,
    delay_reason: Delay = None,
) -> None:
    """Write the notification, in Romanian and English, on stdout, and enter that it was sent; that clock then stands still."""
    from callguard.clock import utc_now
    from callguard.rights.incidents import Told, note_notification, the_incident
    from callguard.rights.letters.breach import More, notification
    from callguard.rights.sender import sender

    chosen = settings(context)
    signed, now = sender(chosen), utc_now()
    today = now.astimezone(chosen.retention.time_zone).date()
    more = More(consequences=consequences, measures=measures, delay=delay_reason)
    with database(chosen) as opened:
        with opened.read() as connection:
            found = the_incident(connection, number)
        text = "\n".join(notification(found, to, signed, more, language, today) for language in ("ro", "en"))
        note_notification(opened, number, Told(recipient=to, text=text, at=sent_at or now, delay=delay_reason), by=signature(chosen, by))
    typer.echo(text, nl=False)


@incident.command()
def close(context: typer.Context, number: Numbered, by: By, reason: Reason, *, as_json: Json = False) -> None:
    """Close an incident; the reason says why whoever was not told need not be."""
    from callguard.rights.incidents import close_incident

    chosen = settings(context)
    with database(chosen) as opened:
        _show(close_incident(opened, number, by=signature(chosen, by), reason=reason), as_json=as_json)


def _show(one: "Incident", *, as_json: bool) -> None:
    if as_json:
        print_json(_document(one))
    else:
        print_fields(zip(COLUMNS, _row(one), strict=True))


def _row(one: "Incident") -> tuple[Cell, ...]:
    affected = one.affected
    clocks = ", ".join(f"{recipient} by {moment(due)}" for recipient, due in one.clocks)
    return (
        *(one.id, one.nature, one.happened_from, one.discovered_at, affected.people, affected.calls, affected.recordings),
        *(affected.messages, clocks or None, one.opened_by),
    )


def _document(one: "Incident") -> dict[str, object]:
    told = {name: getattr(one, name) for name in ("id", "nature", "happened_from", "happened_until", "discovered_at", "scope")}
    return {
        **told,
        **asdict(one.affected),
        "opened_by": one.opened_by,
        "opened_at": one.opened_at,
        "clocks": [{"to": recipient, "due_at": due} for recipient, due in one.clocks],
        "steps": [asdict(step) for step in one.steps],
        "closed": one.end is not None,
    }

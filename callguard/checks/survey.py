"""All checks, in the order in which one would set a machine up."""

from collections.abc import Iterator

from callguard.checks import machine, pbx
from callguard.checks.keeping import keeping
from callguard.checks.report import Check
from callguard.checks.storage import storage
from callguard.config import Settings


def survey(settings: Settings) -> Iterator[Check]:
    """Look at everything; each line comes as soon as it is known. Takes seconds where a PBX does not answer, and never longer."""
    yield from machine.database(settings)
    yield from machine.daemon(settings)
    yield from machine.recordings(settings)
    yield from storage(settings)
    yield from keeping(settings)
    yield from machine.announcements(settings)
    for one in settings.pbx:
        yield from pbx.check(settings, one)

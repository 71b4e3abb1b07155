"""Whom a number on the command line means.

A number in which a digit is missing or too many is taken for one that a PBX shows, since there are such; whoever only mistyped it must not
learn from "nothing is kept" that nothing is. The number itself is not said again: stderr may end up in a log.
"""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from callguard.call.state import Number
    from callguard.config import Settings
    from callguard.rights.person import Person

_LONGEST_EXTENSION = 6
"""Digits; six may be somebody's extension, seven are more likely a telephone number."""


def person_meant(chosen: "Settings", written: str, place: str = "NUMBER") -> "Person":
    """The person of the number at ``place``, with a word on stderr where it looks like a telephone number and is none.

    Raises :class:`callguard.errors.UsageError`.
    """
    from callguard.rights.person import the_person

    person = the_person(written, chosen.numbers.default_region, place)
    if not person.telephone and sum(map(str.isdigit, person.shown)) > _LONGEST_EXTENSION:
        told = f"callguard: {place}: is no telephone number of {person.region}: only what was shown exactly so is meant"
        typer.echo(told, err=True)
    return person


def number_asked(chosen: "Settings", written: str | None) -> "Number | None":
    """That of `--number`, if it was given. Raises :class:`callguard.errors.UsageError`."""
    return None if written is None else person_meant(chosen, written, "--number").number

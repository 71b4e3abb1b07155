"""Who did something, as it is written down: the name that was given, and the account it was done from (S10).

``--by`` is what a person says of themselves; the account is what the machine knows of them. Where the configuration says which accounts
are people's (`[access]`), both are kept in one text, as in ``Ana Pop [ana]``, so that nobody can act under another one's name without their
own standing beside it. Square brackets in a given name become round ones, so that no name can bring an account of its own.

Pure; standard library only.
"""

import re

from callguard.errors import GuardRefusal

_SIGNED = re.compile(r"(?P<name>.*?)(?: ?\[(?P<account>[^\[\]]+)\])?")
_NO_BRACKETS = str.maketrans("[]", "()")


def signed(name: str, account: str) -> str:
    """The name with the account that it was given from; the name alone where it is that of the account."""
    plain = name.translate(_NO_BRACKETS)
    return f"[{account}]" if same_name(plain, account) else f"{plain} [{account}]"


def same_person(one: str, other: str) -> bool:
    """Whether two signatures are of one person: by name, however it is spaced and capitalised, or by account."""
    return not _marks(one).isdisjoint(_marks(other))


def same_name(one: str, other: str) -> bool:
    """Whether two names are one, however they are spaced and capitalised."""
    return _plain(one) == _plain(other)


def require_second(first: str, second: str, place: str, done: str) -> None:
    """Raises :class:`GuardRefusal` when who does this is who did the first half of it; ``done`` says what that was, as in "was placed"."""
    if same_person(first, second):
        raise GuardRefusal(f"{done} by the same person", place=place, remedy="let a second person do it, from an account of their own")


def _marks(signature: str) -> frozenset[str]:
    """Name and account alike, since a name alone may be that of an account."""
    found = _SIGNED.fullmatch(signature)
    parts = (found["name"], found["account"]) if found else (signature,)
    return frozenset(_plain(part) for part in parts if part)


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())

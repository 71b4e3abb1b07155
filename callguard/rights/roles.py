"""Who may run which command (S10, C10).

Five roles, held by accounts of the operating system as `[access]` of the configuration says:

- *admin* keeps the machine: runs the daemon, sweeps, installs, imports, reconciles. Sees who called and when, as the PBX shows that anyway,
  and hears nobody. May prepare what the data-protection officer answers with, other people's numbers masked.
- *dpo*, the data-protection officer: everything that concerns a person or an authority, sound included; nothing of the machine.
- *reviewer* is designated to verify and evaluate calls: finds and hears recordings, and gives nothing out.
- *agent-lead* has calls before them, but not their sound, and takes down what callers wish: not to be recorded, to be answered.
- *auditor* sees every register and proves the ledger; changes nothing, hears nothing.

Several roles add up. A row for a group of commands holds for those of the group that have no row of their own; a command without any row is
nobody's. An option that takes a role more has a row under the command's name and its own. What gives out sound or what is kept of a person
needs a reason.

What roles cannot do: they bind who goes through the commands. Whoever can read the database file and the recordings, or is root, does not
need the commands; these people are bound by file modes, sealing, and who is let on the machine.

Pure; standard library only.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum


class Role(StrEnum):
    """What somebody is here to do."""

    ADMIN = "admin"
    DPO = "dpo"
    REVIEWER = "reviewer"
    AGENT_LEAD = "agent-lead"
    AUDITOR = "auditor"


EVERY = frozenset(Role)
_KEEPERS = frozenset({Role.ADMIN})
_OFFICER = frozenset({Role.DPO})
_OFFICE = frozenset({Role.ADMIN, Role.DPO})
_READERS = frozenset({Role.ADMIN, Role.DPO, Role.AUDITOR})
_HEARERS = frozenset({Role.DPO, Role.REVIEWER})
_WISHES = frozenset({Role.DPO, Role.AGENT_LEAD})
_REGISTERS = frozenset({Role.DPO, Role.AGENT_LEAD, Role.AUDITOR})

TABLE: Mapping[str, AbstractSet[Role]] = {
    "run": _KEEPERS,
    "check": frozenset({Role.ADMIN, Role.AUDITOR}),
    "status": EVERY,
    "accesses": frozenset({Role.DPO, Role.AUDITOR}),
    "calls": EVERY,
    "messages": EVERY,
    "show": EVERY,
    "recordings": EVERY,
    "listen": _HEARERS,
    "sweep": _KEEPERS,
    "retag": _KEEPERS,
    "seal": _KEEPERS,
    "keys": _KEEPERS,
    "reconcile": _KEEPERS,
    "quarantine list": _READERS,
    "quarantine release": _OFFICE,
    "import": _KEEPERS,
    "retention": _READERS,
    "announcements": _KEEPERS,
    "announcements list": EVERY,
    "announcements export": EVERY,
    "hold place": _OFFICER,
    "hold release": _OFFICE,
    "hold list": _READERS,
    "ledger": _READERS,
    "optout": _OFFICER,
    "optout add": _WISHES,
    "optout list": _REGISTERS,
    "person": _OFFICER,
    "person find": _READERS,
    "person export": _OFFICE,
    "person export --unmasked": _OFFICER,
    "person export --lawful-ground": _OFFICER,
    "person object": _WISHES,
    "person withdraw": _WISHES,
    "request": _OFFICER,
    "request open": _WISHES,
    "request list": _REGISTERS,
    "release": _OFFICER,
    "release list": _REGISTERS - {Role.AGENT_LEAD},
    "disclose": _OFFICER,
    "disclose list": _REGISTERS - {Role.AGENT_LEAD},
    "incident": _OFFICE,
    "incident show": _READERS,
    "incident list": _READERS,
    "incident notify": _OFFICER,
}

REASONED = ("listen", "person export", "disclose", "release give")
"""Commands, or groups, that give out sound or what is kept of a person: each needs a reason."""


def allowed(command: str) -> AbstractSet[Role]:
    """The roles that may run it: by its own row or by that of its group; none where there is neither."""
    words = command.split()
    rows = (" ".join(words[:count]) for count in range(len(words), 0, -1))
    return next((TABLE[row] for row in rows if row in TABLE), frozenset())

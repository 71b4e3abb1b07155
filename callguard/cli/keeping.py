"""What both commands begin with that change how recordings are kept: the vault, and whose hands they are to be in."""

import os
from pathlib import Path

from callguard.checks.access import of_user
from callguard.config import Settings
from callguard.errors import ConfigError
from callguard.evidence.vault import Vault
from callguard.premises import vault


def vault_in_its_owners_hands(settings: Settings) -> Vault:
    """The vault; from then on this process is the user whose key store it is. Raises :class:`ConfigError` where none is configured.

    Only root can read a credential of the service. But what root would make, the daemon could neither read nor delete.
    """
    found = vault(settings)
    if found is None or settings.recordings.storage == "plain":
        raise ConfigError("recordings are kept plain", place="recordings.storage", remedy="name a master key below [recordings]")
    _become_owner(found.keys.folder)
    return found


def _become_owner(folder: Path) -> None:
    if os.geteuid() != 0:
        return
    owner = (folder if folder.exists() else folder.parent).stat()
    known = of_user(owner.st_uid)
    os.setgroups(sorted(known.gids) if known else [])
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)

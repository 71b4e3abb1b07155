"""What a sweep and a sealing go by, taken from the configuration: for the daemon as for the command line.

A PBX is asked what time it is by a login of its own, as `callguard check` does; one that does not answer says nothing about our clock and
does not keep anything from being deleted in time.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from callguard.config import PbxSettings, Settings
from callguard.errors import CallguardError
from callguard.evidence.keys import KeyStore
from callguard.evidence.master import MasterKey
from callguard.evidence.vault import Vault
from callguard.retention.guards import Limits
from callguard.retention.whole import Premises
from callguard.store.database import Database


def premises(settings: Settings, database: Database) -> Premises:
    """Where things are, the rules, and what guards the sweep."""
    limits = Limits(settings.sweep.largest_share, settings.sweep.longest_pause)
    keys = KeyStore(settings.recordings.keys)
    return Premises(database, settings.recordings.root, keys, settings.rules(), limits, lambda: pbx_behind(settings.pbx))


def vault(settings: Settings) -> Vault | None:
    """Where recordings are sealed and opened; ``None`` where no master key is named. Raises :class:`ConfigError` where it is missing."""
    named, before = settings.recordings.read_master_key(), settings.recordings.read_old_master_key()
    if named is None:
        return None
    master = replace(MasterKey.written(*named), former=None if before is None else MasterKey.written(*before))
    return Vault(settings.recordings.root, KeyStore(settings.recordings.keys), master)


def pbx_behind(pbxs: tuple[PbxSettings, ...]) -> Mapping[str, timedelta]:
    """How far each PBX that can be asked is behind our clock; takes seconds where one does not answer, and never longer."""
    told = {pbx.name: _behind(pbx) for pbx in pbxs}
    return {name: behind for name, behind in told.items() if behind is not None}


def _behind(pbx: PbxSettings) -> timedelta | None:
    from callguard.checks import asking, esl_asking  # noqa: PLC0415 - they load the drivers, which no dry run needs

    login = esl_asking.asking if pbx.kind == "freeswitch" else asking.asking
    try:
        with login(pbx, pbx.read_secret()) as asked:
            clock = asked.clock()
    except CallguardError:
        return None
    return None if clock is None else -clock.ahead

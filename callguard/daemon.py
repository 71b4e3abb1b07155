"""The daemon: wires the parts, starts them in order, stops them in the opposite one, and talks to systemd.

Start: claim the database (one daemon each), bring its schema up to date, archive the announcements that may be heard, take up the open
calls, then the links. READY is told when every PBX's snapshot has been reconciled. SIGTERM ends in order: the heartbeat runs out by itself,
and the PBX's net takes the calls that wait. SIGHUP reads the configuration again: policies and announcements change for calls that begin
from then on; what belongs to the process (database, PBXs, folders) needs a restart, and a faulty file changes nothing.

The engine runs in the main thread; the watchdog is fed by its own tick, so that a hanging engine is noticed.
"""

import gc
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath

import structlog

from callguard import logs, numbers, systemd
from callguard.announcements import Catalogue
from callguard.call.policy import UNMATCHED, Policy, Prompts
from callguard.chores import Chores
from callguard.clock import utc_now
from callguard.config import PbxSettings, Settings, load_settings
from callguard.engine import Engine, Outlets
from callguard.errors import CallguardError, FileFault
from callguard.evidence.configuration import enter_configuration
from callguard.evidence.heads import HeadWatch
from callguard.evidence.vault import Vault
from callguard.health import Health
from callguard.mail.notices import Kind, Notice, Notices
from callguard.pbx.border import Border
from callguard.pbx.switch import Switch
from callguard.premises import premises, vault
from callguard.retention.filing import Filing
from callguard.retention.folders import prepare_folder, require_space
from callguard.retention.marker import mark_root
from callguard.retention.schedule import SweepSchedule
from callguard.retention.whole import guarded
from callguard.store.announcement_rows import archive_announcement
from callguard.store.database import Database, open_database
from callguard.store.migration import migrate

LOG = structlog.get_logger(__name__)

_SWITCH_INTERVAL_S = 0.0005
"""How long a busy thread may keep the others waiting: a prompt must not start late because a file is being hashed."""


_GARBAGE = 20_000
"""New objects between two looks of the collector: values here are frozen and make no cycles, so it finds next to nothing."""


def run(path: Path, settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; the exit status. Raises :class:`CallguardError` when it cannot start."""
    logs.configure(settings.logging.level, settings.logging.format)
    logs.report_uncaught()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    database = open_database(settings.store.url)
    with database.claim():
        migrate(database)
        Daemon(path, settings, database).serve()
    return 0


class Daemon:
    """One run of the daemon, over a database that is claimed and up to date."""

    def __init__(self, path: Path, settings: Settings, database: Database) -> None:
        self._path = path
        self._database = database
        root = settings.recordings.root
        self._engine = Engine(database, self._policies(settings), self._notices(settings))
        self._filing = Filing(root, self._engine.put, vault=sealing(settings))
        self._premises = premises(settings, database)
        self._sweeps = SweepSchedule(database, partial(guarded, self._premises), settings.sweep.at)
        self._switches = {pbx.name: make_switch(pbx, settings, self._engine) for pbx in settings.pbx}
        self._heads = HeadWatch(database)
        self._chores = Chores(settings, database)
        self._health = Health(settings, self._engine, self._sweeps)
        self._engine.connect(
            Outlets(
                switches=self._switches,
                file=self._filing.submit,
                prepare_folder=partial(prepare, root, settings.recordings.min_free),
                on_tick=self._health.tick,
                on_link=self._health.link,
                on_reconciled=self._health.reconciled,
            )
        )

    def serve(self) -> None:
        """Start everything, turn, stop everything."""
        for number, act in ((signal.SIGTERM, self._stop), (signal.SIGINT, self._stop), (signal.SIGHUP, self._reload)):
            signal.signal(number, act)
        self._engine.load()
        self._filing.start()
        self._mark_root()
        self._sweeps.start()
        self._heads.start()
        self._chores.start()
        gc.freeze()  # what is there now stays for ever; the collector need not look at it again
        gc.set_threshold(_GARBAGE)
        gc.enable()
        for switch in self._switches.values():
            switch.start()
        try:
            self._engine.run()
        finally:
            self._end()

    def _mark_root(self) -> None:
        """Without it the guards of the sweep cannot tell an unmounted disk for certain; recordings go on as they are."""
        try:
            mark_root(self._database, self._premises.root)
        except FileFault as fault:
            LOG.warning("the recordings root is not marked", fault=str(fault))

    def _policies(self, settings: Settings) -> tuple[Policy, ...]:
        """The policies with the very announcements now in force, which are archived before anyone can hear them."""
        catalogue = Catalogue.load(settings.announcements.catalogue)
        policies = settings.policies(partial(prompts, catalogue))
        archive(self._database, catalogue, policies)
        enter_configuration(self._database, self._path)
        return (*policies, UNMATCHED)

    def _notices(self, settings: Settings) -> Notices:
        """Those in force from now on; what was remembered for others goes."""
        made = notices(settings)
        with self._database.write() as connection:
            made.forget_others(connection)
        return made

    def _stop(self, _number: int, _frame: object) -> None:
        systemd.stopping()
        self._engine.stop()

    def _reload(self, _number: int, _frame: object) -> None:
        """A signal may come in the middle of a transaction; what it asks for writes, so it waits for its turn."""
        systemd.reloading()
        self._engine.between_turns(self._read_again)

    def _read_again(self) -> None:
        try:
            settings = load_settings(self._path)
            policies = self._policies(settings)
        except CallguardError as error:
            LOG.warning("configuration not taken over", faults=[str(fault) for fault in error.faults])
        else:
            self._engine.go_by(policies)
            self._sweeps.go_by(partial(guarded, replace(self._premises, rules=settings.rules())))
            LOG.info("configuration read again", policies=len(policies))
        systemd.ready(self._health.summary())

    def _end(self) -> None:
        for switch in self._switches.values():
            switch.stop()
        self._sweeps.stop()
        self._chores.stop()
        self._filing.stop()
        self._health.end()
        self._heads.stop()
        self._database.close()


def prepare(root: Path, min_free: int, path: str) -> None:
    """What must be true before a recording begins at ``path``: room for it, and a folder from which it can be deleted."""
    require_space(root, min_free)
    prepare_folder(root, path)


def sealing(settings: Settings) -> Vault | None:
    """Where recordings are to be sealed, ready for it; ``None`` where they stay plain. Raises :class:`CallguardError`."""
    if settings.recordings.storage == "plain":
        return None
    found = vault(settings)
    if found is not None:
        found.prepare()
    return found


def notices(settings: Settings) -> Notices:
    """Who is told what by mail."""
    numbered = ((one, numbers.parse(one.number, settings.numbers.default_region)) for one in settings.notice)
    spoken = settings.announcements.language
    made = [
        Notice(number=number, recipients=one.to, kinds=frozenset(map(Kind, one.on)), language=one.language or spoken)
        for one, number in numbered
    ]
    return Notices(made, settings.retention.time_zone)


def make_switch(pbx: PbxSettings, settings: Settings, engine: Engine) -> Switch:
    """The driver of one configured PBX. Raises :class:`ConfigError` when its secret cannot be read."""
    border = Border(
        pbx=pbx.name,
        parse=partial(numbers.parse, region=settings.numbers.default_region),
        trunks=frozenset(pbx.trunks),
        now=utc_now,
        news=notices(settings).news,
    )
    return (_freeswitch if pbx.kind == "freeswitch" else _asterisk)(pbx, settings, border, engine)


def _asterisk(pbx: PbxSettings, settings: Settings, border: Border, engine: Engine) -> Switch:
    from callguard.pbx.ami import AmiAddress  # noqa: PLC0415 - a daemon loads the driver of its own switch; calls wait for its start
    from callguard.pbx.asterisk import Asterisk, AsteriskSite  # noqa: PLC0415 - the same

    address = AmiAddress(pbx.host, pbx.port, pbx.username or "", pbx.read_secret(), pbx.tls)
    return Asterisk(AsteriskSite(address, border, _recordings(pbx, settings)), engine.put, engine.congested)


def _freeswitch(pbx: PbxSettings, settings: Settings, border: Border, engine: Engine) -> Switch:
    from callguard.pbx.esl import EslAddress  # noqa: PLC0415 - as above: it brings gevent, 25 ms
    from callguard.pbx.esl_orders import Folders  # noqa: PLC0415 - the same
    from callguard.pbx.freeswitch import Freeswitch, FreeswitchSite  # noqa: PLC0415 - the same

    folders = Folders(_recordings(pbx, settings), PurePosixPath(settings.announcements.pbx_sounds), stereo=pbx.recording == "stereo")
    return Freeswitch(FreeswitchSite(EslAddress(pbx.host, pbx.port, pbx.read_secret()), border, folders), engine.put, engine.congested)


def _recordings(pbx: PbxSettings, settings: Settings) -> PurePosixPath:
    """The root, as this PBX calls it."""
    return PurePosixPath(pbx.recordings_root or settings.recordings.pbx_root)


def prompts(catalogue: Catalogue, name: str, language: str) -> Prompts:
    """What a person may hear under a policy. Raises :class:`FileFault` for an announcement that was not built."""
    return Prompts(catalogue.find(name, language), catalogue.find("thank-you", language), catalogue.find("refused", language))


def archive(database: Database, catalogue: Catalogue, policies: Sequence[Policy], now: Callable[[], datetime] = utc_now) -> None:
    """Keep text and sound of what the policies ask, so that each consent row can point at it for as long as it lives (S12)."""
    played = (one for policy in policies if policy.prompts for one in (policy.prompts.question, policy.prompts.listed))
    asked = {announcement.version for announcement in played if announcement}
    with database.write() as connection:
        for edition in catalogue.current:
            if edition.version in asked:
                archive_announcement(connection, catalogue.archived(edition), now())

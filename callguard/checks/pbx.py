"""One Asterisk, asked over AMI with the rights of the daemon's own user.

Which actions the user may perform is asked of the PBX itself (`ListCommands` shows only those). Which events it gets, the PBX does not
tell: `FullyBooted` at the login proves the class `system`, and for the others `read=` is looked up in manager.conf, by AST_CONFIG and for
the one setting, so that the secret is not sent over the line; so are the event filters (:mod:`callguard.checks.filters`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeAlias

from callguard import status_file
from callguard.announcements.catalogue import PBX_FOLDER
from callguard.checks import access, filters, freeswitch, machine
from callguard.checks.asking import Asking, asking
from callguard.checks.clocks import judged
from callguard.checks.report import Check, Subject
from callguard.checks.shared import LOAD_IT, LOOPBACK, NO_AST_CONFIG, same_folder
from callguard.clock import utc_now
from callguard.config import PbxSettings, Settings
from callguard.errors import ActionRefused, ConfigError, LinkError, LoginRefused
from callguard.pbx.asterisk import HEARTBEAT

ACTIONS = {
    "AGI": "agi",
    "AbsoluteTimeout": "call",
    "CoreShowChannels": "system",
    "Getvar": "call",
    "Hangup": "call",
    "MixMonitor": "system",
    "MixMonitorMute": "call",
    "Originate": "originate",
    "Setvar": "call",
    "StopMixMonitor": "call",
}
"""What the daemon asks of Asterisk, and a class in `write=` that allows it."""

EVENTS = {
    "agi": "no call is handed to callguard",
    "call": "joins, answers and hang-ups are not seen",
    "dtmf": "withdrawal by key is not seen",
    "system": "the end of the PBX is not seen",
    "user": "outbound calls and messages are not seen",
}
"""The classes that `read=` must have, and what is lost without."""

EXCESSIVE = {"Command": "command", "UpdateConfig": "config"}
"""With these, whoever has the daemon's secret has the machine."""

CONTEXTS = {"callguard-inbound": "s", "callguard-outbound": "s", "callguard-message": "s", "callguard-joined": "1.1"}
"""Of the dialplan, each with an extension that is there."""

TRUE = frozenset({"yes", "true", "y", "t", "1", "on"})
"""As Asterisk reads a setting."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_RELOAD = "then: asterisk -rx 'manager reload'"
_CLASSES = f"write = system,call,agi,originate below the user in manager.conf, {_RELOAD}"
_REMEDIES = {
    "not trusted": "let OpenSSL trust the certificate (SSL_CERT_FILE), or name the host as it is called in there",
    "does not speak TLS": "write tls = false, or the port that tlsbindaddr in manager.conf names",
    "greet": "write the port of AMI, 5038 unless manager.conf says otherwise, and tls = true only for its TLS port",
    "login": "look at the load of the PBX",
}
_ELSE = "check host and port, and that manager.conf has enabled = yes and a bindaddr that can be reached from here"


@dataclass(frozen=True, slots=True)
class Site:
    """The PBX that was let in to, and what is configured of it."""

    settings: Settings
    pbx: PbxSettings
    asked: Asking

    @property
    def local(self) -> bool:
        """Whether it runs on this machine."""
        return self.pbx.host in LOOPBACK


Look: TypeAlias = Callable[[Subject, Site], Iterable[Check]]


def check(settings: Settings, pbx: PbxSettings) -> Iterator[Check]:
    """Log in as the daemon does and look at everything."""
    if pbx.kind == "freeswitch":
        yield from freeswitch.check(settings, pbx)
        return
    place = f"pbx {pbx.name}"
    login = Subject("AMI login", place)
    try:
        with asking(pbx, pbx.read_secret()) as asked:
            yield login.ok(f"let in as {pbx.username}")
            for name, look in LOOKS.items():
                yield from _looked(Subject(name, place), look, Site(settings, pbx, asked))
    except ConfigError as error:
        yield from map(login.told, error.faults)
    except LoginRefused as error:
        yield login.failed(error.message, f"compare name, secret, permit and deny in manager.conf, {_RELOAD}")
    except LinkError as error:
        yield login.failed(error.message, next((remedy for part, remedy in _REMEDIES.items() if part in error.message), _ELSE))


def _looked(subject: Subject, look: Look, site: Site) -> Iterator[Check]:
    """A refusal ends one check; a link that is lost or does not answer ends all of them."""
    try:
        yield from look(subject, site)
    except ActionRefused as error:
        yield subject.unchecked(error.message, _CLASSES)


def _actions(subject: Subject, site: Site) -> Iterator[Check]:
    allowed = site.asked.allowed()
    missing = [name for name in ACTIONS if allowed.get(name) is None]
    if missing:
        classes = ", ".join(sorted({ACTIONS[name] for name in missing}))
        yield subject.failed(f"may not perform {', '.join(missing)}: the class {classes} or a module is missing", _CLASSES)
    else:
        yield subject.ok(f"may perform all {len(ACTIONS)} that callguard needs")
    excessive = [name for name in EXCESSIVE if allowed.get(name) is not None]
    if excessive:
        classes = ", ".join(EXCESSIVE[name] for name in excessive)
        yield subject.warning(f"may also perform {', '.join(excessive)}", f"take {classes} out of write= in manager.conf, {_RELOAD}")


def _events(subject: Subject, site: Site) -> Iterator[Check]:
    user = site.pbx.username or ""
    told = site.asked.setting("manager.conf", user, "read") if _PLAIN_NAME.fullmatch(user) else ""
    classes = {one.strip() for one in told.split(",")} | ({"system"} if site.asked.greeted else set())
    missing = [] if "all" in classes else [one for one in EVENTS if one not in classes]
    remedy = f"read = system,call,agi,dtmf,user below [{user}] in manager.conf, {_RELOAD}"
    if not site.asked.reads_files():
        yield subject.unchecked(NO_AST_CONFIG, LOAD_IT)
    elif not told:
        yield subject.unchecked("manager.conf says nothing of read= for this user", remedy)
    elif missing:
        yield subject.failed("; ".join(f"without {one}: {EVENTS[one]}" for one in missing), remedy)
    elif not site.asked.greeted:
        yield subject.failed("manager.conf allows system, but the PBX did not tell that it is up", f"is manager.conf loaded? {_RELOAD}")
    else:
        yield subject.ok("read= in manager.conf has all classes; system was seen")


def _filters(subject: Subject, site: Site) -> Iterator[Check]:
    user = site.pbx.username or ""
    if not site.asked.reads_files() or not _PLAIN_NAME.fullmatch(user):
        yield subject.unchecked(NO_AST_CONFIG, LOAD_IT)
    else:
        wanted = filters.needed(kind for notice in site.settings.notice for kind in notice.on)
        yield filters.judged(subject, site.asked, user, wanted, _RELOAD)


def _times(subject: Subject, site: Site) -> Iterator[Check]:
    """As manager.conf says; `FullyBooted`, the one event that always comes, is never dated."""
    remedy = f"timestampevents = yes in [general] of manager.conf, {_RELOAD}"
    if not site.asked.reads_files():
        yield subject.unchecked(NO_AST_CONFIG, LOAD_IT)
    elif site.asked.setting("manager.conf", "general", "timestampevents").lower() not in TRUE:
        yield subject.failed("the PBX does not date its events: evidence would have our time of receipt", remedy)
    else:
        yield subject.ok("timestampevents stands in manager.conf")


def _clock(subject: Subject, site: Site) -> Iterator[Check]:
    yield judged(subject, site.asked.clock(), "let both follow NTP: timedatectl set-ntp true")


def _dialplan(subject: Subject, site: Site) -> Iterator[Check]:
    present = {context: site.asked.value(f"DIALPLAN_EXISTS({context},{exten},1)") for context, exten in CONTEXTS.items()}
    missing = [context for context, found in present.items() if found == "0"]
    if "" in present.values():
        yield subject.unchecked("the PBX has no DIALPLAN_EXISTS", "load the module func_dialplan")
    elif missing:
        remedy = "#include callguard.conf of this version in extensions.conf, then: asterisk -rx 'dialplan reload'"
        yield subject.failed(f"no {', '.join(missing)}", remedy)
    else:
        yield subject.ok("the four contexts are there; whether calls are sent through them is for a test call to show")


def _heartbeat(subject: Subject, site: Site) -> Iterator[Check]:
    until, now = (site.asked.value(name) for name in (HEARTBEAT, "EPOCH"))
    status = status_file.latest(site.settings)
    if until.isdecimal() and now.isdecimal() and int(until) >= int(now):
        yield subject.ok(f"good for {int(until) - int(now)} s more")
    elif status is None or status.fault(utc_now()):
        yield subject.unchecked("none, and the daemon does not run: calls pass unrecorded", "systemctl start callguard")
    else:
        yield subject.failed("none, though the daemon runs: calls pass unrecorded", "see callguard status and the journal")


def _root_shared(subject: Subject, site: Site) -> Iterator[Check]:
    yield same_folder(subject, site.asked, site.settings.recordings.root, site.settings.recordings.pbx_root)


def _root_writable(subject: Subject, site: Site) -> Iterator[Check]:
    root = site.settings.recordings.root
    ids = access.of_listener(site.pbx.port, "asterisk") if site.local else None
    if ids is None or not root.is_dir():
        why = "its user is not known here" if site.local else "it runs on another machine"
        yield subject.unchecked(f"whether the PBX may write: {why}", "make a test call and look for the file")
    else:
        yield machine.shared_by(subject, root, ids)


def _sounds_shared(subject: Subject, site: Site) -> Iterator[Check]:
    folder = site.asked.value("ASTDATADIR")
    if not folder:
        yield subject.unchecked("the PBX does not tell where its sounds are")
        return
    here = site.settings.announcements.pbx_sounds / PBX_FOLDER
    yield same_folder(subject, site.asked, here, PurePosixPath(folder, "sounds", PBX_FOLDER))


LOOKS: Mapping[str, Look] = {
    "AMI actions": _actions,
    "AMI events": _events,
    "AMI event filters": _filters,
    "event times": _times,
    "clock": _clock,
    "dialplan": _dialplan,
    "heartbeat": _heartbeat,
    "recordings root, the same for both": _root_shared,
    "recordings root, open to the PBX": _root_writable,
    "announcements, the same folder for both": _sounds_shared,
}

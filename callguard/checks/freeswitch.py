"""One FreeSWITCH, asked over ESL.

ESL knows one login and no rights. So what is looked at is who can reach the event socket, which its configuration tells, and whether the
password is the one that everybody knows. Whether this machine and the PBX mean the same folder is asked by an empty file of a name that
nobody can guess: FreeSWITCH only tells whether there is such a file (`file_exists`).
"""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from callguard import status_file
from callguard.announcements.catalogue import PBX_FOLDER
from callguard.checks import access, machine
from callguard.checks.clocks import judged
from callguard.checks.esl_asking import EslAsking, asking
from callguard.checks.report import Check, Subject
from callguard.checks.shared import LOOPBACK
from callguard.clock import utc_now
from callguard.config import PbxSettings, Settings
from callguard.errors import ActionRefused, ConfigError, LinkError, LoginRefused
from callguard.pbx.freeswitch import HEARTBEAT
from callguard.retention.files import delete

CONTEXT = "callguard"

MODULES = ("mod_commands", "mod_dialplan_xml", "mod_dptools", "mod_sndfile", "mod_tone_stream")
"""Without one of these our dialplan lets calls pass, or plays nothing."""

WELL_KNOWN = "ClueCon"
"""The password that FreeSWITCH comes with."""

LOCAL_LIST = "loopback.auto"
"""FreeSWITCH's own access list of this machine, in force where no other is named."""

_REFUSED = "compare the secret with password in event_socket.conf.xml, and apply-inbound-acl there with this machine"
_SHIPPED = "config/freeswitch/event_socket.conf.xml"
_PARAMETER = re.compile(r'<param name="(listen-ip|apply-inbound-acl)" value="([^"]*)"')
_REACH = "check host and port, and listen-ip and listen-port in event_socket.conf.xml; is mod_event_socket loaded?"


@dataclass(frozen=True, slots=True)
class Site:
    """The PBX that was let in to, and what is configured of it."""

    settings: Settings
    pbx: PbxSettings
    asked: EslAsking


def check(settings: Settings, pbx: PbxSettings) -> Iterator[Check]:
    """Log in as the daemon does and look at everything."""
    place = f"pbx {pbx.name}"
    login = Subject("ESL login", place)
    try:
        secret = pbx.read_secret()
        with asking(pbx, secret) as asked:
            yield login.ok("let in")
            yield _password(Subject("ESL password", place), secret)
            for name, look in LOOKS.items():
                yield from _looked(Subject(name, place), look, Site(settings, pbx, asked))
    except ConfigError as error:
        yield from map(login.told, error.faults)
    except LoginRefused as error:
        yield login.failed(error.message, _REFUSED)
    except LinkError as error:
        yield login.failed(error.message, _REACH)


Look = Callable[[Subject, Site], Check]


def _looked(subject: Subject, look: Look, site: Site) -> Iterator[Check]:
    """A refusal ends one check; a link that is lost or does not answer ends all of them."""
    try:
        yield look(subject, site)
    except ActionRefused as error:
        yield subject.unchecked(error.message, "load mod_commands and mod_dptools")


def _password(subject: Subject, secret: str) -> Check:
    if secret == WELL_KNOWN:
        return subject.warning(
            "the one that FreeSWITCH comes with: every user of its machine can do anything with the PBX",
            f"a password of its own, as {_SHIPPED} says",
        )
    return subject.ok("not the one that FreeSWITCH comes with")


def _event_socket(subject: Subject, site: Site) -> Check:
    """Whoever has the password may run commands on the PBX's machine, and nothing is encrypted on the way."""
    if site.pbx.host not in LOOPBACK:
        return subject.warning(
            f"reached at {site.pbx.host}: the password, numbers and keys cross the network in the clear",
            f"a tunnel to the loopback address there, as {_SHIPPED} says",
        )
    told = site.asked.slow("xml_locate", "configuration configuration name event_socket.conf")
    named = _PARAMETER.findall(told)
    addresses = [value for name, value in named if name == "listen-ip"] or ["127.0.0.1"]
    lists = [value for name, value in named if name == "apply-inbound-acl"] or [LOCAL_LIST]
    if "<configuration" not in told:
        return subject.unchecked("the PBX does not tell its event_socket.conf", f"compare it with {_SHIPPED}")
    if addresses[-1] in LOOPBACK or LOCAL_LIST in lists:
        return subject.ok("open to this machine only")
    return subject.warning(
        f"open at {addresses[-1]} to whom {', '.join(lists)} lets in, without encryption",
        f"listen-ip 127.0.0.1 or apply-inbound-acl {LOCAL_LIST}, as {_SHIPPED} says",
    )


def _modules(subject: Subject, site: Site) -> Check:
    missing = [module for module in MODULES if site.asked.slow("module_exists", module) != "true"]
    if missing:
        return subject.failed(f"not loaded: {', '.join(missing)}", "a line for each in modules.conf.xml, then: fs_cli -x 'load NAME'")
    return subject.ok(f"all {len(MODULES)} that the dialplan needs are loaded")


def _expansion(subject: Subject, site: Site) -> Check:
    """Our dialplan compares the heartbeat with the PBX's clock, which it asks by a command in a variable."""
    if site.asked.slow("eval", "${strepoch()}").isdecimal():
        return subject.ok("the dialplan can ask for the time")
    return subject.failed(
        "the dialplan cannot ask for the time: every call passes unrecorded",
        "take api-expansion = false out of switch.conf.xml, then: fs_cli -x 'fsctl api_expansion on'",
    )


def _clock(subject: Subject, site: Site) -> Check:
    """FreeSWITCH reads the machine's clock when it starts, and from then on counts by itself."""
    return judged(subject, site.asked.clock(), "timedatectl set-ntp true on both, then: fs_cli -x 'fsctl sync_clock'")


def _dialplan(subject: Subject, site: Site) -> Check:
    found = site.asked.slow("xml_locate", f"dialplan context name {CONTEXT}")
    if f'<context name="{CONTEXT}"' not in found:
        return subject.failed(
            f"no context {CONTEXT}", "copy dialplan/freeswitch/callguard.xml beside its others, then: fs_cli -x reloadxml"
        )
    return subject.ok("the context is there; whether calls are sent through it is for a test call to show")


def _heartbeat(subject: Subject, site: Site) -> Check:
    until, now = site.asked.quick("global_getvar", HEARTBEAT), site.asked.quick("strepoch")
    status = status_file.latest(site.settings)
    if until.isdecimal() and now.isdecimal() and int(until) >= int(now):
        return subject.ok(f"good for {int(until) - int(now)} s more")
    if status is None or status.fault(utc_now()):
        return subject.unchecked("none, and the daemon does not run: calls pass unrecorded", "systemctl start callguard")
    return subject.failed("none, though the daemon runs: calls pass unrecorded", "see callguard status and the journal")


def _root_shared(subject: Subject, site: Site) -> Check:
    recordings = site.settings.recordings
    return _same_folder(subject, site, recordings.root, PurePath(site.pbx.recordings_root or recordings.pbx_root))


def _sounds_shared(subject: Subject, site: Site) -> Check:
    here = site.settings.announcements.pbx_sounds / PBX_FOLDER
    return _same_folder(subject, site, here, here)


def _same_folder(subject: Subject, site: Site, here: Path, there: PurePath) -> Check:
    name = f".callguard-check-{secrets.token_hex(8)}"
    try:
        (here / name).touch(0o644, exist_ok=False)
    except OSError as failure:
        return subject.unchecked(f"{here}: {failure.strerror} to this user", "run the check as root or as callguard's user")
    try:
        seen = site.asked.slow("file_exists", str(there / name))
    finally:
        delete(here, name)
    if seen != "true":
        return subject.failed(
            f"what callguard writes in {here} the PBX does not find in {there}, or may not look there",
            f"mount one folder on both, under these two names, and let the PBX enter {there}",
        )
    return subject.ok(f"the PBX finds in {there} what callguard writes in {here}")


def _root_writable(subject: Subject, site: Site) -> Check:
    local = site.pbx.host in LOOPBACK
    ids = access.of_listener(site.pbx.port, "freeswitch") if local else None
    if ids is None or not site.settings.recordings.root.is_dir():
        why = "its user is not known here" if local else "it runs on another machine"
        return subject.unchecked(f"whether the PBX may write: {why}", "make a test call and look for the file")
    return machine.shared_by(subject, site.settings.recordings.root, ids)


LOOKS: Mapping[str, Look] = {
    "event socket": _event_socket,
    "modules": _modules,
    "commands in the dialplan": _expansion,
    "clock": _clock,
    "dialplan": _dialplan,
    "heartbeat": _heartbeat,
    "recordings root, the same for both": _root_shared,
    "recordings root, open to the PBX": _root_writable,
    "announcements, the same folder for both": _sounds_shared,
}

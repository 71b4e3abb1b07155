"""The tables of the configuration and their defaults: a file with one `[[pbx]]` and `[recordings]` is whole.

Keys are those of `config/callguard.toml`, which says in prose what each is for. What the daemon cannot know is asked for (where recordings
lie, in which country); everything else has the value that fits a PBX on the same Debian machine.
"""

from collections.abc import Iterator, Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr

from callguard.call.period import Period, Unit
from callguard.call.policy import Policy
from callguard.config import crossings, secrets
from callguard.config.controller import ControllerSettings
from callguard.config.mail import MailSettings
from callguard.config.notice import NoticeSettings, unposted
from callguard.config.policies import BUILT_IN, PolicySettings, PromptsFor
from callguard.config.retention import RetentionSettings, policies_outside
from callguard.config.section import Flaw, Section, Table, refusal
from callguard.config.values import (
    AbsolutePath,
    Account,
    Company,
    Country,
    Filled,
    Language,
    Name,
    Region,
    Retention,
    Roles,
    Size,
    Text,
    Texts,
    TimeOfDay,
    Variable,
)
from callguard.retention.ruleset import RuleSet

STATE = Path("/var/lib/callguard")
PORTS = {"asterisk": 5038, "freeswitch": 8021}
MASTER_KEYS = ("master_key_credential", "master_key_file")
OLD_MASTER_KEYS = ("old_master_key_credential", "old_master_key_file")
SECRETS = ("secret_file", "secret_env", "credential")

OWN_FILES = {
    ("store", "url"): f"{STATE}/callguard.db",
    ("announcements", "catalogue"): f"{STATE}/announcements",
    ("recordings", "master_key_file"): "",
    ("recordings", "old_master_key_file"): "",
    ("metrics", "file"): "",
}
"""What no recordings root may hold, and where it is unless the configuration says so; keys of recordings are looked for there as well."""

Port = Annotated[StrictInt, Field(ge=1, le=65535)]


def _url(url: str) -> str:
    """Never repeats what was written: a URL may hold a password."""
    if not url.startswith(("sqlite:////", "postgresql+psycopg://")):
        raise refusal(
            "is no database that callguard can use",
            'write "sqlite:////" and an absolute path, or "postgresql+psycopg://user@host/database"',
        )
    return url


class StoreSettings(Section):
    """`[store]`: the database. The URL is kept out of every printed form, as it may hold a password."""

    url: Annotated[StrictStr, AfterValidator(_url)] = Field(
        default=f"sqlite:///{STATE}/callguard.db", examples=['url = "sqlite:////var/lib/callguard/callguard.db"'], repr=False
    )


class PbxSettings(Section):
    """`[[pbx]]`: one switch and how to log in to it."""

    name: Name = Field(examples=['name = "main"'])
    kind: Literal["asterisk", "freeswitch"] = Field(examples=['kind = "asterisk"'])
    host: Text = Field(default="127.0.0.1", examples=['host = "127.0.0.1"'])
    port: Port = Field(examples=["port = 5038"])
    username: Text | None = Field(default=None, examples=['username = "callguard"'])
    secret_file: AbsolutePath | None = Field(default=None, examples=['secret_file = "/etc/callguard/ami.secret"'])
    secret_env: Variable | None = Field(default=None, examples=['secret_env = "CALLGUARD_AMI_SECRET"'])
    credential: Name | None = Field(default=None, examples=['credential = "ami"'])
    tls: StrictBool = Field(default=False, examples=["tls = false"])
    trunks: tuple[Text, ...] = Field(default=(), examples=['trunks = ["provider-a"]'])
    recording: Literal["stereo", "mono"] = Field(default="mono", examples=['recording = "stereo"'])
    recordings_root: AbsolutePath | None = Field(default=None, examples=['recordings_root = "/var/spool/freeswitch/callguard"'])

    @classmethod
    def completed(cls, table: Table) -> Table:
        """Port, name and recording follow the kind of switch."""
        if table.get("kind") == "freeswitch":
            return {"port": PORTS["freeswitch"], "recording": "stereo", **table}
        return {"port": PORTS["asterisk"], "username": "callguard", **table}

    @classmethod
    def crossed(cls, table: Table) -> Iterator[Flaw]:
        """One source of the secret, and nothing that the kind of switch does not know."""
        sources = [key for key in SECRETS if key in table]
        if len(sources) != 1:
            written = " and ".join(sources) or "no secret"
            yield Flaw((sources[-1] if sources else SECRETS[0],), f"{written} given", f"write exactly one of {', '.join(SECRETS)}")
        if table.get("kind") == "freeswitch":
            yield from cls._crossed_freeswitch(table)
        elif table.get("recording") == "stereo":
            yield Flaw(("recording",), "is more than Asterisk can do", 'write recording = "mono": MixMonitor mixes both sides')

    @classmethod
    def _crossed_freeswitch(cls, table: Table) -> Iterator[Flaw]:
        if "username" in table:
            yield Flaw(("username",), "means nothing to FreeSWITCH", "leave it out: its event socket knows a password only")
        if table.get("tls") is True:
            yield Flaw(("tls",), "means nothing to FreeSWITCH", "leave it out: its event socket has no TLS; put it into a tunnel")

    def read_secret(self) -> str:
        """The secret of the login, read now. Raises ConfigError that names the place and never the content."""
        if self.secret_file is not None:
            return secrets.from_file(self.secret_file, f"pbx.{self.name}.secret_file")
        if self.secret_env is not None:
            return secrets.from_environment(self.secret_env, f"pbx.{self.name}.secret_env")
        return secrets.from_credential(str(self.credential), f"pbx.{self.name}.credential")


class RecordingsSettings(Section):
    """`[recordings]`: the folder, under both names, the country it lies in (S9), the space that is always left free, and how sound is kept.

    `storage` follows the master key: sealed where one is named, as a PBX's own web pages could not play what is sealed.
    """

    root: AbsolutePath = Field(examples=['root = "/var/spool/asterisk/callguard"'])
    pbx_root: AbsolutePath = Field(examples=['pbx_root = "/var/spool/asterisk/callguard"'])
    country: Country = Field(examples=['country = "RO"'])
    min_free: Size = Field(default=2**30, examples=['min_free = "1 GiB"'])
    storage: Literal["sealed", "plain"] = Field(examples=['storage = "sealed"'])
    keys: AbsolutePath = Field(default=STATE / "keys", examples=['keys = "/var/lib/callguard/keys"'])
    quarantine: Retention = Field(default=Period(30, Unit.DAYS), examples=['quarantine = "30 days"'])
    master_key_file: AbsolutePath | None = Field(default=None, examples=['master_key_file = "/etc/callguard/master.key"'])
    master_key_credential: Name | None = Field(default=None, examples=['master_key_credential = "master"'])
    old_master_key_file: AbsolutePath | None = Field(default=None, examples=['old_master_key_file = "/etc/callguard/master.key.old"'])
    old_master_key_credential: Name | None = Field(default=None, examples=['old_master_key_credential = "old-master"'])

    @classmethod
    def completed(cls, table: Table) -> Table:
        """The PBX sees the folder under the same name unless told otherwise; a root that is refused is refused once."""
        root = table.get("root")
        usable = isinstance(root, str) and root.startswith("/") and ".." not in root
        storage = "sealed" if any(key in table for key in MASTER_KEYS) else "plain"
        return {"pbx_root": root if usable else "/", "storage": storage, **table}

    @classmethod
    def crossed(cls, table: Table) -> Iterator[Flaw]:
        """One master key, where there is to be any, at most one before it, and keys that are not kept among what they lock."""
        named, before = ([key for key in keys if key in table] for keys in (MASTER_KEYS, OLD_MASTER_KEYS))
        for given, keys in ((named, MASTER_KEYS), (before, OLD_MASTER_KEYS)):
            if len(given) > 1:
                yield Flaw((given[-1],), f"{' and '.join(given)} given", f"write exactly one of {', '.join(keys)}")
        if before and not named:
            yield Flaw((before[0],), "is before no other", f"write {cls.line('master_key_credential')} for the one in force from now on")
        if table.get("storage") == "sealed" and not named:
            yield Flaw(("storage",), "needs a master key", f'write {cls.line("master_key_credential")}, or storage = "plain"')
        root, keys = table.get("root"), table.get("keys", str(STATE / "keys"))
        if isinstance(root, str) and isinstance(keys, str) and root != "/" and Path(keys).is_relative_to(root):
            yield Flaw(("keys",), "lies in the recordings root: who copies the recordings copies the keys", f"write {cls.line('keys')}")

    def read_master_key(self) -> secrets.Found | None:
        """The master key as it is written, and the key path of where; ``None`` where none is named. Raises ConfigError."""
        return secrets.found(self.master_key_file, self.master_key_credential, "recordings.master_key")

    def read_old_master_key(self) -> secrets.Found | None:
        """The one before it, which opens what was not renewed yet. Raises ConfigError."""
        return secrets.found(self.old_master_key_file, self.old_master_key_credential, "recordings.old_master_key")


class NumbersSettings(Section):
    """`[numbers]`."""

    default_region: Region = Field(default="RO", examples=['default_region = "RO"'])


class AnnouncementsSettings(Section):
    """`[announcements]`: the company that speaks, in which language where a policy names none, and where texts and audio are.

    No `sounds`: the texts that come with callguard. No `command`: espeak-ng. No `company`: a neutral "our company".
    """

    company: Company | None = Field(default=None, examples=['company = "Example SRL"'])
    language: Language = Field(default="ro", examples=['language = "ro"'])
    sounds: AbsolutePath | None = Field(default=None, examples=['sounds = "/etc/callguard/sounds"'])
    catalogue: AbsolutePath = Field(default=STATE / "announcements", examples=['catalogue = "/var/lib/callguard/announcements"'])
    pbx_sounds: AbsolutePath = Field(default=Path("/usr/share/asterisk/sounds"), examples=['pbx_sounds = "/usr/share/asterisk/sounds"'])
    command: Texts | None = Field(
        default=None, examples=['command = ["espeak-ng", "-v", "{voice}", "-w", "{output}", "-f", "{text_file}"]']
    )


class SweepSettings(Section):
    """`[sweep]`: the daily deletion of what has expired, and what makes it stop and ask."""

    at: TimeOfDay = Field(default=time(3, 30), examples=['at = "03:30"'])
    largest_share: Annotated[StrictInt, Field(ge=1, le=100)] = Field(default=25, examples=["largest_share = 25"])
    longest_pause: Retention = Field(default=Period(31, Unit.DAYS), examples=['longest_pause = "31 days"'])


class MetricsSettings(Section):
    """`[metrics]`: where the figures are written that Prometheus' node exporter reads; nowhere unless it is said."""

    file: AbsolutePath | None = Field(default=None, examples=['file = "/var/lib/prometheus/node-exporter/callguard.prom"'])


class LoggingSettings(Section):
    """`[logging]`."""

    level: Literal["debug", "info", "warning", "error"] = Field(default="info", examples=['level = "info"'])
    format: Literal["json", "console"] = Field(default="json", examples=['format = "json"'])


class Settings(Section):
    """The whole file."""

    store: StoreSettings = Field(default=StoreSettings(), examples=["[store]"])
    pbx: Annotated[tuple[PbxSettings, ...], Filled] = Field(
        examples=["[[pbx]] with two brackets, once for each switch: name, kind, secret_file"]
    )
    recordings: RecordingsSettings = Field(examples=["[recordings] and below it root and country"])
    policy: Mapping[Name, PolicySettings] = Field(default={}, examples=["[policy.NAME]"])
    numbers: NumbersSettings = Field(default=NumbersSettings(), examples=["[numbers]"])
    announcements: AnnouncementsSettings = Field(default=AnnouncementsSettings(), examples=["[announcements]"])
    retention: RetentionSettings = Field(examples=["[retention]"])
    sweep: SweepSettings = Field(default=SweepSettings(), examples=["[sweep]"])
    controller: ControllerSettings = Field(default=ControllerSettings(), examples=["[controller]"])
    mail: MailSettings | None = Field(default=None, examples=["[mail]"])
    notice: tuple[NoticeSettings, ...] = Field(default=(), examples=["[[notice]] with two brackets, once for each number"])
    metrics: MetricsSettings = Field(default=MetricsSettings(), examples=["[metrics]"])
    logging: LoggingSettings = Field(default=LoggingSettings(), examples=["[logging]"])
    access: Mapping[Account, Roles] = Field(default={}, examples=['ana = ["dpo"] below [access]'])

    @classmethod
    def completed(cls, table: Table) -> Table:
        """Without `[retention]`, what the notices promise."""
        return {"retention": {}, **table}

    @classmethod
    def crossed(cls, table: Table) -> Iterator[Flaw]:
        """Faults between tables: names given twice, policies never reached, mails never sent."""
        yield from crossings.repeated("pbx", table.get("pbx"))
        policies = crossings.named(table.get("policy"))
        yield from crossings.unreachable(policies)
        yield from crossings.among_recordings(table, OWN_FILES)
        yield from unposted(table.get("notice"), table.get("mail"))
        yield from policies_outside(policies or {name: {} for name in BUILT_IN}, table.get("retention"))

    def policies(self, prompts_for: PromptsFor) -> tuple[Policy, ...]:
        """The policies in the order in which they are tried; the built-in pair where the file has none."""
        written = self.policy or BUILT_IN
        return tuple(one.policy(name, self.announcements.language, prompts_for) for name, one in written.items())

    def rules(self) -> RuleSet:
        """How long everything is kept."""
        written = self.policy or BUILT_IN
        return RuleSet(
            policies={name: one.terms() for name, one in written.items()},
            terms=self.retention.terms(),
            billing=self.retention.billing.term(),
            bounds=self.retention.bounds(),
            billing_floor=self.retention.billing.floor,
            calendar=self.retention.calendar(),
        )

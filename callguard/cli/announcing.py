"""The work of `callguard announcements`.

The texts tell one pair of keys for each direction, as the policies of that direction listen for them; policies that differ cannot be
spoken for by one set of announcements and are refused. Where nothing differs from what callguard ships (its texts, no company, no voice of
one's own), the audio that it ships is taken, and no synthesiser is needed.
"""

from pathlib import Path

from sqlalchemy import Connection

from callguard.announcements import BuildSettings, Catalogue, Edition, Keys, Speaker, Wording, build, install, listing, shipped
from callguard.announcements.catalogue import FILE
from callguard.announcements.publishing import publish
from callguard.cli.output import Cell, Listing
from callguard.config import BUILT_IN, AnnouncementsSettings, Settings
from callguard.errors import ConfigError, UsageError
from callguard.store.announcement_rows import find_announcements, load_announcement

COLUMNS = ("name", "language", "version", "in use", "seconds", "keys", "text")
SHORT = 12
"""Characters of a version in a table, as in the names of the files."""


def all_versions(settings: Settings) -> Listing:
    """The catalogue."""
    catalogue = Catalogue.load(settings.announcements.catalogue)
    return Listing(listing(catalogue), COLUMNS, map(_row, catalogue.editions), none="none was built")


def build_all(settings: Settings) -> Listing:
    """Make what has changed; the versions that are new here."""
    chosen = settings.announcements
    from_shipped = _start_with_shipped(chosen)
    speaker = Speaker(chosen.command) if chosen.command else Speaker()
    report = build(BuildSettings(wording(settings), speaker), chosen.sounds or shipped.sources(), chosen.catalogue)
    new = report.catalogue.current if from_shipped else report.new
    document = {"folder": str(chosen.catalogue), "new": listing(Catalogue(chosen.catalogue, new))}
    return Listing(document, COLUMNS, map(_row, new), none=f"nothing has changed in {chosen.catalogue}")


def install_all(settings: Settings) -> Listing:
    """Copy what is missing or damaged; what became of each file."""
    folder = settings.announcements.pbx_sounds
    found = install(Catalogue.load(settings.announcements.catalogue), folder)
    told = {"kept": found.present, "installed": found.missing, "replaced": found.damaged}
    rows = ((what, str(folder / file)) for what, files in told.items() for file in files)
    return Listing({"folder": str(folder), **told}, ("what", "file"), rows, none="nothing to install")


def export_one(connection: Connection, beginning: str, folder: Path) -> Listing:
    """Write three files: the text, and the audio of 8 and of 16 kHz."""
    meant = find_announcements(connection, beginning)
    if len(meant) > 1:
        raise UsageError(f"{len(meant)} versions begin so", place=beginning, remedy=f"write more of it: {', '.join(meant)}")
    archived = load_announcement(connection, meant[0]) if meant else None
    if archived is None:
        raise UsageError("no archived announcement has this version", place=beginning, remedy="callguard show names those of a call")
    stem = f"{archived.language}-{archived.name}-{archived.version[:SHORT]}"
    files = {f"{stem}.txt": f"{archived.text}\n".encode(), f"{stem}.wav": archived.audio_8k, f"{stem}.wav16": archived.audio_16k}
    publish(folder, files)
    document = {"version": archived.version, "folder": str(folder), "files": list(files)}
    return Listing(document, ("version", "file"), [(archived.version, str(folder / file)) for file in files], none="")


def wording(settings: Settings) -> Wording:
    """The company, and the keys of each direction. Raises :class:`ConfigError` for a direction whose policies listen for different ones."""
    usual = Wording()
    return Wording(settings.announcements.company, _keys(settings, "inbound", usual.inbound), _keys(settings, "outbound", usual.outbound))


def _keys(settings: Settings, direction: str, usual: Keys) -> Keys:
    heard = {
        name: Keys(policy.accept_key, policy.refuse_key)
        for name, policy in (settings.policy or BUILT_IN).items()
        if policy.direction == direction and policy.mode != "never"
    }
    pairs = set(heard.values())
    if len(pairs) > 1:
        told = ", ".join(f"{name}: {keys.accept} and {keys.refuse}" for name, keys in heard.items())
        remedy = "give them the same accept_key and refuse_key: one announcement tells the keys of all of them"
        raise ConfigError(f"the {direction} policies listen for different keys ({told})", place="policy", remedy=remedy)
    return pairs.pop() if pairs else usual


def _start_with_shipped(chosen: AnnouncementsSettings) -> bool:
    """Whether what callguard ships was taken: all of it is new here."""
    if (chosen.catalogue / FILE).exists() or chosen.company or chosen.sounds or chosen.command:
        return False
    folder = shipped.built()
    files = [file for edition in Catalogue.load(folder).editions for file in edition.files]
    publish(chosen.catalogue, {file: (folder / file).read_bytes() for file in (*files, FILE)})
    return True


def _row(edition: Edition) -> tuple[Cell, ...]:
    keys = " ".join(key for key in (edition.accept_key, edition.refuse_key) if key)
    in_use = "yes" if edition.current else "no"
    return edition.name, edition.language, edition.version[:SHORT], in_use, edition.duration_ms / 1000, keys, edition.text

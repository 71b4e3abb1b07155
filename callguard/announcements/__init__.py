"""What people hear: from text files to versioned sound at the PBX.

    sounds/<language>/<name>.txt ─► text (company, keys filled in, strictly) ─► synthesis, or a WAV beside the text
        ─► audio (trimmed, 8 and 16 kHz, one level) ─► building (version = hash of text and samples) ─► catalogue.json
        ─► installation (<PBX sounds>/callguard/…)          └─► Catalogue.find → Announcement, .archived → database

The promise behind it (S12, C5): a consent row points at the exact version the person heard, and that version can still be
produced years later.
"""

from callguard.announcements.building import BuildReport, BuildSettings, build
from callguard.announcements.catalogue import ArchivedAnnouncement, Catalogue, Edition, listing
from callguard.announcements.installation import Inventory, inspect, install
from callguard.announcements.synthesis import Speaker
from callguard.announcements.text import Keys, Wording

__all__ = [
    "ArchivedAnnouncement",
    "BuildReport",
    "BuildSettings",
    "Catalogue",
    "Edition",
    "Inventory",
    "Keys",
    "Speaker",
    "Wording",
    "build",
    "inspect",
    "install",
    "listing",
]

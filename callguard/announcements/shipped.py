"""Where the texts and the ready-made audio are that come with callguard.

In a checkout they are the folder ``sounds`` beside the package, in an installed wheel ``share/sounds`` inside it (see pyproject.toml).
``built`` holds the audio of the neutral wording, so that a machine without a synthesiser has something to install.
"""

from pathlib import Path

PACKAGE = Path(__file__).parent.parent
BUILT = "built"


def sources(package: Path = PACKAGE) -> Path:
    """The folder with the text files."""
    installed = package / "share" / "sounds"
    return installed if installed.is_dir() else package.parent / "sounds"


def built(package: Path = PACKAGE) -> Path:
    """The folder with the ready-made audio and its catalogue."""
    return sources(package) / BUILT

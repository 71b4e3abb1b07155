"""The texts of the notices, in Romanian and English: ``<language>/<what>.txt``, with the subject in the first line.

``$names`` stand for what differs. Nothing in them says what was spoken or written: numbers, times, addresses, counts.
"""

from collections.abc import Mapping
from importlib.resources import files
from string import Template

_UNKNOWN: Mapping[str, Mapping[str, str]] = {
    "ro": {
        "caller": "număr ascuns",
        "device": "necunoscut",
        "doubt": "\nSfârșitul apelului nu a fost văzut de callguard: este posibil ca apelul să fi fost totuși preluat.\n",
    },
    "en": {
        "caller": "hidden number",
        "device": "unknown",
        "doubt": "\ncallguard did not see the end of this call: it may have been answered after all.\n",
    },
}
"""What is said of what is not known."""


def written(name: str, language: str, words: Mapping[str, str | None]) -> tuple[str, str]:
    """Subject and body with what differs filled in; a text that asks for more than is there is a ``KeyError``."""
    told = {key: _UNKNOWN[language][key] if word is None else word for key, word in words.items()}
    text = files(__name__).joinpath(language, f"{name}.txt").read_text("utf-8")
    subject, _, body = Template(text).substitute(told).partition("\n")
    return subject, body.lstrip("\n")

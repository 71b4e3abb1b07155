"""Who signs the letters: read from the configuration when one is written, so that nobody needs these keys who writes none."""

from callguard.config import Settings
from callguard.config.controller import AUTHORITIES
from callguard.errors import ConfigError, Fault
from callguard.rights.letters import Sender

_LINES = {
    "name": 'write name = "Example SRL, Str. Exemplului 1, București"',
    "contact": 'write contact = "dpo@example.com, 0213334444"',
    "authority": 'write authority = "…" with the name and address of the data protection authority',
}


def sender(settings: Settings) -> Sender:
    """The controller. Raises :class:`ConfigError` with a fault for each thing that a letter needs and nobody has written down."""
    written = settings.controller
    told = {
        "name": written.name or settings.announcements.company,
        "contact": written.contact,
        "authority": written.authority or AUTHORITIES.get(settings.recordings.country),
    }
    faults = [Fault("is missing: no letter can be written without it", f"controller.{key}", _LINES[key]) for key in told if not told[key]]
    if faults:
        raise ConfigError("the letters lack their sender", faults=faults)
    return Sender(**{key: str(value) for key, value in told.items()})

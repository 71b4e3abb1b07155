"""The table `[controller]`: who answers to the people whose calls these are, for the letters to them and to the authority.

The GDPR calls the company that decides on the recordings the controller (art. 4 (7)). A letter names it, how to reach it, and the authority
that a person may complain to (art. 12 (4), art. 13 (2) d); that of Romania is known here, any other one is asked for.
"""

from collections.abc import Mapping

from pydantic import Field

from callguard.config.section import Section
from callguard.config.values import Text

AUTHORITIES: Mapping[str, str] = {
    "RO": (
        "Autoritatea Națională de Supraveghere a Prelucrării Datelor cu Caracter Personal (ANSPDCP), "
        "B-dul G-ral. Gheorghe Magheru nr. 28-30, sector 1, 010336 București, România; anspdcp@dataprotection.ro; www.dataprotection.ro"
    )
}
"""By the country (ISO 3166) in which the recordings are."""


class ControllerSettings(Section):
    """`[controller]`; without `name`, the company of `[announcements]`; without `authority`, that of Romania for recordings kept there."""

    name: Text | None = Field(default=None, examples=['name = "Example SRL, Str. Exemplului 1, București"'])
    contact: Text | None = Field(default=None, examples=['contact = "dpo@example.com, 0213334444"'])
    authority: Text | None = Field(default=None, examples=['authority = "the name and address of the data protection authority"'])

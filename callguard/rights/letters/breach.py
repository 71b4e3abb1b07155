"""The notification of an incident, in four points (S14): what happened, when it did and when that was noticed, how many people, which data.

Whoever must say more says it in words of their own: the likely consequences and the measures taken (GDPR art. 33 (3) c, d), and why it is
late. Times are in UTC, so that nobody has to ask whose they are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from callguard.rights.incident_terms import Category, Recipient
from callguard.rights.letters import Sender, written
from callguard.store.incident_rows import Incident

_RECIPIENTS: Mapping[str, Mapping[Recipient, str]] = {
    "ro": {
        Recipient.CLIENTS: "clienții noștri",
        Recipient.AUTHORITY: "autoritatea de supraveghere",
        Recipient.PEOPLE: "persoanele vizate",
    },
    "en": {
        Recipient.CLIENTS: "our clients",
        Recipient.AUTHORITY: "the supervisory authority",
        Recipient.PEOPLE: "the people concerned",
    },
}
_CATEGORIES: Mapping[str, Mapping[Category, str]] = {
    "ro": {
        Category.RECORDINGS: "înregistrări ale convorbirilor ({count})",
        Category.CALLS: "date despre apeluri: numere de telefon, data, ora, durata, adresa IP și echipamentul (apeluri: {count})",
        Category.MESSAGES: "numerele, data și ora mesajelor SMS, fără conținut (mesaje: {count})",
    },
    "en": {
        Category.RECORDINGS: "recordings of conversations ({count})",
        Category.CALLS: "data on calls: telephone numbers, date, time, duration, IP address and equipment (calls: {count})",
        Category.MESSAGES: "numbers, date and time of SMS, without their content (messages: {count})",
    },
}
_SPANS: Mapping[str, tuple[str, str]] = {
    "ro": ("la {since}", "de la {since} până la {until}"),
    "en": ("at {since}", "from {since} to {until}"),
}
_NOBODY: Mapping[str, str] = {"ro": "niciuna", "en": "none"}
_UNKNOWN: Mapping[str, str] = {
    "ro": "{people}; în plus, apeluri cu număr ascuns: {unknown}",
    "en": "{people}; besides them, calls of withheld numbers: {unknown}",
}
_MORE: Mapping[str, Mapping[str, str]] = {
    "ro": {
        "consequences": "Consecințe probabile: {text}",
        "measures": "Măsuri luate sau propuse: {text}",
        "delay": "Motivele întârzierii: {text}",
    },
    "en": {
        "consequences": "Likely consequences: {text}",
        "measures": "Measures taken or proposed: {text}",
        "delay": "Reasons for the delay: {text}",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """What the four points do not say; ``None`` for what is not said."""

    consequences: str | None = None
    measures: str | None = None
    delay: str | None = None


def notification(incident: Incident, recipient: Recipient, sender: Sender, more: More, language: str, today: date) -> str:
    """The text for that recipient."""
    words = {
        "sender": sender.name,
        "contact": sender.contact,
        "today": today.isoformat(),
        "number": str(incident.id),
        "recipient": _RECIPIENTS[language][recipient],
        "nature": incident.nature,
        "happened": _span(incident, language),
        "discovered": _moment(incident.discovered_at),
        "people": _people(incident, language),
        "categories": "; ".join(_categories(incident, language)) or _NOBODY[language],
        "more": "".join(f"{one}\n" for one in _further(more, language)),
    }
    return written("incident", language, words)


def _span(incident: Incident, language: str) -> str:
    moment, stretch = _SPANS[language]
    since, until = _moment(incident.happened_from), incident.happened_until
    return moment.format(since=since) if until is None else stretch.format(since=since, until=_moment(until))


def _people(incident: Incident, language: str) -> str:
    people, unknown = incident.affected.people, incident.affected.unknown_people
    return _UNKNOWN[language].format(people=people, unknown=unknown) if unknown else str(people)


def _categories(incident: Incident, language: str) -> Iterator[str]:
    affected = incident.affected
    counted = {Category.RECORDINGS: affected.recordings, Category.CALLS: affected.calls, Category.MESSAGES: affected.messages}
    for category, count in counted.items():
        if count:
            yield _CATEGORIES[language][category].format(count=count)


def _further(more: More, language: str) -> Iterator[str]:
    for name, form in _MORE[language].items():
        text = getattr(more, name)
        if text is not None:
            yield form.format(text=text)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"

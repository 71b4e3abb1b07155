"""The pages of an export that people read in a browser: self-contained, without scripts, everything that callers chose escaped.

Each is rendered from the document beside it, so that pages and documents cannot tell different things, and written row by row.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from callguard.evidence.listening import RESTRICTED
from callguard.rights.letters.words import RIGHTS, WAYS

_STYLE = (
    "body{font:16px/1.45 sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222}h1,h2{font-weight:600}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.35em .7em .35em 0}"
    "tr{border-bottom:1px solid #ddd}th{font-weight:600}audio{width:18em;max-width:100%;display:block}.why{color:#666}"
)

NOT_AGREED = "not everybody who is heard in it is known to have agreed to its release"
IS_DELETED = "is deleted"
"""Why a recording is not in it; the documents say so in these words."""

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Your calls and messages",
        "of": "Everything that is kept about the number",
        "made": "Written out on",
        "masked": "The numbers of others are masked; their decisions are left out.",
        "files": "The same for programs: export.json and the files it names, as export.schema.json describes them; each call as a vCon. "
        "SHA256SUMS proves that no file was changed.",
        "calls": "Calls",
        "messages": "Messages",
        "none": "none",
        "calls-columns": "Began|Direction|Caller|Called|Seconds|Outcome|Your decision|Recording",
        "messages-columns": "When|Direction|From|To",
        "announcements": "Announcements that you heard",
        "optouts": "Your wishes not to be recorded",
        "requests": "Your requests",
        "acts": "What was done for you",
        "exports": "When this was written out",
        "quarantine": "Files that seem to be of you, put aside until they are deleted: since when, until when",
        "equipment": "Addresses that your account was used from",
        "inbound": "to us",
        "outbound": "from us",
        "ANSWERED": "answered",
        "NO ANSWER": "no answer",
        "BUSY": "busy",
        "FAILED": "failed",
        "granted": "agreed",
        "stayed": "stayed on the line",
        "refused": "refused",
        "unanswered": "gave no answer",
        "withdrawn": "withdrew",
        "not_required": "was not asked",
        "page": "Page",
        "back": "Back to the beginning",
        "withheld": "number withheld",
        "not-given": "not given",
        NOT_AGREED: NOT_AGREED,
        RESTRICTED: RESTRICTED,
        IS_DELETED: IS_DELETED,
    },
    "ro": {
        "title": "Apelurile și mesajele dumneavoastră",
        "of": "Tot ce se păstrează despre numărul",
        "made": "Întocmit la",
        "masked": "Numerele altor persoane sunt mascate; hotărârile lor nu sunt incluse.",
        "files": "Aceleași date pentru programe: export.json și fișierele pe care le numește, descrise de export.schema.json; fiecare apel "
        "și ca vCon. SHA256SUMS dovedește că niciun fișier nu a fost modificat.",
        "calls": "Apeluri",
        "messages": "Mesaje",
        "none": "niciunul",
        "calls-columns": "Început|Sens|Apelant|Apelat|Secunde|Rezultat|Hotărârea dumneavoastră|Înregistrare",
        "messages-columns": "Când|Sens|De la|Către",
        "announcements": "Anunțurile pe care le-ați ascultat",
        "optouts": "Dorințele dumneavoastră de a nu fi înregistrat",
        "requests": "Cererile dumneavoastră",
        "acts": "Ce s-a făcut pentru dumneavoastră",
        "exports": "Când s-a întocmit acest extras",
        "quarantine": "Fișiere care par să fie ale dumneavoastră, puse deoparte până la ștergere: de când, până când",
        "equipment": "Adrese de la care a fost folosit contul dumneavoastră",
        "inbound": "către noi",
        "outbound": "de la noi",
        "ANSWERED": "s-a răspuns",
        "NO ANSWER": "nu s-a răspuns",
        "BUSY": "ocupat",
        "FAILED": "nereușit",
        "granted": "a acceptat",
        "stayed": "a rămas pe fir",
        "refused": "a refuzat",
        "unanswered": "nu a răspuns",
        "withdrawn": "a retras acordul",
        "not_required": "nu a fost întrebat",
        "page": "Pagina",
        "back": "Înapoi la început",
        "withheld": "număr ascuns",
        "not-given": "nu este inclusă",
        NOT_AGREED: "nu se știe ca toți cei auziți în ea să fi fost de acord cu eliberarea ei",
        RESTRICTED: "prelucrarea ei este restricționată la cererea persoanei (art. 18 GDPR)",
        IS_DELETED: "a fost ștearsă",
    },
}

_ACTS: Mapping[str, dict[str, str]] = {
    "en": {},
    "ro": {
        "open": "deschisă",
        "extended": "termen prelungit",
        "granted": "admisă",
        "granted-in-part": "admisă în parte",
        "refused": "respinsă",
        "nothing-kept": "nu se păstrează nimic",
        "not-identified": "titular neidentificat",
        "taken-back": "retrasă",
        "erase": "ștergere",
        "restrict": "restricționare",
        "lift": "ridicarea restricționării",
        "rectify": "rectificare",
        "object": "opoziție",
        "withdraw": "retragerea consimțământului",
    },
}
"""What the registers say in one English word: the state of a request, and what was done."""


def index(head: Mapping[str, Any], pages: Sequence[str]) -> Iterator[bytes]:
    """The first page: whose data it is, where it all is, and what was announced to them."""
    words = WORDS[head["language"]]
    yield from _begin(head["language"])
    yield _text(f"<p>{words['of']} <strong>{escape(head['number'])}</strong>. {words['made']} {_moment(head['finished_at'])}.</p>")
    yield _text(f"<p>{words['masked']}</p>" if head["masked"] else "")
    for kind in ("calls", "messages"):
        yield _text(f"<h2>{words[kind]}: {head['counts'][kind]}</h2><ul>")
        for number, page_name in enumerate((name for name in pages if name.startswith(f"pages/{kind}")), 1):
            yield _text(f'<li><a href="{escape(page_name)}">{words[kind]}, {words["page"].lower()} {number}</a></li>')
        yield _text("</ul>")
    yield _text(f"<h2>{words['announcements']}</h2>")
    for one in head["announcements"]:
        yield _text(f"<p>{escape(one['name'])} ({escape(one['language'])}): {escape(one['text'])}</p>")
    spoken = _spoken(head["language"])
    for name, rows in head["registers"].items():
        yield _text(f"<h2>{words.get(name, name)}: {len(rows)}</h2><ul>")
        for row in rows:
            told = (_value(value, spoken) for value in row.values() if value not in (None, True, False))
            yield _text(f"<li>{escape(', '.join(told))}</li>")
        yield _text("</ul>")
    yield _text(f"<p>{words['files']}</p></body></html>\n")


def page(language: str, document: Mapping[str, Any]) -> Iterator[bytes]:
    """One document of calls or of messages."""
    words = WORDS[language]
    kind = "calls" if "calls" in document else "messages"
    rows = (
        map(_call, document[kind], [words] * len(document[kind]))
        if kind == "calls"
        else map(_message, document[kind], [words] * len(document[kind]))
    )
    yield from _begin(language)
    yield _text(f'<p><a href="../index.html">{words["back"]}</a></p><h2>{words[kind]}</h2><table><tr>')
    yield _text("".join(f"<th>{column}</th>" for column in words[f"{kind}-columns"].split("|")) + "</tr>")
    for cells in rows:
        yield _text("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n")
    yield _text("</table></body></html>\n")


def _begin(language: str) -> Iterator[bytes]:
    title = WORDS[language]["title"]
    policy = (
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; media-src 'self' file:\">"
    )
    yield _text(f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">{policy}<title>{title}</title>')
    yield _text(f"<style>{_STYLE}</style></head><body><h1>{title}</h1>\n")


def _call(call: Mapping[str, Any], words: Mapping[str, str]) -> Iterable[str]:
    decided = ", ".join(words.get(one["decision"], one["decision"]) for one in call["decisions"])
    yield _moment(call["started_at"])
    yield words[call["direction"]]
    yield _number(call["caller"], words)
    yield _number(call["callee"] or call["dialled"], words)
    yield escape(str(call["billable_s"] if call["billable_s"] is not None else ""))
    yield escape(words.get(call["disposition"] or "", call["disposition"] or ""))
    yield escape(decided)
    yield "".join(_recording(one, words) for one in call["recordings"])


def _recording(one: Mapping[str, Any], words: Mapping[str, str]) -> str:
    if one["file"] is None:
        why = one["withheld"] or ""
        return f'<span class="why">{words["not-given"]}: {escape(words.get(why, why))}</span>'
    place = escape(f"../{one['file']}")
    return f'<audio controls preload="none" src="{place}"></audio><a href="{place}">{escape(one["file"].rpartition("/")[2])}</a>'


def _message(message: Mapping[str, Any], words: Mapping[str, str]) -> Iterable[str]:
    yield _moment(message["at"])
    yield words[message["direction"]]
    yield _number(message["sender"], words)
    yield _number(message["recipient"], words)


def _number(written: str | None, words: Mapping[str, str]) -> str:
    return escape(written) if written else words["withheld"]


def _spoken(language: str) -> Mapping[str, str]:
    """What the registers say in a word, for people."""
    return {**WAYS[language], **{right.value: name for right, name in RIGHTS[language].items()}, **_ACTS[language]}


def _value(value: object, spoken: Mapping[str, str]) -> str:
    """Of a register."""
    text = str(value)
    return _moment(text) if text.endswith("Z") and text[10:11] == "T" else spoken.get(text, text)


def _moment(stamped: str) -> str:
    return f"{stamped[:10]} {stamped[11:19]} UTC"


def _text(markup: str) -> bytes:
    return markup.encode()

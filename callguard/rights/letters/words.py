"""What the letters call rights, ways and outcomes, in each language."""

from collections.abc import Mapping

from callguard.rights.terms import Outcome, Right
from callguard.rights.wishes import Way

RIGHTS: Mapping[str, Mapping[Right, str]] = {
    "ro": {
        Right.INFORMATION: "dreptul de a fi informat",
        Right.ACCESS: "dreptul de acces",
        Right.COPY: "dreptul la o copie a datelor",
        Right.RECTIFICATION: "dreptul la rectificare",
        Right.ERASURE: "dreptul la ștergere",
        Right.RESTRICTION: "dreptul la restricționarea prelucrării",
        Right.PORTABILITY: "dreptul la portabilitatea datelor",
        Right.OBJECTION: "dreptul la opoziție",
        Right.HUMAN_DECISION: "dreptul de a nu face obiectul unei decizii automate",
        Right.WITHDRAWAL: "retragerea consimțământului",
    },
    "en": {
        Right.INFORMATION: "the right to be informed",
        Right.ACCESS: "the right of access",
        Right.COPY: "the right to a copy of the data",
        Right.RECTIFICATION: "the right to rectification",
        Right.ERASURE: "the right to erasure",
        Right.RESTRICTION: "the right to restriction of processing",
        Right.PORTABILITY: "the right to data portability",
        Right.OBJECTION: "the right to object",
        Right.HUMAN_DECISION: "the right not to be subject to an automated decision",
        Right.WITHDRAWAL: "the withdrawal of consent",
    },
}

WAYS: Mapping[str, Mapping[str, str]] = {
    "ro": {
        Way.POST: "poștă",
        Way.COURIER: "curier",
        Way.FAX: "fax",
        Way.E_MAIL: "e-mail",
        Way.VISIT: "prezentare la sediu",
        Way.CALL: "telefon",
    },
    "en": {
        Way.POST: "post",
        Way.COURIER: "courier",
        Way.FAX: "fax",
        Way.E_MAIL: "e-mail",
        Way.VISIT: "a visit to our office",
        Way.CALL: "telephone",
    },
}

OUTCOMES: Mapping[str, Mapping[Outcome, str]] = {
    "ro": {
        Outcome.GRANTED: "Am dat curs cererii dumneavoastră.",
        Outcome.GRANTED_IN_PART: "Am dat curs cererii dumneavoastră în parte.",
        Outcome.REFUSED: "Nu am putut da curs cererii dumneavoastră.",
        Outcome.NOTHING_KEPT: "Nu păstrăm date cu caracter personal legate de acest număr.",
        Outcome.NOT_IDENTIFIED: "Nu am putut stabili că cererea vine de la titularul acestui număr.",
        Outcome.TAKEN_BACK: "Cererea a fost retrasă de dumneavoastră.",
    },
    "en": {
        Outcome.GRANTED: "We have done what you asked for.",
        Outcome.GRANTED_IN_PART: "We have done a part of what you asked for.",
        Outcome.REFUSED: "We could not do what you asked for.",
        Outcome.NOTHING_KEPT: "We keep no personal data that belong to this number.",
        Outcome.NOT_IDENTIFIED: "We could not establish that the request came from the holder of this number.",
        Outcome.TAKEN_BACK: "You have taken the request back.",
    },
}

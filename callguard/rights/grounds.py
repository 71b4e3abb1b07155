"""On which ground what is kept of people may be given to somebody else (C11). Pure; standard library only."""

from enum import StrEnum


class Ground(StrEnum):
    """Why it is lawful. A service provider works for us and under contract (GDPR art. 28)."""

    CONSENT = "consent"
    LEGAL_OBLIGATION = "legal-obligation"
    COURT_ORDER = "court-order"
    AUTHORITY_REQUEST = "authority-request"
    LEGAL_CLAIM = "legal-claim"
    VITAL_INTEREST = "vital-interest"
    SERVICE_PROVIDER = "service-provider"


WHILE_RESTRICTED = frozenset({Ground.COURT_ORDER, Ground.AUTHORITY_REQUEST, Ground.LEGAL_CLAIM})
"""What a restriction leaves room for: legal claims, and the public interest that courts and authorities see to (GDPR art. 18 (2))."""

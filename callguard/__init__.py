"""Recording consent, evidence and retention beside a live PBX."""

__version__ = "0.1.0"

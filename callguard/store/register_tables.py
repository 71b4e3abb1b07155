"""Registers that only grow: each row is a fact with who, when and on what paper, and is never changed.

A request of a person (S15t) is opened by a row of ``requests``; its extension and its end are rows of ``request_steps``. The day on which
it is due follows from these and is nowhere stored. ``denials`` says which account was refused which command, and when (S10); ``exports``
of whom all was written out, by whom and why. Each row has an entry in the ledger, which :mod:`callguard.store.register_rows` makes.

``copies`` are what left the house: recordings released to a person (S11), recordings and call records disclosed (C11), each with the hash
of the copy. ``release_consents`` are what parties said to that, given and withdrawn. An incident (S14, C13) is opened by a row of
``incidents``, which tells what was affected as it was counted then; notifications and its end are rows of ``incident_steps``. ``acts`` are
what was done for a person: erased, restricted, lifted, rectified, objected, withdrawn; ``told`` says in words what came of it.
"""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Integer, String, Table, Text

from callguard.store.base import metadata
from callguard.store.retag_tables import retags
from callguard.store.types import Moment

requests = Table(
    "requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("right", String, nullable=False),
    Column("number", String, nullable=False),
    Column("number_e164", String, index=True),
    Column("way", String, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("reference", String, nullable=False),
    Column("opened_by", String, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("salt", String, nullable=False),
)

request_steps = Table(
    "request_steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("request_id", Integer, ForeignKey("requests.id"), nullable=False, index=True),
    Column("step", String, nullable=False),
    Column("outcome", String),
    Column("reason", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("salt", String, nullable=False),
)

denials = Table(
    "denials",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", String, nullable=False),
    Column("command", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("salt", String, nullable=False),
)

exports = Table(
    "exports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String, nullable=False),
    Column("number_e164", String, index=True),
    Column("masked", Boolean, nullable=False),
    Column("ground", String),
    Column("reason", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("salt", String, nullable=False),
)

release_consents = Table(
    "release_consents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recording_id", String, nullable=False, index=True),
    Column("leg", String, nullable=False),
    Column("step", String, nullable=False),
    Column("way", String, nullable=False),
    Column("said_on", Date, nullable=False),
    Column("reference", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("salt", String, nullable=False),
)

copies = Table(
    "copies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("way", String, nullable=False),
    Column("recording_id", String, index=True),
    Column("call_id", String, nullable=False, index=True),
    Column("mark", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("ground", String, nullable=False),
    Column("reference", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("salt", String, nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("nature", Text, nullable=False),
    Column("happened_from", Moment, nullable=False),
    Column("happened_until", Moment),
    Column("discovered_at", Moment, nullable=False),
    Column("scope", Text, nullable=False),
    Column("people", Integer, nullable=False),
    Column("unknown_people", Integer, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("recordings", Integer, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("opened_by", String, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("salt", String, nullable=False),
)

incident_steps = Table(
    "incident_steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("incident_id", Integer, ForeignKey("incidents.id"), nullable=False, index=True),
    Column("step", String, nullable=False),
    Column("text", Text),
    Column("reason", String),
    Column("by", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("entered_at", Moment, nullable=False),
    Column("salt", String, nullable=False),
)

acts = Table(
    "acts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("act", String, nullable=False),
    Column("number", String, nullable=False),
    Column("number_e164", String, index=True),
    Column("reason", String, nullable=False),
    Column("reference", String, nullable=False),
    Column("told", Text, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("salt", String, nullable=False),
)

REGISTERS = (requests, request_steps, denials, exports, release_consents, copies, incidents, incident_steps, retags, acts)
"""All of them; the ledger is held against their rows."""

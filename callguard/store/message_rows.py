"""Messages (SMS, SIP MESSAGE): who, to whom and when. There is no column for what they say (C1)."""

from collections.abc import Sequence

import sqlalchemy as sa

from callguard.call.events import MessageSeen
from callguard.store.tables import messages


def add_messages(connection: sa.Connection, seen: Sequence[MessageSeen]) -> None:
    """Add a row for each message."""
    if seen:
        connection.execute(sa.insert(messages), [_row(message) for message in seen])


def _row(message: MessageSeen) -> dict[str, object]:
    return {
        "pbx": message.pbx,
        "direction": message.direction.value,
        "sender": message.sender.raw,
        "sender_e164": message.sender.e164,
        "recipient": message.recipient.raw,
        "recipient_e164": message.recipient.e164,
        "at": message.at,
        "received_at": message.received_at,
    }

"""Transferring a call as desk phones do it: REFER, blind, or with the name of another call that takes its place.

Source: RFC 3515 (REFER), RFC 3891 (Replaces), RFC 5589 (how the two make transfers).
"""

from urllib.parse import quote

from tests.rig.call import PhoneCall
from tests.rig.sip import parameter


def transfer(call: PhoneCall, number: str) -> None:
    """Blind: the peer of this call is sent to the number, and the phone leaves."""
    _refer(call, f"sip:{number}@{_host(call)}")


def transfer_to(call: PhoneCall, other: PhoneCall) -> None:
    """Attended: the peer of this call takes the phone's place in the other one, which must be answered."""
    dialog = other.dialog
    tags = f"to-tag={parameter(dialog.remote, 'tag')};from-tag={parameter(dialog.local, 'tag')}"
    _refer(call, f"{dialog.target}?Replaces={quote(f'{dialog.call_id};{tags}', safe='')}")


def _refer(call: PhoneCall, target: str) -> None:
    headers = (("Refer-To", f"<{target}>"), ("Referred-By", f"<sip:{call.line.name}@{call.line.host}>"))
    with call.line.changed:
        call.line.repeat(call.key("refer"), call.dialog.request("REFER", b"", headers), call.dialog.peer, lambda: None)


def _host(call: PhoneCall) -> str:
    host, port = call.dialog.peer
    return f"{host}:{port}"

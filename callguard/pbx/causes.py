"""Hang-up causes by their names in ITU-T Q.850, as FreeSWITCH writes them; Asterisk tells numbers."""

import re

_NAMES = {
    1: "UNALLOCATED_NUMBER",
    2: "NO_ROUTE_TRANSIT_NET",
    3: "NO_ROUTE_DESTINATION",
    6: "CHANNEL_UNACCEPTABLE",
    16: "NORMAL_CLEARING",
    17: "USER_BUSY",
    18: "NO_USER_RESPONSE",
    19: "NO_ANSWER",
    20: "SUBSCRIBER_ABSENT",
    21: "CALL_REJECTED",
    22: "NUMBER_CHANGED",
    26: "ANSWERED_ELSEWHERE",
    27: "DESTINATION_OUT_OF_ORDER",
    28: "INVALID_NUMBER_FORMAT",
    29: "FACILITY_REJECTED",
    31: "NORMAL_UNSPECIFIED",
    34: "NORMAL_CIRCUIT_CONGESTION",
    38: "NETWORK_OUT_OF_ORDER",
    41: "NORMAL_TEMPORARY_FAILURE",
    42: "SWITCH_CONGESTION",
    44: "REQUESTED_CHAN_UNAVAIL",
    50: "FACILITY_NOT_SUBSCRIBED",
    52: "OUTGOING_CALL_BARRED",
    54: "INCOMING_CALL_BARRED",
    57: "BEARERCAPABILITY_NOTAUTH",
    58: "BEARERCAPABILITY_NOTAVAIL",
    65: "BEARERCAPABILITY_NOTIMPL",
    69: "FACILITY_NOT_IMPLEMENTED",
    79: "SERVICE_NOT_IMPLEMENTED",
    88: "INCOMPATIBLE_DESTINATION",
    102: "RECOVERY_ON_TIMER_EXPIRE",
    111: "PROTOCOL_ERROR",
    127: "INTERWORKING",
}

_NAME = re.compile("[A-Z][A-Z0-9_]{1,39}")

_DIAL_STATUS = {
    "USER_BUSY": "BUSY",
    "ORIGINATOR_CANCEL": "CANCEL",
    "NORMAL_CIRCUIT_CONGESTION": "CONGESTION",
    "NORMAL_TEMPORARY_FAILURE": "CONGESTION",
    "SWITCH_CONGESTION": "CONGESTION",
    "CHAN_NOT_IMPLEMENTED": "CHANUNAVAIL",
    "GATEWAY_DOWN": "CHANUNAVAIL",
    "INVALID_GATEWAY": "CHANUNAVAIL",
    "INVALID_PROFILE": "CHANUNAVAIL",
    "NO_ROUTE_DESTINATION": "CHANUNAVAIL",
    "SUBSCRIBER_ABSENT": "CHANUNAVAIL",
    "USER_NOT_REGISTERED": "CHANUNAVAIL",
}
"""As Asterisk's `ast_hangup_cause_to_dial_status` has it: all else is NOANSWER. A 503 is cause 34 to it and 41 to FreeSWITCH."""


def cause_name(number: str | None) -> str | None:
    """The name of a Q.850 cause given as a decimal number; ``None`` where the PBX names none (0) or something unheard of."""
    return _NAMES.get(int(number)) if number and number.isdecimal() else None


def known_cause(name: str | None) -> str | None:
    """The name of a cause as FreeSWITCH tells it, its own beyond Q.850 among them; ``None`` for what is no such name."""
    return name if name and _NAME.fullmatch(name) and name != "NONE" else None


def dial_status(cause: str | None) -> str:
    """What Asterisk calls (DIALSTATUS) the end of an attempt that FreeSWITCH ends with this cause."""
    return _DIAL_STATUS.get(cause or "", "NOANSWER")

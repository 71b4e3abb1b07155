"""Every bound of an ESL link, by name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EslBounds:
    """Seconds end in `_s`, bytes in `_bytes`; the rest are counts. The defaults are for service, tests take shorter ones.

    `connect_s` is for the socket and FreeSWITCH's greeting together. `dead_after_s` must leave room for a ping and its answer after
    `ping_after_s`. `body_bytes` has to hold `show channels as json` of a busy switch, some 600 bytes a channel; an event is 6 to 12 kB.
    """

    connect_s: float = 5.0
    login_s: float = 5.0
    ping_after_s: float = 5.0
    dead_after_s: float = 10.0
    congestion_poll_s: float = 0.02
    retry_first_s: float = 0.5
    retry_longest_s: float = 30.0
    refused_first_s: float = 5.0
    refused_longest_s: float = 60.0
    head_bytes: int = 1 << 13
    body_bytes: int = 1 << 23
    unsent_bytes: int = 1 << 20
    pending_commands: int = 10_000

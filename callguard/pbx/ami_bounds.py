"""Every bound of an AMI link, by name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AmiBounds:
    """Seconds end in `_s`, bytes in `_bytes`; the rest are counts. The defaults are for service, tests take shorter ones.

    `dead_after_s` must leave room for a ping and its answer after `ping_after_s`.
    """

    connect_s: float = 5.0
    greeting_s: float = 5.0
    login_s: float = 5.0
    booted_s: float = 2.0
    ping_after_s: float = 5.0
    dead_after_s: float = 10.0
    congestion_poll_s: float = 0.02
    retry_first_s: float = 0.5
    retry_longest_s: float = 30.0
    refused_first_s: float = 5.0
    refused_longest_s: float = 60.0
    unterminated_bytes: int = 1 << 20
    unsent_bytes: int = 1 << 20
    pending_actions: int = 10_000
    list_entries: int = 100_000

"""How many recordings go together: as many as the disk deletes in a short while, so that no other writer waits long.

That is ten on a slow disk and hundreds on a fast one, and it changes while others use the disk; so it is measured as it goes.
"""

from callguard.store import retention_rows

GROUP_S = 0.05
"""Seconds that a group may take, the longer of its two transactions some three quarters of that: another writer waits as long."""

FIRST = 50
LEAST = 5


class Pace:
    """From :data:`FIRST` on, at most doubled from one group to the next."""

    def __init__(self) -> None:
        self.size = min(FIRST, retention_rows.PAGE)

    def note(self, count: int, took_s: float) -> None:
        """So many took so long."""
        fitting = int(count * GROUP_S / max(took_s, 1e-6))
        self.size = max(LEAST, min(fitting, 2 * self.size, retention_rows.PAGE))

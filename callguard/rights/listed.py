"""Who is listed, in the daemon's memory: asked at every entry of a person into a call, and kept true while commands change the register.

The daemon is another process than the command that enters a number, so it looks for changes: one statement when a call begins, and one
every half a second while there are any. That is 7 µs in a loop and 0.1 ms of CPU in a daemon that sleeps in between; a change among
100,000 entries is taken over in 8 ms. What is kept of each number is eight bytes, its hash in this process: 100,000 entries are 0.9 MB, and
a dump of the memory tells no number. Two numbers share a hash once in 10**19 pairs; then somebody is not recorded who could be.
"""

from array import array
from bisect import bisect_left

from callguard.call.state import NOBODY, Number
from callguard.store.database import Database
from callguard.store.optout_rows import changes_since, last_change


class Listed:
    """The numbers in the register as of the last look. For one thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hashes = array("q")
        self._seen = 0

    def __contains__(self, number: object) -> bool:
        """Whether that person is not to be recorded. A withheld number is nobody's, and so never listed."""
        if not isinstance(number, Number) or number == NOBODY or not self._hashes:
            return False
        wanted = hash(number.e164 or number.raw)
        place = bisect_left(self._hashes, wanted)
        return place < len(self._hashes) and self._hashes[place] == wanted

    def look(self) -> bool:
        """Whether anything has changed since the last look; it is known from here on. Raises :class:`StoreError`."""
        with self._database.read_straight() as connection:
            if last_change(connection) == self._seen:
                return False
        self._catch_up()
        return True

    def _catch_up(self) -> None:
        listed: dict[int, bool] = {}
        with self._database.read() as connection:
            for change, number, is_listed in changes_since(connection, self._seen):
                listed[hash(number)] = is_listed
                self._seen = change
        kept = (one for one in self._hashes if one not in listed)
        self._hashes = array("q", sorted([*kept, *(one for one, is_listed in listed.items() if is_listed)]))

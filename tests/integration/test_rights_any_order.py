"""Rights, retention and repairs in any order: nothing that is kept is lost, nothing that is gone comes back (S15, C6c, C7, C9)."""

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from callguard.clock import utc_now
from callguard.retention.holding import place_hold, release
from callguard.retention.holds import Scope
from callguard.retention.marker import mark_root
from callguard.rights.acts import Ask
from callguard.rights.erasure import Erasure
from callguard.rights.export import Export, Order, Source
from callguard.rights.export_place import Folder
from callguard.rights.person import the_person
from callguard.rights.restriction import lift, restrict
from callguard.store.database import open_database
from tests.integration import adoption_place
from tests.integration.reconcile_place import ReconcilePlace
from tests.integration.record_place import ADA, BEA, GONE, RecordPlace, new_record_place
from tests.integration.sweep_place import DAY

PEOPLE = (ADA, BEA)
ASK = Ask(reason="asked for it", reference="request 1", by="Ana Pop")


@dataclass
class Sound:
    """A recording as it should be: who is on it, what keeps it, and whether it is gone for good."""

    people: tuple[str, ...]
    content: bytes
    holds: set[int] = field(default_factory=set)
    restricted_by: set[str] = field(default_factory=set)
    gone: bool = False

    @property
    def kept(self) -> bool:
        return bool(self.holds or self.restricted_by)


class Rights(RuleBasedStateMachine):
    """One small company."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "callguard.db")
        self.database = open_database(f"sqlite:///{self.folder}/callguard.db")
        self.place: RecordPlace = new_record_place(self.database, self.folder)
        mark_root(self.database, self.place.files.root)
        self.sounds: dict[str, Sound] = {}
        self.restricted: set[str] = set()

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.folder)

    @initialize(people=st.lists(st.sampled_from([(ADA,), (BEA,), (ADA, BEA)]), min_size=2, max_size=3))
    def calls_were_made(self, people: list[tuple[str, ...]]) -> None:
        for each in people:
            self.a_call(each)

    @rule(people=st.sampled_from([(ADA,), (BEA,), (ADA, BEA)]))
    def a_call(self, people: tuple[str, ...]) -> None:
        name = f"c{len(self.sounds)}"
        content = adoption_place.sound(name)
        self.place.call(name, people[0], people, decisions=1)
        digest = sha256(content).hexdigest()
        self.place.files.add(name, content, call_id=name, sha256=digest, size=len(content), expires_at=utc_now() + timedelta(days=400))
        self.sounds[name] = Sound(people, content)

    @rule(data=st.data())
    def a_hold(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.sounds)))
        self.sounds[name].holds.add(place_hold(self.database, Scope(call=name), by="Ion", reason="fraud", reference="1").id)

    @precondition(lambda self: any(one.holds for one in self.sounds.values()))
    @rule(data=st.data())
    def a_release(self, data: st.DataObject) -> None:
        hold = data.draw(st.sampled_from(sorted({hold for one in self.sounds.values() for hold in one.holds})))
        release(self.database, hold, by="Ana", reason="closed")
        for one in self.sounds.values():
            one.holds.discard(hold)

    @rule(person=st.sampled_from(PEOPLE))
    def a_restriction(self, person: str) -> None:
        if person not in self.restricted:
            restrict(self.database, the_person(person, "RO"), ASK)
            self.restricted.add(person)
            for one in (one for one in self.sounds.values() if person in one.people):
                one.restricted_by.add(person)

    @rule(person=st.sampled_from(PEOPLE))
    def a_lifting(self, person: str) -> None:
        if person in self.restricted:
            lift(self.database, the_person(person, "RO"), ASK)
            self.restricted.remove(person)
            for one in self.sounds.values():
                one.restricted_by.discard(person)

    @rule(person=st.sampled_from(PEOPLE))
    def an_erasure(self, person: str) -> None:
        Erasure(self.place.premises, the_person(person, "RO")).carry_out(ASK)
        for one in (one for one in self.sounds.values() if person in one.people and not one.kept):
            one.gone = True

    @rule()
    def a_sweep_years_later(self) -> None:
        self.place.sweep(GONE)
        for one in (one for one in self.sounds.values() if not one.kept):
            one.gone = True

    @rule()
    def a_reconciliation(self) -> None:
        ReconcilePlace(self.place.files, None).fix()

    @rule(person=st.sampled_from(PEOPLE), number=st.integers(0, 10**9))
    def an_export(self, person: str, number: int) -> None:
        order = Order(person=the_person(person, "RO"), masked=True, by="Ana", reason="art. 20", ground="art. 20", language="en")
        target = self.folder / f"export-{number}"
        if target.exists():
            return
        with Folder(target) as place:
            Export(Source(self.database, self.place.files.root, None), order, place).run(lambda _: None)
        given = {path.read_bytes() for path in target.rglob("*.wav")}
        for one in self.sounds.values():
            assert (one.content in given) <= (person in one.people and not one.gone and not one.restricted_by)

    @precondition(lambda self: any(one.gone for one in self.sounds.values()))
    @rule(data=st.data())
    def a_backup_that_comes_back(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(name for name, one in self.sounds.items() if one.gone)))
        place = ReconcilePlace(self.place.files, None)
        copy = place.put(f"{name}.wav", self.sounds[name].content)
        place.fix()
        assert copy.exists() == bool(self.sounds[name].holds), "nothing beats a hold, not even one on what was gone before it"
        copy.unlink(missing_ok=True)

    @precondition(lambda self: any(one.gone for one in self.sounds.values()))
    @rule(data=st.data())
    def an_import_of_what_is_gone(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(name for name, one in self.sounds.items() if one.gone)))
        importing = adoption_place.Place(self.database, self.folder)
        file = importing.record(
            adoption_place.freepbx("in", "0213334444", "0722000111", utc_now() - timedelta(days=30)), self.sounds[name].content
        )
        try:
            assert importing.verdicts() == {file.name: "leave"}
        finally:
            file.unlink()

    @invariant()
    def what_is_kept_is_there_and_what_is_gone_is_nowhere(self) -> None:
        lying = {path.read_bytes() for path in self.place.files.root.rglob("*") if path.is_file()}
        for name, one in self.sounds.items():
            path = self.place.files.root / DAY / f"{name}.wav"
            if one.gone:
                assert one.content not in lying, name
            else:
                assert path.read_bytes() == one.content, name

    @invariant()
    def no_row_says_that_what_is_gone_can_be_heard(self) -> None:
        for name, one in self.sounds.items():
            if one.gone:
                assert not self._playable(name), name

    def _playable(self, name: str) -> bool:
        with self.database.read() as connection:
            row = connection.exec_driver_sql("SELECT deleted_at FROM recordings WHERE id = ?", (name,)).first()
        return row is not None and row.deleted_at is None


def test_nothing_kept_is_lost_and_nothing_gone_comes_back(migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S15, C6c, C7, C9: holds, restrictions, erasures, sweeps, exports, reconciliations, backups and imports as they come."""
    monkeypatch.setattr(Rights, "template", migrated_sqlite, raising=False)
    bounds = settings(max_examples=30, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Rights, settings=bounds)

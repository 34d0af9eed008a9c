"""Every kind of long work × every role × foreign territory: a run is refused and neither changes nor tells anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, text

from app.base.clock import Clock
from app.base.errors import NotAllowed
from app.base.files import keep, open_store
from app.base.history import current_act
from app.base.jobs import UNEXPECTED, UNKNOWN_KIND, enqueue, perform
from app.base.models import Role
from app.base.settings import QUEUE, Settings
from app.commands.kinds import kinds
from app.models import metadata
from tests.app.builders import build_batch, build_name, build_order, build_sign, build_street, run
from tests.app.pages import survey, uid_of
from tests.rules.rows import Maker
from tests.world import NOON, World

#: Everyone stands in 南镇 of 东县; what they ask for lies in 西县, whose officer could ask for it.
STAND, FOREIGN_COUNTY, FOREIGN_TOWN, FOREIGN = "南镇", "西县", "中镇", "丁村"
#: Roles that may start runs at all.
STARTING = {
    Role.CITY_OFFICER,
    Role.COUNTY_OFFICER,
    Role.TOWN_OFFICER,
    Role.INSPECTOR,
    Role.CONTENT_EDITOR,
    Role.AUDITOR,
    Role.ADMINISTRATOR,
}
SECRET = "只有西县知道"
SAID = {"system": "statistics", "title": "2024", "in_force_on": "2024-03-01", "source": "x"}


@dataclass
class Foreign:
    """What lies in the other county, by outside keys, and how a run is worked off."""

    world: World
    queue: Engine
    keys: dict[str, str]

    def asked(self, person: int, kind: str, args: Mapping[str, str]) -> UUID:
        with self.world.office.acting(person, via="test") as session:
            return enqueue(session, kind, args)

    def ended(self, person: int, kind: str, args: Mapping[str, str]) -> dict[str, str]:
        """Queue it as this person, let the worker take it, and say how it ended."""
        uid = self.asked(person, kind, args)
        works = kinds(self.world.settings, self.world.clock)
        perform(uid, works, office=self.world.office, queue=self.queue)
        with self.world.owner.connect() as connection:
            sql = text("SELECT state, message, result::text AS result FROM base.run WHERE uid = :uid")
            return dict(connection.execute(sql, {"uid": uid}).mappings().one())

    def standing(self) -> dict[str, str]:
        """A digest of every table but that of the runs themselves."""
        with self.world.owner.connect() as connection:
            return {str(name): str(digest) for name, digest in connection.execute(text(_standing()))}


@cache
def _standing() -> str:
    """One question for all tables: asked for each of them by itself, it is asked a hundred times a role."""
    digest = "encode(sha256(convert_to(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), ''), 'UTF8')), 'hex')"
    names = {name: ".".join(f'"{part}"' for part in name.split(".")) for name in metadata().tables}
    asked = [f"SELECT '{name}', {digest} FROM {quoted} t" for name, quoted in names.items() if name != "base.run"]
    return " UNION ALL ".join(asked)


#: Each kind: the arguments that name foreign rows, one line a way to ask for them.
CASES: dict[str, Callable[[Foreign], list[dict[str, str]]]] = {
    "intake": lambda foreign: [
        {"file": foreign.keys["file"], "division": foreign.keys["division"], "source": "x"},
        {"file": foreign.keys["file"], "division": foreign.keys["own"], "source": "x"},
        {"file": foreign.keys["own file"], "division": foreign.keys["division"], "source": "x"},
    ],
    "derive": lambda foreign: [{"division": foreign.keys["division"]}, {"division": foreign.keys["county"]}],
    "edition": lambda foreign: [
        {"file": foreign.keys["list"], "division": foreign.keys["county"], **SAID},
        {"file": foreign.keys["list"], "division": foreign.keys["own"], **SAID},
        {"file": foreign.keys["own list"], "division": foreign.keys["county"], **SAID},
        {"division": foreign.keys["county"], "packaged": "yes"},
    ],
    "scope": lambda foreign: [
        {"division": foreign.keys["division"], "within_m": "400"},
        {"division": foreign.keys["county"], "within_m": "400"},
    ],
    "plan": lambda foreign: [
        {"division": foreign.keys["division"], "batch": ""},
        {"division": foreign.keys["division"], "batch": foreign.keys["batch"]},
        {"division": foreign.keys["county"], "batch": ""},
    ],
    "recheck": lambda foreign: [{"division": foreign.keys["division"]}, {"division": foreign.keys["county"]}],
    "release": lambda foreign: [{"order": foreign.keys["order"]}],
    "undo": lambda foreign: [{"act": foreign.keys["act"]}],
    "withdraw": lambda foreign: [{"intake": foreign.keys["intake"], "version": "1"}],
}
#: Who could do it, and with which of the lines above.
RIGHTFUL = {
    "intake": (Role.COUNTY_OFFICER, 0),
    "derive": (Role.COUNTY_OFFICER, 0),
    "scope": (Role.COUNTY_OFFICER, 0),
    "edition": (Role.COUNTY_OFFICER, 0),
    "plan": (Role.TOWN_OFFICER, 1),
    "recheck": (Role.COUNTY_OFFICER, 0),
    "release": (Role.COUNTY_OFFICER, 0),
    "undo": (Role.COUNTY_OFFICER, 0),
    "withdraw": (Role.COUNTY_OFFICER, 0),
}


@pytest.fixture(scope="module")
def begin() -> Callable[[World], dict[str, str]]:
    return with_foreign_rows


def with_foreign_rows(world: World) -> dict[str, str]:
    """What lies in the other county, by outside keys."""
    keys = {
        "file": kept(world, FOREIGN_TOWN, SECRET),
        "own file": kept(world, STAND, "本镇自有"),
        "list": kept(world, FOREIGN_TOWN, SECRET, f"code,name\n990103100200,{SECRET}\n"),
        "own list": kept(world, STAND, "本镇自有", "code,name\n990102100200,甲村\n"),
        "division": uid_of(world, FOREIGN_TOWN),
        "county": uid_of(world, FOREIGN_COUNTY),
        "own": uid_of(world, STAND),
    }
    build_name(world, build_street(world, FOREIGN))
    with world.owner.begin() as connection:
        somebody = world.person(Role.COUNTY_OFFICER, FOREIGN_COUNTY)
        maker = Maker(connection, somebody=somebody)
        maker.make("intake.segment", world.places[FOREIGN])
        intake = maker.make("intake.intake", world.places[FOREIGN], state="applied", source=SECRET)
        maker.make("naming.proposal", world.places[FOREIGN], words="明德路")  # nobody has checked it
    sign = build_sign(world, build_street(world, FOREIGN, [(0, 900), (200, 900)]), state="ordered")
    batch = build_batch(world, [FOREIGN], FOREIGN_COUNTY, title=SECRET)
    order = build_order(world, [sign], FOREIGN_COUNTY, state="draft")
    run(world, 'UPDATE printing."order" SET number = :n WHERE id = :id', n=SECRET, id=order)
    with world.office.acting(somebody, via="test") as session:
        session.execute(text("UPDATE milestones.batch SET title = title || '!' WHERE id = :id"), {"id": batch})
        keys["act"] = str(current_act(session))
    keys["intake"] = str(run(world, "SELECT uid FROM intake.intake WHERE id = :id", id=intake))
    keys["batch"] = str(run(world, "SELECT uid FROM milestones.batch WHERE id = :id", id=batch))
    keys["order"] = str(run(world, 'SELECT uid FROM printing."order" WHERE id = :id', id=order))
    return keys


@pytest.fixture
def foreign(world: World) -> Iterator[Foreign]:
    yield from _lying(world)


@pytest.fixture(scope="module")
def shared_foreign(shared_world: World) -> Iterator[Foreign]:
    """For those who are refused: each test says that nothing changed."""
    yield from _lying(shared_world)


def _lying(world: World) -> Iterator[Foreign]:
    queue = create_engine(world.settings.url_of(QUEUE), isolation_level="AUTOCOMMIT")
    yield Foreign(world, queue, world.found)
    queue.dispose()


def kept(world: World, place: str, name: str, table: str = "") -> str:
    """A survey, or a table, kept by the officer of that town; its outside key."""
    officer = world.person(Role.TOWN_OFFICER, place)
    with world.office.acting(officer, via="test") as session:
        file = keep(
            session,
            open_store(world.settings.files),
            division_id=world.places[place],
            data=table.encode() or survey(name=f"{name}庄", shift=0.02),
            media_type="application/octet-stream",
            name=f"{name}.csv" if table else f"{name}.geojson",
            purpose="intake",
            owner_id=officer,
        )
        return str(file.uid)


def test_every_kind_of_work_is_walked(template: Settings):
    assert set(kinds(template, Clock(NOON))) == set(CASES) == set(RIGHTFUL)


@pytest.mark.parametrize("kind", CASES)
def test_a_run_asked_for_by_a_stranger_is_refused_and_touches_and_tells_nothing(shared_foreign: Foreign, kind: str):
    foreign = shared_foreign
    people = {role: foreign.world.person(role, STAND) for role in Role}
    before = foreign.standing()
    for role, person in people.items():
        for args in CASES[kind](foreign):
            if role not in STARTING:
                with pytest.raises(NotAllowed):
                    foreign.asked(person, kind, args)
                continue
            end = foreign.ended(person, kind, args)
            assert end["state"] == "failed", (role, args)
            assert '"refusal"' in end["result"]
            for accident in (UNEXPECTED, UNKNOWN_KIND):
                assert accident.partition("{")[0] not in end["message"], (role, args)
            assert SECRET not in end["message"] + end["result"], (role, args)
        assert foreign.standing() == before, role


@pytest.mark.parametrize("kind", CASES)
def test_the_same_run_asked_for_by_who_may_is_done(foreign: Foreign, kind: str):
    """What the strangers asked for was there, and the arguments were right."""
    role, line = RIGHTFUL[kind]
    before = foreign.standing()
    place = FOREIGN_COUNTY if role is Role.COUNTY_OFFICER else FOREIGN_TOWN
    end = foreign.ended(foreign.world.person(role, place), kind, CASES[kind](foreign)[line])
    assert end["state"] == "done", end
    assert foreign.standing() != before

"""Everything that can be done, by everyone, here and elsewhere: the policies against the rights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from app.base.models import Role
from tests.conftest import World
from tests.rules.rows import OWN, Maker, protected, signed

VERBS = {"read": "SELECT", "create": "INSERT", "change": "UPDATE", "remove": "DELETE"}
#: The two places where everyone stands in turn, with a village that is theirs and one that is not.
STANDS = [("南镇", "甲村", "丁村"), ("东县", "丙村", "丁村")]
#: Tables whose rows belong to no place.
NOWHERE = {"base.setting", "naming.list", "naming.entry"}
FORBIDDEN, REFERENCED = "42501", "23503"


@dataclass
class Filled:
    """A world with a row of every table in three villages; ``rows[table]`` gives (key, village, whose)."""

    world: World
    rights: dict[tuple[str, str, str], str]
    granted: set[tuple[str, str]]
    rows: dict[str, list[tuple[int, str, int]]] = field(default_factory=dict)
    new: dict[tuple[str, str, int], dict[str, Any]] = field(default_factory=dict)
    somebody: int = 0


@pytest.fixture(scope="module")
def filled(shared_world: World) -> Filled:
    """Made and committed by the owner, who proves at the end that each row is there."""
    somebody = shared_world.person(Role.CREW, "市")
    people = [shared_world.person(role, stand) for role in Role for stand, _, _ in STANDS]
    with shared_world.owner.begin() as connection:
        rights = {
            (row.role, row.subject, row.act): row.reach
            for row in connection.execute(text('SELECT role, subject, act, reach FROM base."right"'))
        }
        granted = {
            (name, act)
            for name in protected()
            for act, verb in VERBS.items()
            if connection.scalar(text("SELECT has_table_privilege('minglu_office', :t, :v)"), {"t": name, "v": verb})
        }
        made = Filled(shared_world, rights, granted, somebody=somebody)
        maker = Maker(connection, somebody=somebody)
        for name in protected():
            made.rows[name] = [_make(made, maker, name, place, somebody) for place in ("甲村", "丙村", "丁村")]
            made.rows[name] += [_make(made, maker, name, "丁村", person) for person in _owners(made, name, people)]
    return made


def _owners(made: Filled, name: str, people: list[int]) -> list[int]:
    """Those whose role reaches for what is its own in this table; the crew and the makers, mostly."""
    roles = {role for role, subject, _ in made.rights if subject == name}
    own = {role for role in roles if "own" in {made.rights.get((role, name, act)) for act in VERBS}}
    return [person for (role, _), person in made.world.people.items() if role.value in own and person in people]


def _make(made: Filled, maker: Maker, name: str, place: str, whose: int) -> tuple[int, str, int]:
    division = made.world.places[place]
    column = OWN.get(name)
    if column == "id":
        key = whose if whose != made.somebody else maker.make(name, division)
        made.new[name, place, whose] = maker.values(name, division)
        home = next(stand for (_, stand), person in made.world.people.items() if person == whose)
        return (key, place if key != whose else home, key)
    given = {column: whose} if column else {}
    made.new[name, place, whose] = maker.values(name, division, **given)
    return (maker.make(name, division, **given), place, whose)


def covers(made: Filled, stand: str, place: str) -> bool:
    """Whether a village lies in a territory, by the tree that the world was made of."""
    below = {"南镇": {"南镇", "甲村", "乙村"}, "东县": {"东县", "南镇", "北镇", "甲村", "乙村", "丙村"}}
    return place in below[stand]


@dataclass(frozen=True)
class Someone:
    """A role standing somewhere."""

    role: str
    stand: str
    id: int


def expected(made: Filled, who: Someone, name: str, act: str, row: tuple[str, int]) -> bool:
    """What base.right says of one act on one row; nothing is changed or removed that cannot be read."""
    if (name, act) not in made.granted:
        return False
    if act in {"change", "remove"} and not expected(made, who, name, "read", row):
        return False
    place, whose = row
    reach = made.rights.get((who.role, name, act))
    if name in NOWHERE:  # belongs to no place: only who reaches for all has it, and nobody here is at the top
        return reach == "all"
    return (
        reach == "all"
        or (reach == "territory" and covers(made, who.stand, place))
        or (reach == "own" and name in OWN and whose == who.id and (act != "create" or covers(made, who.stand, place)))
    )


@pytest.fixture(params=[(role, stand) for stand, _, _ in STANDS for role in Role], ids=lambda p: f"{p[0].value}")
def who(request: pytest.FixtureRequest, filled: Filled) -> Someone:
    role, stand = request.param
    return Someone(role.value, stand, filled.world.person(role, stand))


@pytest.fixture
def office(who: Someone, filled: Filled) -> Iterator[Connection]:
    """A connection as the staff role and the person; nothing that it does is kept."""
    with filled.world.office.engine.connect() as connection:
        connection.execute(text("SELECT set_config('minglu.person', :p, true)"), {"p": str(who.id)})
        yield connection
        connection.rollback()


def attempt(connection: Connection, statement: Any) -> bool:
    """Whether the database lets it through. A foreign key that holds afterwards means that the policy let it."""
    point = connection.begin_nested()
    try:
        return bool(connection.execute(statement).rowcount)
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state not in {FORBIDDEN, REFERENCED}:
            raise
        return state == REFERENCED
    finally:
        point.rollback()


def _bare_insert(name: str, values: dict[str, Any]) -> Any:
    """Without the RETURNING that SQLAlchemy adds, which would ask for the right to read as well."""
    return insert(protected()[name]).values(values).inline()


def test_every_row_is_there(filled: Filled):
    with filled.world.owner.connect() as connection:
        for name, rows in filled.rows.items():
            table = protected()[name]
            keys = {key for key, _, _ in rows}
            assert set(connection.scalars(select(table.c.id).where(table.c.id.in_(keys)))) == keys, name
            assert len(rows) >= 3, name


def test_everyone_reads_what_the_rights_say_and_no_more(filled: Filled, who: Someone, office: Connection):
    for name, rows in filled.rows.items():
        table = protected()[name]
        wanted = {key for key, village, whose in rows if expected(filled, who, name, "read", (village, whose))}
        if (name, "read") not in filled.granted:
            assert not attempt(office, select(table.c.id))
            continue
        seen = set(office.scalars(select(table.c.id).where(table.c.id.in_([key for key, _, _ in rows]))))
        assert seen == wanted, (name, who)


def test_everyone_changes_what_the_rights_say_and_no_more(filled: Filled, who: Someone, office: Connection):
    for name, rows in filled.rows.items():
        table = protected()[name]
        for key, place, whose in rows:
            wanted = expected(filled, who, name, "change", (place, whose))
            change = update(table).where(table.c.id == key).values(recorded_at=table.c.recorded_at)
            assert attempt(office, change) == wanted, (name, place, who)


def test_nobody_pushes_a_row_out_of_their_territory(filled: Filled, who: Someone, office: Connection):
    for name, rows in filled.rows.items():
        table = protected()[name]
        if "division_id" not in table.c or filled.rights.get((who.role, name, "change")) == "all":
            continue
        for key, _place, _whose in rows[:2]:
            push = update(table).where(table.c.id == key).values(division_id=filled.world.places["西县"])
            assert not attempt(office, push), (name, who)


def test_everyone_removes_what_the_rights_say_and_no_more(filled: Filled, who: Someone, office: Connection):
    for name, rows in filled.rows.items():
        table = protected()[name]
        for key, place, whose in rows:
            wanted = expected(filled, who, name, "remove", (place, whose))
            assert attempt(office, delete(table).where(table.c.id == key)) == wanted, (name, place, who)


def test_everyone_creates_what_the_rights_say_and_no_more(filled: Filled, who: Someone, office: Connection):
    for (name, place, whose), values in filled.new.items():
        wanted = expected(filled, who, name, "create", (place, whose))
        mine = signed(name, values, who.id)
        assert attempt(office, _bare_insert(name, mine)) == wanted, (name, place, who)


def test_nobody_and_who_was_set_inactive_see_and_write_nothing(filled: Filled):
    world = filled.world
    left = world.person(Role.ADMINISTRATOR, "西县")
    with world.office.acting(left, via="test") as session:
        changed: Any = session.execute(text("UPDATE base.setting SET source = 'seen' WHERE false"))
        assert changed.rowcount == 0
        assert len(session.execute(text("SELECT 1 FROM history.entry LIMIT 5")).all()) == 5
        session.execute(text("SELECT base.enqueue('nothing', '{}')"))
    with world.owner.begin() as connection:
        connection.execute(text("UPDATE base.person SET active = false WHERE id = :id"), {"id": left})
    for person in (str(left), ""):
        with world.office.engine.connect() as connection:
            connection.execute(text("SELECT set_config('minglu.person', :p, true)"), {"p": person})
            for name in [*protected(), "base.run", "history.entry", 'base."right"', "history.undoable"]:
                quoted = name if '"' in name else ".".join(f'"{part}"' for part in name.split("."))
                assert connection.execute(text(f"SELECT 1 FROM {quoted} LIMIT 1")).all() == [], name
            for (name, _, _), values in filled.new.items():
                assert not attempt(connection, _bare_insert(name, values)), name
            connection.rollback()


@pytest.mark.parametrize("which", ["public", "queue"])
def test_the_public_and_the_queues_role_touch_no_table(filled: Filled, which: str):
    engine = (filled.world.public if which == "public" else filled.world.queue).engine
    with engine.connect() as connection:
        for name, table in protected().items():
            key = filled.rows[name][0][0]
            values = next(new for (held, _, _), new in filled.new.items() if held == name)
            for statement in (
                select(table.c.id),
                update(table).where(table.c.id == key).values(recorded_at=table.c.recorded_at),
                delete(table).where(table.c.id == key),
                _bare_insert(name, values),
            ):
                assert not attempt(connection, statement), (which, name)
        connection.rollback()

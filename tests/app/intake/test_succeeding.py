"""What an officer confirmed comes true: places end and have successors, and all that stands in them follows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.base.errors import Conflict, Invalid, NotAllowed
from app.base.history import current_act, entries_of, seal, undo, verify
from app.base.models import Division, Role, Succession
from app.base.people import actor_of
from app.intake import succeeding
from app.intake.models import ChangeState, Edition, Intake, Segment
from app.intake.steps import undo_intake
from app.inventory.models import Street
from app.milestones.models import BatchVillage
from app.naming.models import Name
from app.planning.models import Sign
from app.printing.models import Code
from tests.app.builders import insert, run
from tests.app.succession import (
    CODES,
    DAY,
    KEEPS,
    MERGED,
    NORTH,
    SOUTH,
    Scene,
    bearer,
    bearers,
    changes,
    with_codes,
)
from tests.world import World


@pytest.fixture(scope="module")
def begin() -> Callable[[World], Any]:
    return with_codes


def test_what_stands_in_merged_villages_follows_with_its_history_and_comes_back(scene: Scene) -> None:
    scene.officer()
    before = scene.standing()
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, MERGED)
        (change,) = changes(session, edition).values()
        assert (change.kind, change.certainty) == ("merged", "likely")
    compared = scene.standing()
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = session.get_one(Edition, edition.id)
        assert scene.confirm(session, edition, CODES["甲村"]) == 1
        act = followed(session, scene)
    seal(scene.world.queue, scene.world.clock)
    with scene.world.queue.nobody(via="test") as session:
        assert verify(session) == []
    with scene.world.office.acting(scene.officer(), via="test") as session:
        assert undo(session, scene.world.clock, actor_of(session, scene.officer()), act) > 0
    after = scene.standing()
    assert {name for name in after if after[name] != compared[name]} == set()
    assert {name for name in after if after[name] != before[name]} == {"intake.edition", "intake.change"}


def followed(session: Session, scene: Scene) -> UUID:
    """All that stood in 甲村 and 乙村 stands in the successor, with its history; the act that moved it."""
    new = bearer(session, "990102100301")
    assert (new.name, new.since_on, new.parent_id) == ("甲乙新村委会", DAY, scene.world.places["南镇"])
    rows: list[Street | Name | Sign | Code] = []
    for found in (select(Street), select(Name), select(Sign), select(Code)):
        rows += session.scalars(found).all()
    assert len(rows) == 8
    assert {(row.division_id, row.territory) for row in rows} == {(new.id, new.path)}
    members = session.scalars(select(BatchVillage).order_by(BatchVillage.id)).all()
    assert [(each.division_id == new.id, each.left_on is None) for each in members] == [(True, True), (False, False)]
    for village in ("甲村", "乙村"):
        old = session.get_one(Division, scene.world.places[village])
        assert old.until_on == DAY
        link = session.scalars(select(Succession).where(Succession.predecessor_id == old.id)).one()
        assert (link.division_id, link.kind, link.code, link.name) == (new.id, "merged", CODES[village], village)
    entries = entries_of(session, "inventory.street", scene.streets["甲村"])
    assert [entry.op for entry in entries][0 :: len(entries) - 1] == ["update", "insert"]
    assert entries[0].act is not None
    return entries[0].act


def test_a_place_that_only_changed_its_name_or_town_stays_itself(scene: Scene) -> None:
    rows = [
        f"990102100200,甲家村,{SOUTH}".replace("甲家村", "甲村委会"),
        f"990102100201,乙村,{SOUTH}",
        f"990102101200,丙村,{NORTH}",
        f"990102101205,丁村,{NORTH}",
    ]
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, rows)
        told = {code: each.kind for code, each in changes(session, edition).items()}
        assert told == {
            CODES["甲村"]: "renamed",
            CODES["丁村"]: "moved",
            CODES["中镇"]: "abolished",
            CODES["西县"]: "abolished",
        }
        scene.confirm(session, edition, CODES["甲村"], CODES["丁村"])
        renamed, moved = (session.get_one(Division, scene.world.places[place]) for place in ("甲村", "丁村"))
        assert (renamed.name, renamed.until_on) == ("甲村委会", None)
        assert moved.parent_id == scene.world.places["北镇"]
        assert bearer(session, "990102101205").id == moved.id
        assert session.get_one(Street, scene.streets["甲村"]).division_id == renamed.id
        former = session.scalars(
            text("SELECT * FROM base.find_former('丁村', CAST(:top AS ltree))"), {"top": moved.path}
        ).all()
        assert len(former) == 1
        assert bearers(session, CODES["丁村"]) == [moved.id]
        with pytest.raises(Conflict, match="settled already"):
            scene.confirm(session, edition, CODES["甲村"])


def test_what_is_abolished_and_holds_something_needs_a_successor_that_an_officer_names(scene: Scene) -> None:
    rows = [f"990102100201,乙村,{SOUTH}", *KEEPS]
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, rows)
        with pytest.raises(Conflict, match=r"甲村 still holds \d+ records"):
            scene.confirm(session, edition, CODES["甲村"])
        session.rollback()
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, rows)
        with pytest.raises(Invalid, match="no division of the register"):
            scene.confirm(session, edition, CODES["甲村"], into="990102100999")
        scene.confirm(session, edition, CODES["甲村"], into=CODES["乙村"])
        assert session.get_one(Street, scene.streets["甲村"]).division_id == scene.world.places["乙村"]
        links = session.scalars(select(Succession)).all()
        assert [(link.kind, link.clues[-1]) for link in links] == [("merged", "said")]


def test_a_successor_that_is_new_itself_is_founded_along(scene: Scene) -> None:
    rows = [f"990102100301,千都苑新村委会,{SOUTH}", f"990102100302,万安居新村委会,{SOUTH}", *KEEPS]
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, rows)
        with pytest.raises(Conflict, match="Say which division 甲村 went into"):
            scene.confirm(session, edition, CODES["甲村"])
        assert scene.confirm(session, edition, CODES["甲村"], CODES["乙村"], into="990102100302") == 3
        assert session.get_one(Street, scene.streets["乙村"]).division_id == bearer(session, "990102100302").id
        states = {code: each.state for code, each in changes(session, edition).items()}
        assert states["990102100302"] == ChangeState.CONFIRMED.value
        assert states["990102100301"] == ChangeState.OPEN.value


def test_a_code_used_again_means_another_place_and_the_old_one_is_still_found_by_it(scene: Scene) -> None:
    rows = [f"990102100200,康博公馆村委会,{SOUTH}", f"990102100201,乙村,{SOUTH}", *KEEPS]
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, rows)
        (change,) = changes(session, edition).values()
        assert change.kind == "reused"
        scene.confirm(session, edition, CODES["甲村"], into=CODES["乙村"])
        new = bearer(session, CODES["甲村"])
        assert (new.name, new.id != scene.world.places["甲村"]) == ("康博公馆村委会", True)
        assert bearers(session, CODES["甲村"]) == [scene.world.places["甲村"], new.id]


def test_an_officer_confirms_what_lies_in_her_territory_and_nothing_else(scene: Scene) -> None:
    rows = [f"990102100301,甲乙新村委会,{SOUTH}", f"990102101200,丙村,{NORTH}", f"990102101205,丁村,{NORTH}"]
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, rows)
        key = edition.id
    east = scene.officer(Role.COUNTY_OFFICER, "东县")
    with scene.world.office.acting(east, via="test") as session:
        assert scene.confirm(session, session.get_one(Edition, key), CODES["甲村"], by=east) == 1
        act = session.scalars(text("SELECT current_setting('minglu.act')")).one()
    with scene.world.office.acting(east, via="test") as session:
        assert CODES["丁村"] not in changes(session, session.get_one(Edition, key)), "it moves between counties"
    town = scene.officer(Role.TOWN_OFFICER, "南镇")
    with pytest.raises(NotAllowed), scene.world.office.acting(town, via="test") as session:
        scene.confirm(session, session.get_one(Edition, key), CODES["甲村"], by=town)
    west = scene.officer(Role.COUNTY_OFFICER, "西县")
    with pytest.raises(NotAllowed), scene.world.office.acting(west, via="test") as session:
        succeeding.take_back(session, act=act)


def test_what_was_built_on_since_stands_in_the_way_of_taking_it_back(scene: Scene) -> None:
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, MERGED)
    with scene.world.office.acting(scene.officer(), via="test") as session:
        scene.confirm(session, session.get_one(Edition, edition.id), CODES["甲村"])
        act = session.scalars(text("SELECT current_setting('minglu.act')")).one()
        new = bearer(session, "990102100301")
    insert(
        scene.world,
        "planning.post",
        division_id=new.id,
        point="SRID=4490;POINT(116.3 37.4)",
        planned_on=DAY,
    )
    with (
        pytest.raises(Conflict, match="changed again since"),
        scene.world.office.acting(scene.officer(), via="test") as session,
    ):
        succeeding.take_back(session, act=act)


def test_a_file_that_was_undone_since_stands_in_nobodys_way(scene: Scene) -> None:
    """Its lines are gone with it, and what is gone was not changed."""
    file = insert(
        scene.world,
        "intake.intake",
        division_id=scene.world.places["甲村"],
        source="补测",
        datum="EPSG:4490",
        taken_on=DAY,
        **dict.fromkeys(("rows", "accepted"), 1),
        **dict.fromkeys(("repaired", "duplicate", "rejected", "ignored"), 0),
    )
    insert(
        scene.world,
        "intake.segment",
        division_id=scene.world.places["甲村"],
        intake_id=file,
        key="1",
        line="SRID=4490;LINESTRING(116.3 37.4, 116.301 37.4)",
        length_m=88.0,
        geometry_source="survey",
        digest="of the undone file",
        surveyed_on=DAY,
    )
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, MERGED)
    with scene.world.office.acting(scene.officer(), via="test") as session:
        scene.confirm(session, session.get_one(Edition, edition.id), CODES["甲村"])
        act = session.scalars(text("SELECT current_setting('minglu.act')")).one()
        merged = bearer(session, "990102100301").id
    with scene.world.office.acting(scene.officer(), via="test") as session:
        intake = session.get_one(Intake, file)
        assert intake.division_id == merged
        undo_intake(session, intake=intake)
    with scene.world.office.acting(scene.officer(), via="test") as session:
        assert succeeding.take_back(session, act=act) > 0
    with scene.world.office.acting(scene.officer(), via="test") as session:
        intake = session.get_one(Intake, file)
        assert (intake.division_id, intake.state) == (scene.world.places["甲村"], "undone")
        assert session.scalars(select(Segment).where(Segment.intake_id == file)).all() == []
        assert session.get_one(Division, scene.world.places["甲村"]).until_on is None


def test_progress_counts_the_successor_once_and_tells_earlier_days_as_they_were(scene: Scene) -> None:
    run(scene.world, "UPDATE milestones.batch_village SET joined_on = '2024-02-01'")
    figures = text(
        "SELECT sum(villages) AS villages, sum(villages_batched) AS batched, sum(streets_in_scope) AS streets,"
        " sum(signs_planned) AS signs FROM tracking.progress(:day, 'place', '{town}', NULL, 'village')"
        " WHERE name = '南镇'"
    )

    def told(session: Session, day: date) -> tuple[Any, ...]:
        return tuple(int(n) for n in session.execute(figures, {"day": day}).one())

    days = [date(2024, 6, 15), date(2024, 7, 1)]
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, MERGED)
        before = [told(session, day) for day in days]
        assert before[0][:2] == (2, 2)
        scene.confirm(session, edition, CODES["甲村"])
        after = [told(session, day) for day in days]
    assert after[0] == before[0]
    assert after[1] == (1, 1, *before[1][2:])


def test_refused_changes_leave_the_register_alone(scene: Scene) -> None:
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, MERGED)
        succeeding.refuse(session, scene.world.clock, changes=list(changes(session, edition).values()))
        assert {each.state for each in changes(session, edition).values()} == {ChangeState.REFUSED.value}
        assert session.get_one(Division, scene.world.places["甲村"]).until_on is None
        newer = scene.handed(session, [*MERGED, f"990102100302,三村委会,{SOUTH}"], day=date(2024, 7, 1))
        assert re.match("202", newer.title)
        assert all(each.state == "open" for each in changes(session, newer).values())


def test_a_village_goes_into_no_town_and_takes_nobody_there(scene: Scene) -> None:
    contact = scene.world.person(Role.VILLAGE_CONTACT, "甲村")
    rows = [f"990102100201,乙村,{SOUTH}", *KEEPS]
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, rows)
        with pytest.raises(Invalid, match="another level"):
            scene.confirm(session, edition, "990102100200", into="990102")
    values = {"old": scene.world.places["甲村"], "new": scene.world.places["东县"], "by": scene.officer()}
    with pytest.raises(NotAllowed), scene.world.office.acting(scene.officer(), via="test") as session:
        session.execute(
            text(
                "INSERT INTO base.succession (predecessor_id, division_id, kind, system, code, name, succeeded_on,"
                " confirmed_by) VALUES (:old, :new, 'merged', 'statistics', '1234', 'x', '2024-01-01', :by)"
            ),
            values,
        )
    assert run(scene.world, "SELECT division_id FROM base.person WHERE id = :id", id=contact) == values["old"]


def test_a_list_of_a_town_changes_nothing_around_it(scene: Scene) -> None:
    rows = [f"990102100200,甲新村,{SOUTH}", f"990102100201,乙村,{SOUTH}"]
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, rows, place="南镇")
        assert {(each.kind, each.code) for each in changes(session, edition).values()} == {("renamed", "990102100200")}


def test_an_act_that_somebody_names_in_a_change_is_no_key_to_other_rows(scene: Scene) -> None:
    """Somebody is let go; an officer says that this was done by a change of hers, and takes it back."""
    left = scene.world.person(Role.CREW, "南镇")
    with scene.world.office.acting(scene.world.person(Role.ADMINISTRATOR, "市"), via="test") as session:
        session.execute(text("UPDATE base.person SET active = false WHERE id = :id"), {"id": left})
        act = UUID(session.scalars(text("SELECT current_setting('minglu.act')")).one())
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, [f"990102100200,甲新村,{SOUTH}", f"990102100201,乙村,{SOUTH}", *KEEPS])
        change = changes(session, edition)["990102100200"]
        change.state, change.in_act, change.settled_on = ChangeState.CONFIRMED.value, act, DAY
        session.flush()
        with pytest.raises((NotAllowed, Conflict)):
            succeeding.take_back(session, act=act)
        session.rollback()
    assert run(scene.world, "SELECT active FROM base.person WHERE id = :id", id=left) is False


@pytest.mark.parametrize(("role", "place"), [(Role.CITY_OFFICER, "市"), (Role.COUNTY_OFFICER, "东县")])
def test_people_go_along_with_their_village_and_come_back(scene: Scene, role: Role, place: str) -> None:
    """Who may change nobody says what became of the place; the people who stand there go with it."""
    contact, officer = scene.world.person(Role.VILLAGE_CONTACT, "甲村"), scene.world.person(role, place)
    home = "SELECT division_id FROM base.person WHERE id = :id"
    with scene.world.office.acting(scene.officer(), via="test") as session:
        edition = scene.handed(session, MERGED)
    with scene.world.office.acting(officer, via="test") as session:
        edition = session.get_one(Edition, edition.id)
        assert scene.confirm(session, edition, CODES["甲村"], by=officer) == 1
        moved, act = bearer(session, "990102100301").id, current_act(session)
    assert run(scene.world, home, id=contact) == moved
    with scene.world.office.acting(officer, via="test") as session:
        assert undo(session, scene.world.clock, actor_of(session, officer), act) > 0
    assert run(scene.world, home, id=contact) == scene.world.places["甲村"]

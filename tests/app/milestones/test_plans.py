"""Plans of a year: made, changed, moved by hand, compared, accepted: as steps and through the pages."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.base.errors import Conflict, Invalid, NotAllowed
from app.base.models import Division, Role
from app.milestones import queries, steps
from app.milestones.logic import DEFAULT_FIGURES, DEFAULT_WEIGHTS, Part, propose
from app.milestones.models import Batch, Plan
from app.milestones.schemas import FIGURES
from app.milestones.steps import Draft
from tests.app.builders import build_batch, build_street, build_target, run, set_setting
from tests.app.pages import Office, Person, seen_in, uid_of, uids_in, version_in
from tests.world import World

DUE = date(2024, 12, 31)


def draft(quota: int = 2, title: str = "甲案", weights: Mapping[Part, float] | None = None) -> Draft:
    return Draft(2024, title, quota, {**DEFAULT_WEIGHTS, **(weights or {})}, DEFAULT_FIGURES)


def planned(world: World, quota: int = 2, place: str = "东县") -> int:
    with world.office.acting(world.person(Role.CITY_OFFICER, "市"), via="test") as session:
        home = session.get_one(Division, world.places[place])
        return steps.make_plan(session, world.clock, division=home, draft=draft(quota)).id


def taken(world: World, plan_id: int) -> list[str]:
    """Names of the villages that a plan takes just now."""
    with world.office.acting(world.person(Role.CITY_OFFICER, "市"), via="test") as session:
        plan = session.get_one(Plan, plan_id)
        every = queries.candidates(session, session.get_one(Division, plan.division_id))
        found = propose(every, plan.quota, weights=queries.weights_of(plan), hands=queries.hands_of(session, plan))
        return sorted(session.scalars(select(Division.name).where(Division.id.in_(found.villages))))


def test_villages_with_surveyed_streets_go_first_and_those_of_a_batch_are_done(world: World):
    build_street(world, "乙村")
    assert taken(world, planned(world, 1)) == ["乙村"]
    build_batch(world, ["乙村"])
    with world.office.acting(world.person(Role.CITY_OFFICER, "市"), via="test") as session:
        left = queries.candidates(session, session.get_one(Division, world.places["东县"]))
        assert world.places["乙村"] not in {one.village for one in left}
        assert world.places["甲村"] in {one.village for one in left}


def test_a_pilot_county_is_one_that_the_bureau_says(world: World):
    def pilots() -> set[str]:
        with world.office.acting(world.person(Role.CITY_OFFICER, "市"), via="test") as session:
            every = queries.candidates(session, session.get_one(Division, world.places["市"]))
            counties = {one.county for one in every if one.parts[Part.PILOT]}
            return set(session.scalars(select(Division.name).where(Division.id.in_(counties))))

    assert pilots() == set()
    set_setting(world, queries.PILOTS_SETTING, ["西县"])
    assert pilots() == {"西县"}


def test_a_village_moved_by_hand_stays_where_it_was_put_until_it_is_left_to_the_rule(world: World):
    build_street(world, "甲村")
    key = planned(world, 1)
    assert taken(world, key) == ["甲村"]
    for inside, found in ((False, None), (True, "甲村"), (None, "甲村")):
        with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
            plan, village = session.get_one(Plan, key), session.get_one(Division, world.places["甲村"])
            before = plan.version
            steps.move(session, world.clock, plan=plan, village=village, inside=inside)
            session.flush()
            assert plan.version > before, "who moved a village before has read another plan"
        assert ("甲村" in taken(world, key)) == (found is not None)
        assert len(taken(world, key)) == 1


def test_an_accepted_plan_opens_a_batch_in_each_county_and_is_decided(world: World):
    for village in ("甲村", "乙村"):
        build_street(world, village)
    key = planned(world, 2)
    with world.office.acting(world.person(Role.CITY_OFFICER, "市"), via="test") as session:
        plan = session.get_one(Plan, key)
        made = steps.accept_plan(
            session, world.clock, plan=plan, owner_id=world.person(Role.CITY_OFFICER, "市"), due_on=DUE
        )
        (batch,) = made
        assert (batch.title, batch.due_on, batch.division_id) == ("2024年第一批", DUE, world.places["东县"])
        assert {one.name for one in session.scalars(queries.villages_of(batch))} == {"甲村", "乙村"}
        assert batch.budget == Decimal("6600.00") + 2 * Decimal("3250.00")
        assert (plan.state, plan.decided_on) == ("accepted", world.clock.today())
        for again in (
            lambda: steps.change_plan(session, plan=plan, draft=draft()),
            lambda: steps.drop_plan(session, world.clock, plan=plan),
            lambda: steps.accept_plan(session, world.clock, plan=plan, owner_id=batch.owner_id, due_on=DUE),
        ):
            with pytest.raises(Conflict, match="decided"):
                again()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (draft(0), "quota"),
        (draft(title=" "), "title"),
        (draft(weights={Part.READY: -1.0}), "pilot"),
        (draft(weights=dict.fromkeys(Part, 0.0)), "pilot"),
    ],
)
def test_what_is_no_plan_is_refused_at_its_field(world: World, wrong: Draft, field: str):
    with world.office.acting(world.person(Role.CITY_OFFICER, "市"), via="test") as session:
        with pytest.raises(Invalid) as refusal:
            steps.make_plan(session, world.clock, division=session.get_one(Division, world.places["市"]), draft=wrong)
        assert refusal.value.field == field


def test_a_county_plans_for_itself_alone_and_a_town_not_at_all(world: World, office: Office):
    planned(world, 1, "西县")
    east = Person(office, Role.COUNTY_OFFICER, "东县")
    assert "甲案" not in east.reads("/milestones/plans")
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        assert session.scalars(select(Plan)).all() == []
    with (
        pytest.raises(NotAllowed),
        world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session,
    ):
        west = session.get_one(Division, world.places["西县"])
        steps.make_plan(session, world.clock, division=west, draft=draft())
    town = Person(office, Role.TOWN_OFFICER, "南镇")
    assert "市、县工作人员" in town.reads("/milestones/plans", 403)


FIELDS = ("year", "quota", *(part.value for part in Part), *FIGURES)


@pytest.fixture
def officer(world: World, office: Office) -> Person:
    """Of a county with three villages of one street each, two of which its next year wants."""
    for village in ("甲村", "乙村", "丙村"):
        build_street(world, village)
    build_target(world, "东县", year=2025, villages=2)
    return Person(office, Role.COUNTY_OFFICER, "东县")


def typed_in(page: str) -> dict[str, str]:
    """What the form of a new plan holds when it comes."""
    found = {name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page) for name in FIELDS}
    return {name: value[1] for name, value in found.items() if value}


def test_the_form_of_a_plan_holds_what_the_year_lacks_and_says_which_field_is_no_number(officer: Person):
    typed = typed_in(officer.reads("/milestones/plans"))
    assert (typed["year"], typed["quota"], typed["signs"]) == ("2025", "2", "1.8")
    sent = {**typed, "title": "甲案", "ready": "很多"}
    wrong = html.unescape(officer.sends("/milestones/plans", status=422, **sent).text)
    assert "“很多”不是数字" in wrong
    assert 'value="很多"' in wrong
    plan = officer.goes("/milestones/plans", **{**typed, "title": "甲案"})
    assert "甲案" in officer.reads("/milestones/plans")
    again = officer.sends("/milestones/plans", status=422, **{**typed, "title": "甲案"})
    assert "已有名为" in html.unescape(again.text)
    changed = {**typed, "title": "丙案", "quota": "1", "version": version_in(officer.reads(plan), f"{plan}/change")}
    assert officer.goes(f"{plan}/change", **changed) == plan
    assert officer.sends(f"{plan}/change", status=409, **changed).status_code == 409
    assert "丙案" in officer.reads(plan)


def test_two_plans_stand_side_by_side(officer: Person):
    typed = typed_in(officer.reads("/milestones/plans"))
    plans = [officer.goes("/milestones/plans", **{**typed, "title": f"{n}案", "quota": n}) for n in ("2", "3")]
    one, two = (each.rpartition("/")[2] for each in plans)
    compared = officer.reads(f"/milestones/plans/compare?one={one}&other={two}")
    assert "+1" in compared
    assert "2 个村在两个方案中都有" in compared


def test_a_village_is_moved_on_the_page_and_the_plan_is_accepted_as_it_was_read(world: World, officer: Person):
    plan = officer.goes("/milestones/plans", **{**typed_in(officer.reads("/milestones/plans")), "title": "甲案"})
    town = officer.reads(f"{plan}?town={uid_of(world, '南镇')}")
    assert "甲村" in town
    assert "按规则" not in town
    out = {"version": version_in(town, f"{plan}/move"), "village": uid_of(world, "甲村"), "to": "out"}
    officer.goes(f"{plan}/move", **out)
    assert officer.sends(f"{plan}/move", status=409, **out).status_code == 409
    assert "按规则" in officer.reads(f"{plan}?town={uid_of(world, '南镇')}")
    (seen,) = seen_in(officer.reads(f"{plan}/accept"))
    assert "请填写批次截止日" in officer.sends(f"{plan}/accept", status=422, seen=seen, due_on="").text
    officer.goes(f"{plan}/accept", seen=seen, due_on="2025-12-31")
    batch = uids_in(officer.reads("/milestones?year=2025"), "/milestones")[0]
    record = officer.reads(f"/milestones/{batch}")
    assert [name for name in ("甲村", "乙村", "丙村") if name in record] == ["乙村", "丙村"]
    assert run(world, "SELECT count(*) FROM milestones.batch") == 1


def test_a_plan_that_somebody_else_filled_meanwhile_is_not_accepted_unread(world: World, office: Office):
    for village in ("甲村", "乙村"):
        build_street(world, village)
    key = planned(world, 1)
    officer = Person(office, Role.COUNTY_OFFICER, "东县")
    plan = f"/milestones/plans/{run(world, 'SELECT uid FROM milestones.plan WHERE id = :id', id=key)}"
    (seen,) = seen_in(officer.reads(f"{plan}/accept"))
    build_batch(world, taken(world, key))
    assert officer.sends(f"{plan}/accept", status=409, seen=seen, due_on="2024-12-31").status_code == 409
    with world.office.acting(world.person(Role.CITY_OFFICER, "市"), via="test") as session:
        assert session.scalars(select(Batch.title).where(Batch.title.like("2024年%"))).all() == []

"""The demonstration in a small slice of the county, broken off once and taken up again."""

from __future__ import annotations

import dataclasses
import io
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import text

from app.base.db import Database
from app.base.errors import Conflict, NotFound
from app.base.files import open_store
from app.base.models import Role
from app.base.people import find_actor, log_in
from app.demonstration import load as loading
from app.demonstration.cast import Cast
from app.demonstration.load import TARGETS, load
from app.demonstration.people import LOGINS, PASSWORD, Place, logins, make_people
from app.demonstration.places import lay_out
from app.demonstration.rollout import first_share, picture
from app.demonstration.state import is_empty
from app.demonstration.stories import STORIES, deal
from app.intake.register import read_register
from tests.app.demonstration.conftest import DEPTH, quiet
from tests.conftest import World

pytestmark = pytest.mark.timeout(300)


def count(world: World, statement: str) -> dict[str, int]:
    with world.owner.connect() as connection:
        return {str(key): int(number) for key, number in connection.execute(text(statement))}


def states(world: World, table: str) -> set[str]:
    with world.owner.connect() as connection:
        return set(connection.execute(text(f"SELECT DISTINCT state FROM {table}")).scalars())


def test_a_loaded_demonstration_is_not_empty_and_says_so(demo: World) -> None:
    assert not is_empty(demo.settings)
    with demo.public.nobody(via="test") as session:
        assert session.scalar(text("SELECT demonstration FROM open.demonstration")) is True


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("milestones.batch", {"open", "closed"}),
        ("inventory.street", {"unnamed", "draft", "proposed", "approved", "in_force"}),
        ("naming.proposal", {"draft", "submitted", "returned", "approved", "in_force"}),
        ("planning.sign", {"planned", "ordered", "standing"}),
        ('printing."order"', {"draft", "released"}),
        ("rollout.job", {"open", "done"}),
        ("scanning.report", {"open", "closed"}),
        ("base.run", {"done", "failed", "cancelled"}),
        ("intake.edition", {"compared"}),
        ("intake.change", {"open"}),
    ],
)
def test_every_state_of_the_flow_is_there(demo: World, table: str, expected: set[str]) -> None:
    assert states(demo, table) == expected


def test_a_list_of_divisions_waits_to_be_decided_and_some_roads_are_new_ones(demo: World) -> None:
    kinds = count(demo, "SELECT kind, count(*) FROM intake.change GROUP BY 1")
    assert {"renamed", "merged"} <= set(kinds)
    assert count(demo, "SELECT stream, count(*) FROM inventory.street GROUP BY 1")["new_road"] == 6
    assert count(demo, "SELECT stream, sum(villages) FROM milestones.target GROUP BY 1") == {
        "village": 5_099,
        "new_road": 12,
    }


def test_every_street_is_marked_as_its_proposal_says(demo: World) -> None:
    apart = count(
        demo,
        "SELECT p.state || ' / ' || s.state, count(*) FROM naming.proposal p"
        " JOIN inventory.street s ON s.id = p.street_id"
        " WHERE (p.state, s.state) NOT IN (('draft', 'draft'), ('returned', 'draft'), ('submitted', 'proposed'),"
        " ('approved', 'approved'), ('in_force', 'in_force')) GROUP BY 1",
    )
    assert apart == {}


def test_a_decision_is_overdue_and_another_is_waiting(demo: World) -> None:
    with demo.owner.connect() as connection:
        due = connection.execute(
            text("SELECT due_on FROM naming.deadline WHERE kind = 'announce' AND done_on IS NULL ORDER BY due_on")
        ).scalars()
        days = list(due)
    assert days[0] < demo.clock.today() < days[-1]


def test_every_unit_of_the_county_has_a_generated_point_and_no_street_claims_more(demo: World) -> None:
    assert count(demo, "SELECT geometry_source, count(*) FROM base.division WHERE point IS NOT NULL GROUP BY 1") == {
        "generated": 139
    }
    for table in ("intake.segment", "intake.facility", "inventory.street"):
        assert set(count(demo, f"SELECT geometry_source, count(*) FROM {table} GROUP BY 1")) == {"generated"}


def test_the_chosen_villages_have_their_streets(demo: World) -> None:
    per_village = count(demo, "SELECT division_id, count(*) FROM inventory.street GROUP BY 1")
    assert len(per_village) == DEPTH
    assert 12 < sum(per_village.values()) / DEPTH < 24


def test_signs_are_scanned_and_proved_by_generated_photos(demo: World) -> None:
    scans = count(demo, "SELECT 'all', sum(scans) FROM scanning.scan_count")
    assert scans["all"] > 20
    standing = count(demo, "SELECT state, count(*) FROM planning.sign GROUP BY 1")["standing"]
    rejected = count(demo, "SELECT verdict, count(*) FROM rollout.inspection GROUP BY 1")["rejected"]
    assert count(demo, "SELECT 'all', count(*) FROM rollout.installation") == {"all": standing + rejected}


def test_some_installations_wait_for_the_inspector_and_others_were_accepted_or_rejected(demo: World) -> None:
    found = count(
        demo,
        "SELECT coalesce(i.verdict, 'waiting'), count(*) FROM rollout.installation n"
        " LEFT JOIN rollout.inspection i ON i.installation_id = n.id GROUP BY 1",
    )
    assert set(found) == {"accepted", "rejected", "waiting"}
    again = "SELECT state, count(*) FROM rollout.job WHERE redo_reason <> '' GROUP BY 1"
    assert count(demo, again) == {"open": found["rejected"]}


@pytest.mark.parametrize("login", ["village", "town"])
@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("inventory.street", {"unnamed", "draft", "proposed", "approved", "in_force"}),
        ("naming.proposal", {"draft", "returned", "submitted", "approved", "in_force"}),
        ("planning.sign", {"planned", "ordered", "standing"}),
        ("scanning.report", {"open", "closed"}),
    ],
)
def test_the_village_and_the_town_of_the_logins_have_every_state(
    demo: World, login: str, table: str, expected: set[str]
) -> None:
    scope = "AND in_scope" if table == "inventory.street" else ""
    assert set(count(demo, f"SELECT state, count(*) FROM {table} WHERE {_below(login)} {scope} GROUP BY 1")) == expected


def _below(login: str) -> str:
    return (
        "territory <@ (SELECT d.path FROM base.person p JOIN base.division d ON d.id = p.division_id"
        f" WHERE p.login = '{login}')"
    )


@pytest.mark.parametrize("login", ["village", "town"])
def test_the_logins_places_have_scans_and_names_that_want_signs(demo: World, login: str) -> None:
    assert count(demo, f"SELECT 'all', sum(scans) FROM scanning.scan_count WHERE {_below(login)}")["all"] > 0
    unsigned = "NOT EXISTS (SELECT 1 FROM planning.sign s WHERE s.name_id = n.id)"
    assert count(demo, f"SELECT 'all', count(*) FROM naming.name n WHERE {_below(login)} AND {unsigned}")["all"] > 0


@pytest.mark.parametrize("login", ["village", "town"])
def test_a_draft_of_an_open_batch_waits_for_the_logins_who_write_names(demo: World, login: str) -> None:
    person = count(demo, "SELECT login, id FROM base.person")[login]
    drafts = "SELECT count(*) FROM milestones.batch b JOIN naming.proposal p ON p.batch_id = b.id"
    with demo.office.acting(person, via="test") as session:
        assert session.scalar(text(f"{drafts} WHERE b.state = 'open' AND p.state = 'draft'")) > 0


def test_the_city_s_targets_are_there_with_their_source(demo: World) -> None:
    found = count(demo, "SELECT year, villages FROM milestones.target WHERE source LIKE '2024-04-08%'")
    assert found == {str(year): villages for year, villages in TARGETS}
    assert sum(found.values()) == 5_099


def test_people_of_every_role_can_sign_in(demo: World) -> None:
    roles = set()
    for login in LOGINS:
        token = log_in(demo.office, demo.clock, login=login.login, password=PASSWORD, address="test")
        actor = find_actor(demo.office, demo.clock, token)
        assert actor is not None
        roles.add(actor.role)
    assert roles == set(Role)


def test_the_logins_are_printed(demo: World) -> None:
    lines = logins(demo.settings)
    assert len(lines) == len(LOGINS)
    assert all(PASSWORD in line for line in lines)
    assert "乐陵市" in "".join(lines)


def test_loading_again_changes_nothing(demo: World) -> None:
    before = count(demo, "SELECT subject, count(*) FROM history.entry GROUP BY 1")
    load(demo.settings, demo.clock, tell=quiet, depth=DEPTH)
    after = count(demo, "SELECT subject, count(*) FROM history.entry GROUP BY 1")
    assert after == before


def test_the_rest_of_the_city_comes_town_by_town(demo: World) -> None:
    """With everything: a slice of another county, of which the register here has two towns of two villages each."""
    register = read_register()
    towns = tuple(unit for unit in register.towns if unit.parent == "371423")[:2]
    villages = tuple(v for town in towns for v in [u for u in register.villages if u.parent == town.code][:2])
    counties = tuple(unit for unit in register.counties if unit.code in {"371423", "371481"})
    slice_ = dataclasses.replace(register, counties=counties, towns=towns, villages=villages)
    laid_out = {unit.code: lay_out(register)[unit.code] for unit in villages}
    people = count(demo, "SELECT login, id FROM base.person")
    store = open_store(demo.settings.files)
    cast = Cast(demo.settings, demo.clock, demo.office, demo.public, store, people, quiet)
    first = loading._county(cast, "371481", officer="county")
    loading._everything(cast, slice_, laid_out, first=first)
    below = "SELECT state, count(*) FROM {} WHERE territory <@ (SELECT path FROM base.division WHERE name = '庆云县')"
    assert sum(count(demo, below.format("inventory.street") + " GROUP BY 1").values()) > 50
    assert count(demo, below.format("planning.sign") + " GROUP BY 1")["planned"] > 30
    assert "county-371423" in count(demo, "SELECT login, id FROM base.person")


def test_a_database_with_real_divisions_is_refused(world: World) -> None:
    assert not is_empty(world.settings)
    with pytest.raises(Conflict, match="in use"):
        load(world.settings, world.clock, tell=quiet)
    assert logins(world.settings) == []


def test_demonstration_people_are_refused_in_a_real_installation(world: World) -> None:
    admin = world.person(Role.ADMINISTRATOR, "市")
    with pytest.raises(Conflict, match="Demonstration logins"), world.office.acting(admin, via="test") as session:
        make_people(session, world.clock, places=dict.fromkeys(Place))  # type: ignore[arg-type]


def test_an_unknown_county_is_refused(world: World) -> None:
    with pytest.raises(NotFound, match="乐陵市"):
        load(world.settings, world.clock, tell=quiet, county="乐陵县")


def test_a_generated_picture_is_one_and_no_two_are_equal() -> None:
    assert picture("a") == picture("a") != picture("b")
    with Image.open(io.BytesIO(picture("a"))) as image:
        assert (image.format, image.size) == ("JPEG", (480, 320))


def test_signs_go_up_in_every_village_of_a_batch() -> None:
    assert first_share([(1, 7), (2, 7), (3, 7), (4, 7), (5, 7), (6, 8), (7, 8)], 0.6) == [1, 2, 3, 6]
    assert first_share([], 1.0) == []


@given(st.integers(0, 200))
def test_villages_are_dealt_out_in_order_and_none_twice(number: int) -> None:
    runs = [run for _, run in deal(range(number), STORIES)]
    assert [item for run in runs for item in run] == list(range(number))
    if number >= len(STORIES):
        assert all(runs)


def test_days_of_a_story_never_run_backwards() -> None:
    for story in STORIES:
        assert list(story.ago) == sorted(story.ago, reverse=True)
        assert len(story.ago) >= story.reach or not story.title


def test_the_cast_s_clock_stands_on_a_past_day(demo: World) -> None:
    cast = Cast(
        demo.settings, demo.clock, demo.office, Database(demo.settings), open_store(demo.settings.files), {}, quiet
    )
    cast.public.close()
    assert cast.on_day(3).today() == demo.clock.today() - timedelta(days=3)

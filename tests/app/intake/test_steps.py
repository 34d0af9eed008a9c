"""A survey comes in: whole, counted, once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from shapely import LineString, Point
from sqlalchemy import func, select, text

from app.base.errors import Conflict, Invalid, NotAllowed
from app.base.models import Division, Role
from app.intake.models import Facility as FacilityRow
from app.intake.models import Intake, IntakeRow, Repair, Segment
from app.intake.sameness import SAME, SAME_UNNAMED, Same
from app.intake.steps import Origin, open_bytes, take_in, undo_intake
from app.inventory.steps import derive
from gis.features import Centreline, Facility, FacilityKind, Others, RowReport, Survey, Verdict
from gis.formats import read_survey
from tests.app.intake.test_matching import add
from tests.surveys import X, Y, crossing
from tests.world import World


def take(
    world: World, survey: Survey, *, place: str = "中镇", role: Role = Role.COUNTY_OFFICER, home: str = "西县"
) -> dict:
    with world.office.acting(world.person(role, home), via="test") as session:
        division = session.get_one(Division, world.places[place])
        intake = take_in(session, world.clock, survey=survey, origin=Origin("survey.gpkg"), division=division)
        return {"id": intake.id, **{v.value: getattr(intake, v.value) for v in Verdict}, "rows": intake.rows}


def count(world: World, table: type) -> int:
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_every_row_ends_in_one_verdict_and_the_counts_add_up(world: World):
    taken = take(world, crossing())
    assert taken["rows"] == 5
    assert sum(taken[verdict.value] for verdict in Verdict) == 5
    assert taken["accepted"] == 5


def test_crossing_lines_are_stored_cut_at_their_crossing(world: World):
    take(world, crossing())
    assert count(world, Segment) == 6  # 3 of the east–west road, 2 of the north–south one, the lane


def test_the_point_of_a_village_in_the_file_stands_for_its_committee(world: World):
    take(world, crossing())
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        village = session.scalars(select(Division).where(Division.name == "丁村")).one()
        assert village.parent_id == world.places["中镇"]
        kinds = session.scalars(
            select(FacilityRow.kind).where(FacilityRow.division_id == village.id).order_by(FacilityRow.kind)
        )
        assert list(kinds) == ["committee", "shop"]


def test_sending_the_same_file_twice_changes_nothing(world: World):
    take(world, crossing())
    before = (count(world, Segment), count(world, FacilityRow), count(world, Division))
    again = take(world, crossing())
    assert (again["accepted"], again["duplicate"]) == (0, 5)
    assert (count(world, Segment), count(world, FacilityRow), count(world, Division)) == before


def shops(*found: tuple[str | None, float], kind: FacilityKind = FacilityKind.SHOP) -> Survey:
    """Facilities of one kind, each with its name and how many metres east of one place it was marked."""
    places = tuple(
        Facility(f"f/{n}", kind, name, Point(X + metres / 88_500, Y)) for n, (name, metres) in enumerate(found, start=1)
    )
    reports = tuple(RowReport(n, each.key, Verdict.ACCEPTED) for n, each in enumerate(places, start=1))
    return Survey((), (), places, reports, "EPSG:4490")


def test_a_duplicate_says_of_which_row_of_which_file(world: World):
    first = take(world, crossing())
    take(world, crossing())
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        known = session.scalars(select(IntakeRow).where(IntakeRow.intake_id != first["id"])).all()
        of_rows = {row.key: (row.reason, row.values) for row in known}
        before = {row.key: row.row for row in session.scalars(select(IntakeRow)) if row.intake_id == first["id"]}
        lines = {str(uid) for uid in session.scalars(select(Segment.uid))}
    linked = [key for key, (_, values) in of_rows.items() if values.get("segment") in lines]
    assert len(linked) >= 2
    for key in linked:
        reason, values = of_rows[key]
        assert values["row"] == str(before[key])
        assert values["source"] in reason.format(**values)
    places = [values for _, values in of_rows.values() if "segment" not in values]
    assert places
    assert all("intake" in values or "division" in values for values in places)


def test_a_line_that_lies_on_a_longer_one_of_the_register_says_of_which(world: World):
    take(world, lanes(("迎宾路", [(0.0, 0.0), (200.0, 0.0)]), ("远路", [(0.0, 300.0), (200.0, 300.0)])))
    again = take(world, lanes(("迎宾路", [(50.0, 0.0), (150.0, 0.0)]), (None, [(20.0, 300.0), (90.0, 300.0)])))
    assert again["duplicate"] == 2
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        told = session.scalars(select(IntakeRow).where(IntakeRow.intake_id == again["id"]).order_by(IntakeRow.row))
        said = [row.reason.format(**row.values) for row in told]
    assert said == [
        "迎宾路 is in the register already, from row 1 of survey.gpkg.",
        "远路 is in the register already, from row 2 of survey.gpkg.",
    ]


def test_a_facility_surveyed_again_a_few_metres_off_is_told_as_a_duplicate_of_what_stands(world: World):
    take(world, shops(("惠民超市", 0), (None, 100)))
    again = shops(("惠民 超市", 3), ("惠民超市", 29), ("惠民超市", 31), (None, 104), (None, 106), ("好超市", 4))
    for fresh, known in ((3, 3), (0, 6)):  # the second time changes nothing
        taken = take(world, again)
        assert (taken["rows"], taken["accepted"], taken["duplicate"]) == (6, fresh, known)
        assert count(world, FacilityRow) == 5
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        rows = session.scalars(select(IntakeRow).where(IntakeRow.key.in_(("f/1", "f/4"))).order_by(IntakeRow.id)).all()
        told = [(row.reason, row.values) for row in rows if "metres" in row.values][:2]
    assert [(reason, {k: v for k, v in values.items() if k != "intake"}) for reason, values in told] == [
        (SAME, {"name": "惠民超市", "source": "survey.gpkg", "metres": "3.0", "row": "1"}),
        (SAME_UNNAMED, {"source": "survey.gpkg", "metres": "4.0", "row": "2"}),
    ]


def test_another_kind_is_another_facility_and_the_distances_are_set(world: World):
    take(world, shops(("惠民", 0)))
    assert take(world, shops(("惠民", 3), kind=FacilityKind.CLINIC))["accepted"] == 1
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        origin = Origin("survey.gpkg", same=Same(named_m=2.0, unnamed_m=0.0))
        place = session.get_one(Division, world.places["中镇"])
        intake = take_in(session, world.clock, survey=shops(("惠民", 3)), origin=origin, division=place)
        assert (intake.accepted, intake.duplicate) == (1, 0)
    with pytest.raises(Invalid, match="between 0 and 500"):
        Same(named_m=501.0)


def test_rejected_rows_keep_their_reason_and_field(world: World):
    survey = crossing()
    bad = RowReport(6, "w/9", Verdict.REJECTED, "The line has no length.", "geometry", {"key": "w/9"})
    take(world, Survey(survey.centrelines, survey.areas, survey.facilities, (*survey.reports, bad), survey.datum))
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        row = session.scalars(select(IntakeRow).where(IntakeRow.verdict == "rejected")).one()
        assert (row.row, row.key, row.reason, row.field) == (6, "w/9", "The line has no length.", "geometry")


def test_a_file_without_anything_we_keep_is_refused_and_leaves_no_trace(world: World):
    nothing = Survey((), (), (), (RowReport(1, "w/1", Verdict.IGNORED, "A building."),), "EPSG:4326")
    with pytest.raises(Invalid, match="1 rows"):
        take(world, nothing)
    assert count(world, Intake) == 0


def test_an_officer_of_another_county_cannot_take_a_file_in_here(world: World):
    with pytest.raises(NotAllowed):
        take(world, crossing(), home="东县")
    assert count(world, Segment) == 0


def test_an_intake_can_be_undone_until_streets_were_made_of_it(world: World):
    first = take(world, crossing())
    officer = world.person(Role.COUNTY_OFFICER, "西县")
    with world.office.acting(officer, via="test") as session:
        undo_intake(session, intake=session.get_one(Intake, first["id"]))
    assert count(world, Segment) == 0
    second = take(world, crossing())
    with world.office.acting(officer, via="test") as session:
        derive(session, world.clock, division=session.get_one(Division, world.places["西县"]))
    with (
        pytest.raises(Conflict, match=r"survey\.gpkg"),
        world.office.acting(officer, via="test") as session,
    ):
        undo_intake(session, intake=session.get_one(Intake, second["id"]))
    assert count(world, Segment) == 6


def test_a_file_that_lies_in_another_country_is_refused_before_anything_is_stored(world: World):
    with world.owner.begin() as connection:
        connection.execute(
            text(
                "UPDATE base.division SET outline = ST_Multi(ST_MakeEnvelope(115, 36, 116, 37, 4490))"
                " WHERE name = '西县'"
            )
        )
    with pytest.raises(Invalid, match=r"100 % .* outside 西县"):
        take(world, crossing())
    assert count(world, Intake) == 0


def test_a_file_with_a_very_long_name_is_read(world: World):
    with pytest.raises(Invalid) as refusal:
        open_bytes(b"nothing", name="长" * 300 + ".geojson")
    assert refusal.value.field == "file"


def lanes(*lines: tuple[str | None, list[tuple[float, float]]]) -> Survey:
    """Streets near 116.33 E, 37.40 N, in metres east and north of there, as a file of nothing else."""
    made = [
        Centreline(str(n), LineString([(116.33 + x / 88_500, 37.40 + y / 111_000) for x, y in at]), name, "residential")
        for n, (name, at) in enumerate(lines)
    ]
    reports = [RowReport(n, line.key, Verdict.ACCEPTED) for n, line in enumerate(made, start=1)]
    return Survey(tuple(made), (), (), tuple(reports), "EPSG:4490")


EAST = (None, [(0.0, 0.0), (200.0, 0.0)])


@pytest.mark.parametrize("name", [None, "迎宾路"])
def test_a_line_that_a_later_street_cuts_is_there_already_when_it_comes_again(world: World, name: str | None):
    street, later = (name, EAST[1]), ("新街", [(100.0, -50.0), (100.0, 50.0)])
    take(world, lanes(street))
    both = take(world, lanes(street, later))
    assert (both["accepted"], both["duplicate"]) == (1, 1)
    assert count(world, Segment) == 3
    again = take(world, lanes(street, later))
    assert (again["accepted"], again["duplicate"], count(world, Segment)) == (0, 2, 3)


def test_what_is_in_the_county_is_there_already_when_it_comes_again_at_another_division(world: World):
    add(world, "西镇", parent="西县", kind="town")
    shop = Facility("s/1", FacilityKind.SHOP, "供销社", Point(116.33, 37.45))
    far = lanes(("远路", [(0.0, 5000.0), (100.0, 5000.0)]))
    reports = (*far.reports, RowReport(2, "s/1", Verdict.ACCEPTED))
    survey = Survey(far.centrelines, (), (shop,), reports, far.datum)
    first = take(world, survey, place="中镇")
    assert (first["accepted"], first["duplicate"]) == (2, 0)
    for place in ("西镇", "西县", "中镇"):
        again = take(world, survey, place=place)
        assert (again["accepted"], again["duplicate"]) == (0, 2), place
    cut = take(world, lanes(("远路", [(0.0, 5000.0), (50.0, 5000.0)])), place="西镇")
    assert cut["duplicate"] == 1, "a piece of the line that is there"
    assert (count(world, Segment), count(world, FacilityRow)) == (1, 1)


def test_what_a_line_has_beyond_the_one_that_is_there_is_new(world: World):
    take(world, lanes(EAST))
    longer = take(world, lanes((None, [(0.0, 0.0), (300.0, 0.0)])))
    assert (longer["accepted"], longer["duplicate"]) == (1, 0)


def test_a_line_with_a_name_is_news_on_one_without_and_not_the_other_way_round(world: World):
    take(world, lanes(EAST))
    assert take(world, lanes(("民生路", EAST[1])))["accepted"] == 1
    assert take(world, lanes(EAST))["duplicate"] == 1
    other = take(world, lanes(("惠民路", EAST[1])))
    assert (other["accepted"], other["duplicate"]) == (1, 0)


def repairs(world: World) -> list[tuple[int, str]]:
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        return [(row, deed) for row, deed in session.execute(select(Repair.row, Repair.deed).order_by(Repair.id))]


def verdicts(world: World) -> dict[int, tuple[str, str]]:
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        rows = session.execute(select(IntakeRow.row, IntakeRow.verdict, IntakeRow.reason))
        return {row: (verdict, reason) for row, verdict, reason in rows}


def test_what_is_mended_in_a_line_is_its_rows_verdict_and_is_kept_with_its_place(world: World):
    taken = take(
        world,
        lanes(
            EAST,
            ("迎宾路", [(100.0, 0.6), (100.0, 80.0)]),  # ends 0.6 m before the first
            (None, [(0.0, 0.0), (150.0, 0.0)]),  # lies on it
            (None, [(150.0, 0.0), (260.0, 0.0)]),  # lies on it in part
            (None, [(300.0, 300.0), (300.3, 300.0)]),  # 30 cm
            (None, [(400.0, 0.0), (500.0, 100.0), (500.0, 0.0), (400.0, 100.0)]),  # a bow tie
        ),
    )
    assert (taken["accepted"], taken["repaired"], taken["duplicate"], taken["rejected"]) == (1, 3, 1, 1)
    told = verdicts(world)
    assert [told[row][0] for row in range(1, 7)] == [
        "accepted",
        "repaired",
        "duplicate",
        "repaired",
        "rejected",
        "repaired",
    ]
    assert "moved" in told[2][1]
    assert "whole course" in told[3][1]
    assert "left out" in told[4][1]
    assert "shorter than" in told[5][1]
    assert "crossed itself" in told[6][1]
    assert {(2, "snapped"), (3, "repeated"), (4, "overlapped"), (5, "collapsed"), (6, "untangled")} == set(
        repairs(world)
    )
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        assert session.scalar(select(func.count()).select_from(Repair)) == 0


def test_a_row_that_lies_far_outside_is_rejected_and_the_rest_is_taken(world: World):
    outline = "SRID=4490;MULTIPOLYGON(((116.2 37.3, 116.5 37.3, 116.5 37.5, 116.2 37.5, 116.2 37.3)))"
    with world.owner.begin() as connection:
        connection.execute(
            text("UPDATE base.division SET outline = :outline WHERE id = :id"),
            {"outline": outline, "id": world.places["西县"]},
        )
    near = [(None, [(0.0, 100.0 * n), (200.0, 100.0 * n)]) for n in range(12)]
    taken = take(world, lanes(*near, (None, [(4_500_000.0, 0.0), (4_500_200.0, 0.0)])))
    assert (taken["accepted"], taken["rejected"]) == (12, 1)
    verdict, reason = verdicts(world)[13]
    assert (verdict, reason) == ("rejected", "This lies outside {name}. Check its coordinates.")
    assert count(world, Segment) == 12


def test_ignored_rows_are_told_by_their_reason_with_how_many(world: World, tmp_path: Path):
    lines = [[(116.34 + n / 1000, 37.401), (116.34 + n / 1000, 37.402)] for n in range(6)]
    kinds = ["residential", "footway", "footway", "service", "footway", "steps"]
    features = [
        {
            "type": "Feature",
            "properties": {"highway": kind},
            "geometry": {"type": "LineString", "coordinates": line},
        }
        for kind, line in zip(kinds, lines, strict=True)
    ]
    file = tmp_path / "paths.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with world.office.acting(world.person(Role.TOWN_OFFICER, "中镇"), via="test") as session:
        town = session.get_one(Division, world.places["中镇"])
        taken = take_in(session, world.clock, survey=read_survey(file), origin=Origin("a"), division=town)
        told = [(one["values"]["value"], one["rows"], one["first"]) for one in taken.left_out]
        assert told == [("footway", 3, 2), ("service", 1, 4), ("steps", 1, 6)]
        assert sum(rows for _, rows, _ in told) == taken.ignored


def test_rows_that_are_only_counted_are_in_the_counts_with_their_reason(world: World):
    others = (Others("Objects with the key {field} of this kind are not kept.", {"field": "building"}, 700_000),)
    taken = take(world, replace(crossing(), others=others))
    assert (taken["rows"], taken["ignored"]) == (700_000 + len(crossing().reports), 700_000)
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "西县"), via="test") as session:
        left_out = session.get_one(Intake, taken["id"]).left_out
    assert left_out[-1] == {"reason": others[0].reason, "values": {"field": "building"}, "rows": 700_000, "first": 0}

"""A list of divisions handed in: every row told, the first founds, a later one is compared, twice changes nothing."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.base.cluster import Cluster
from app.base.errors import Conflict, Invalid, NotAllowed
from app.base.models import CodeSystem, Division, DivisionCode, DivisionKind, Role
from app.base.settings import Settings
from app.intake.editions import Origin, hand_in, kinds_of
from app.intake.listing import TOWN, VILLAGE
from app.intake.models import Change, Edition, EditionRow, EditionState
from gis.features import Verdict
from tests.app.succession import HEADER, listing
from tests.conftest import World, end_world, make_world

LISTS = Path(__file__).parent / "lists"
DAYS = {"2020": date(2020, 6, 30), "2021": date(2021, 10, 31), "2023": date(2023, 6, 30)}


def handed(session: Session, world: World, title: str, data: bytes | None = None, place: str = "市") -> Edition:
    found = session.get_one(Division, world.places[place])
    origin = Origin(CodeSystem.STATISTICS, title, DAYS[title], f"list of {title}")
    given = listing(data if data is not None else (LISTS / f"{title}.csv").read_bytes())
    return hand_in(session, world.clock, listing=given, origin=origin, place=found)[0]


@pytest.fixture
def bare(cluster: Cluster, template: Settings) -> Iterator[World]:
    """A world whose tree has nothing but the city."""
    made = make_world(cluster, template)
    with made.owner.begin() as connection:
        connection.execute(text("DELETE FROM base.division WHERE parent_id IS NOT NULL"))
    yield made
    end_world(made)


def test_every_row_ends_in_exactly_one_verdict() -> None:
    rows = [
        "990102100200,张庄村委会,990102100,南镇,990102,东县",
        "990102100201, 李 村委会,990102100,南镇,990102,东县",
        "９９０１０２１００２０２,王村委会,990102100,南镇,990102,东县",
        "990102100200,张庄村委会,990102100,南镇,990102,东县",
        "990102100200,李庄村委会,990102100,南镇,990102,东县",
        "99010210020,短村委会,990102100,南镇,990102,东县",
        ",无码村委会,990102100,南镇,990102,东县",
        "990102100206,,990102100,南镇,990102,东县",
        "990102100207,错镇村委会,990102101,北镇,990102,东县",
        "990102100208,错名村委会,990102100,北镇,990102,东县",
        "880102100209,远村委会,880102100,远镇,880102,远县",
    ]
    found = listing("\n".join([HEADER, *rows]), within="99")
    assert {verdict.value: n for verdict, n in found.counts.items()} == {
        "accepted": 1,
        "repaired": 2,
        "duplicate": 1,
        "rejected": 7,
    }
    assert found.rows == len(rows) == sum(found.counts.values())
    assert [(told.row, told.verdict.value) for told in found.told] == [
        *((row, "repaired") for row in (3, 4)),
        (5, "duplicate"),
        *((row, "rejected") for row in range(6, 13)),
    ]
    assert len({told.reason for told in found.told if told.verdict is Verdict.REJECTED}) == 7
    assert found.levels[VILLAGE][0] == ["990102100200", "990102100201", "990102100202"]


def test_a_list_of_towns_alone_is_a_list() -> None:
    found = listing(
        "town_code,town_name,county_code,county_name\n990102100,南镇,990102,东县\n990102101,北镇,990102,东县\n"
    )
    assert found.levels[TOWN] == (["990102100", "990102101"], ["南镇", "北镇"], ["990102", "990102"])
    assert VILLAGE not in found.levels


def test_a_table_without_codes_is_refused() -> None:
    with pytest.raises(Invalid, match="no columns of codes"):
        listing("路名,长度\n幸福路,300\n和平街,200\n")


def test_the_first_list_founds_the_tree_and_a_second_time_changes_nothing(bare: World) -> None:
    with bare.office.acting(bare.person(Role.CITY_OFFICER, "市"), via="test") as session:
        edition = handed(session, bare, "2020")
        assert (edition.state, edition.founded, edition.rows) == (EditionState.LOADED.value, 2 + 5 + 15, 15)
        again = handed(session, bare, "2020")
        assert again.id == edition.id
        assert session.scalar(select(func.count()).select_from(Division)) == 1 + 2 + 5 + 15
        village = session.scalars(
            select(Division)
            .join(DivisionCode, DivisionCode.division_id == Division.id)
            .where(DivisionCode.system == "statistics", DivisionCode.code == "990103106201")
        ).one()
        assert (village.name, village.kind, village.since_on) == (
            "辛庄村委会",
            DivisionKind.VILLAGE.value,
            DAYS["2020"],
        )
        assert village.path.count(".") == 3


def test_a_later_list_is_compared_to_what_stands(bare: World) -> None:
    with bare.office.acting(bare.person(Role.CITY_OFFICER, "市"), via="test") as session:
        handed(session, bare, "2020")
        edition = handed(session, bare, "2021")
        assert edition.state == EditionState.COMPARED.value
        changes = session.scalars(select(Change).where(Change.edition_id == edition.id).order_by(Change.code)).all()
        told = {(change.kind, change.certainty, change.code) for change in changes}
        assert told == {
            ("moved", "likely", "990103106"),
            ("renamed", "sure", "990102100201"),
            ("merged", "open", "990102100202"),
            ("merged", "open", "990102100203"),
            ("new", "open", "990102100301"),
            ("merged", "likely", "990103101200"),
            ("recoded", "sure", "990102100204"),
            ("reused", "likely", "990102100204"),
            ("moved", "likely", "990102101200"),
            ("merged", "open", "990102101201"),
            ("merged", "open", "990102101202"),
            ("merged", "open", "990102101203"),
            ("new", "open", "990102101301"),
            ("new", "open", "990102101302"),
            ("abolished", "open", "990103100200"),
            ("moved", "sure", "990103106200"),
            ("split", "likely", "990103106201"),
        }
        assert edition.unchanged == 2 + 4 + 2
        merged = next(change for change in changes if change.code == "990102101201")
        assert [candidate["name"] for candidate in merged.candidates] == [
            "万安居新村委会",
            "千都苑新村委会",
        ]  # 安 speaks
        assert session.get_one(Division, merged.division_id).name == "北镇"
        moved = next(change for change in changes if change.code == "990103106")
        assert moved.division_id == bare.places["市"]
        assert sum(kinds_of(session, edition).values()) == len(changes)
        assert session.scalar(select(func.count()).select_from(Division)) == 23


def test_rows_that_were_not_taken_are_kept_with_the_reason(bare: World) -> None:
    data = (LISTS / "2020.csv").read_bytes() + "990102100299,,990102100,南镇,990102,东县\n".encode()
    with bare.office.acting(bare.person(Role.CITY_OFFICER, "市"), via="test") as session:
        edition = handed(session, bare, "2020", data)
        (row,) = session.scalars(select(EditionRow).where(EditionRow.edition_id == edition.id))
        assert (row.row, row.code, row.verdict, row.reason) == (17, "990102100299", "rejected", "The name is missing.")
        assert (edition.rows, edition.accepted, edition.rejected) == (16, 15, 1)


def test_an_older_list_a_day_to_come_and_a_foreign_hand_are_refused(bare: World) -> None:
    with bare.office.acting(bare.person(Role.CITY_OFFICER, "市"), via="test") as session:
        handed(session, bare, "2021")
        with pytest.raises(Conflict, match="an older list cannot follow"):
            handed(session, bare, "2020")
        origin = Origin(CodeSystem.STATISTICS, "2030", date(2030, 1, 1), "x")
        place = session.get_one(Division, bare.places["市"])
        with pytest.raises(Invalid, match="has not come"):
            hand_in(session, bare.clock, listing=listing((LISTS / "2020.csv").read_bytes()), origin=origin, place=place)
    with (
        bare.office.acting(bare.person(Role.INSPECTOR, "市"), via="test") as session,
        pytest.raises(NotAllowed, match="officers of city and county"),
    ):
        handed(session, bare, "2020")


def test_the_ministrys_first_list_finds_the_towns_by_name_and_never_by_code(bare: World) -> None:
    """The same nine digits mean another town in the other system."""
    data = "town_code,town_name,county_code,county_name\n990102100,北镇,990102,东县\n990102101,南镇,990102,东县\n"
    with bare.office.acting(bare.person(Role.CITY_OFFICER, "市"), via="test") as session:
        handed(session, bare, "2020")
        place = session.get_one(Division, bare.places["市"])
        origin = Origin(CodeSystem.MINISTRY, "2025", date(2024, 1, 1), "ministry")
        edition, _ = hand_in(session, bare.clock, listing=listing(data), origin=origin, place=place)
        changes = session.scalars(select(Change).where(Change.edition_id == edition.id).order_by(Change.code)).all()
        told = [(change.kind, change.olds[0]["name"], change.news[0]["code"]) for change in changes]
        assert told == [
            ("recoded", "东县", "990102"),
            ("recoded", "北镇", "990102100"),
            ("recoded", "南镇", "990102101"),
        ]


def as_csv(rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def test_the_real_lists_follow_each_other_whole(bare: World, samples: Path) -> None:
    with bare.office.acting(bare.person(Role.CITY_OFFICER, "市"), via="test") as session:
        first = handed(session, bare, "2020", (samples / "dezhou_villages_2020.csv").read_bytes())
        assert (first.rows, first.founded) == (8_109, 13 + 134 + 8_109)
        second = handed(session, bare, "2021", (samples / "dezhou_villages_2021.csv").read_bytes())
        kinds = Counter[str]()
        for (kind, _, _), n in kinds_of(session, second).items():
            kinds[kind] += n
        assert second.unchanged == 13 + 131 + 3_693
        assert kinds["merged"] == 3_754
        assert sum(kinds.values()) == 4 + 404 + 23 + 55 + 140 + 3_754 + 31 + 1_012

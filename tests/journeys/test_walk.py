"""``minglu walk``: one survey file through all nine stations, and what it says of files that give it nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pypdfium2
import pytest
import zxingcpp
from fastapi import FastAPI
from sqlalchemy import text

from app.base.clock import Clock
from app.base.errors import MingluError
from app.walk import STATIONS, walk
from app.web.public import create_public_app
from gis.errors import GisError
from signs.codes import grouped
from tests.journeys.browsing import served
from tests.world import World

pytestmark = pytest.mark.database

Feature = tuple[str, Any, dict[str, str]]
ADDRESS = "HTTPS://DM.DEZHOU.GOV.CN/S/"
#: What a walk that stops leaves nothing of.
LEFT = (
    *("intake.segment", "intake.facility", "inventory.street", "milestones.batch"),
    *("naming.proposal", "naming.name", "planning.sign", "printing.code"),
)

#: And not even the ground that a walk goes over, its people and their papers.
GROUND = (
    *("base.division", "base.person", "base.password", "base.file", "intake.intake", "intake.intake_row"),
    *("naming.decision", "naming.deadline", "planning.post", "printing.order", "rollout.job", "rollout.installation"),
)


def village(x: float, y: float, name: str) -> list[Feature]:
    """Two roads that cross, a lane, the village's point, a shop and a school."""
    return [
        ("LineString", [[x - 0.003, y], [x + 0.003, y]], {"highway": "residential"}),
        ("LineString", [[x, y - 0.003], [x, y + 0.003]], {"highway": "residential"}),
        ("LineString", [[x + 0.002, y], [x + 0.002, y + 0.001]], {"highway": "service"}),
        ("Point", [x + 0.0001, y], {"place": "village", "name": name}),
        ("Point", [x + 0.002, y + 0.0004], {"shop": "convenience", "name": "供销社"}),
        ("Point", [x, y + 0.002], {"amenity": "school", "name": f"{name}小学"}),
    ]


THREE = [
    *village(116.30, 37.40, "前张庄"),
    *village(116.34, 37.40, "后李庄"),
    *village(116.30, 37.44, "王家洼"),
    ("LineString", [[116.297, 37.401], [116.303, 37.401]], {"highway": "residential", "name": "老街"}),
]


def without(*tags: str) -> list[Feature]:
    """The three villages without the rows of these tags."""
    return [each for each in THREE if not set(tags) & set(each[2])]


def named() -> list[Feature]:
    """The three villages, every road of which has a name."""
    return [
        (kind, at, {**tags, "name": f"第{n}街"} if "highway" in tags else tags)
        for n, (kind, at, tags) in enumerate(THREE)
    ]


def seats_apart() -> list[Feature]:
    """The three villages without facilities, their points half a kilometre from every road."""
    return [
        (kind, [at[0] + 0.006, at[1] + 0.006] if "place" in tags else at, tags)
        for kind, at, tags in without("shop", "amenity")
    ]


def outlined() -> list[Feature]:
    """The three villages without facilities, each told by an outline around its crossing instead of a point."""

    def square(x: float, y: float) -> list[list[list[float]]]:
        return [
            [
                [x + a, y + b]
                for a, b in ((-0.004, -0.004), (0.004, -0.004), (0.004, 0.004), (-0.004, 0.004), (-0.004, -0.004))
            ]
        ]

    return [
        ("Polygon", square(*at), tags) if "place" in tags else (kind, at, tags)
        for kind, at, tags in without("shop", "amenity")
    ]


def geojson(features: list[Feature], **members: Any) -> bytes:
    rows = [
        {"type": "Feature", "geometry": {"type": kind, "coordinates": at}, "properties": tags}
        for kind, at, tags in features
    ]
    return json.dumps({"type": "FeatureCollection", **members, "features": rows}, ensure_ascii=False).encode()


@dataclass
class Walker:
    """Takes files on the walk, as the command does it, beside a running public app."""

    world: World
    public: str
    folder: Path
    said: list[str] = field(default_factory=list)
    say: Callable[[str], None] | None = None

    def takes(self, file: Path) -> str:
        settings = replace(self.world.settings, public_url=self.public)
        walk(
            settings,
            Clock(),
            file=file,
            datum=None,
            out=self.folder / "out",
            say=self.say or self.said.append,
            tell=lambda *_: None,
        )
        return "\n".join(self.said)

    def takes_bytes(self, data: bytes, name: str = "survey.geojson") -> str:
        file = self.folder / name
        file.write_bytes(data)
        return self.takes(file)

    def counts(self, *tables: str) -> dict[str, int]:
        """Rows of these tables."""
        with self.world.admin.connect() as connection:
            return {table: int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0) for table in tables}

    def came_through(self) -> None:
        """All stations spoke, and the print file's first code leads to the page of that sign."""
        assert [line.split()[1] for line in self.said] == list(STATIONS)
        printed = list((self.folder / "out").glob("*.pdf"))
        assert len(printed) == 1
        scanned = first_code(printed[0])
        assert scanned.startswith(ADDRESS)
        token = scanned.removeprefix(ADDRESS)
        with self.world.admin.connect() as connection:
            row = connection.execute(
                text(
                    "SELECT l.words, n.latin_toned FROM printing.order_line l JOIN printing.code c ON c.id = l.code_id"
                    " JOIN naming.name n ON n.id = l.name_id WHERE c.token = :token AND l.position = 1"
                ),
                {"token": token},
            ).one()
        answer = httpx.get(f"{self.public}/S/{token}", timeout=10)
        assert answer.status_code == 200
        for words in (row.words, row.latin_toned, grouped(token)):
            assert words in answer.text


def first_code(printed: Path) -> str:
    """What a scanner reads on the first page of a print file."""
    pdf = pypdfium2.PdfDocument(printed.read_bytes())
    picture = pdf[0].render(scale=2 * 25.4 / 72, grayscale=True).to_numpy().squeeze()
    pdf.close()
    codes = zxingcpp.read_barcodes(picture)
    assert len(codes) == 1
    return codes[0].text


def interrupt(station: str, words: str) -> None:
    """Somebody presses Ctrl-C when this station speaks."""
    if words.split()[1] == station:
        raise KeyboardInterrupt


@pytest.fixture
def walker(world: World, tmp_path: Path) -> Iterator[Walker]:
    with served(create_public_app(world.settings, clock=Clock())) as public:
        yield Walker(world, public, tmp_path)


def test_a_made_survey_of_three_villages_ends_with_a_sign_that_the_public_app_answers_for(walker: Walker):
    said = walker.takes_bytes(geojson(THREE))
    walker.came_through()
    assert "3 villages" in said
    assert "1 names kept as they are" in said


def test_a_village_without_surveyed_facilities_has_its_seat_for_one(walker: Walker):
    walker.takes_bytes(geojson(without("shop", "amenity")))
    walker.came_through()


@pytest.mark.samples
def test_the_village_roads_of_sanhe_end_with_a_scanned_sign(walker: Walker, samples: Path):
    walker.takes(samples / "osm" / "sanhe_hebei_osm_2023.geojson")
    walker.came_through()


@pytest.mark.samples
@pytest.mark.timeout(400)
def test_the_country_of_andorra_ends_with_a_scanned_sign_and_keeps_its_own_names(walker: Walker, samples: Path):
    said = walker.takes(samples / "osm" / "andorra-latest.osm.pbf")
    walker.came_through()
    assert " names kept as they are" in said
    assert "0 names kept as they are" not in said


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (without("place"), "Stopped at intake: survey.geojson has no village, neither as a point nor as an area."),
        (without("highway"), "Stopped at intake: survey.geojson has no road."),
        (
            seats_apart(),
            "Stopped at inventory: no committee, shop, clinic or school stands on any street of the file.",
        ),
        (
            outlined(),
            (
                "Stopped at inventory: survey.geojson has no facility. It has no committee, shop, clinic or school, and"
                " no village as a point, which would stand for its committee's seat."
            ),
        ),
        (named(), "Stopped at inventory: every street in scope has a name already."),
    ],
    ids=["no village", "no road", "no facility near", "no facility", "no unnamed street"],
)
def test_a_file_that_gives_a_station_nothing_stops_there_and_leaves_nothing(
    walker: Walker, features: list[Feature], message: str
):
    before = walker.counts(*LEFT, *GROUND)
    with pytest.raises(MingluError) as stopped:
        walker.takes_bytes(geojson(features))
    assert str(stopped.value) == message
    assert walker.counts(*LEFT, *GROUND) == before


def test_a_walk_that_is_interrupted_leaves_nothing_and_the_same_file_goes_through_after_it(walker: Walker):
    before = walker.counts(*LEFT, *GROUND)
    for station in ("intake", "naming", "planning", "printing", "scanning"):
        walker.say = partial(interrupt, station)
        with pytest.raises(KeyboardInterrupt):
            walker.takes_bytes(geojson(THREE))
        assert walker.counts(*LEFT, *GROUND) == before, station
        assert list((walker.folder / "out").glob("*.pdf")) == []
    walker.say = None
    walker.takes_bytes(geojson(THREE))
    walker.came_through()


def test_the_same_file_goes_through_twice_and_each_walk_has_its_own_sign(walker: Walker):
    walker.takes_bytes(geojson(THREE))
    walker.takes_bytes(geojson(THREE))
    assert [line.split()[1] for line in walker.said] == [*STATIONS, *STATIONS]
    assert len(list((walker.folder / "out").glob("*.pdf"))) == 2
    planned = {line for line in walker.said if " planning " in line}
    assert len(planned) == 1, "a walk's streets are no crossings of another walk's on the same ground"
    scanned = [line for line in walker.said if " scanning " in line]
    assert len(set(scanned)) == 2
    assert all("the public app that was running there" in line for line in scanned)


def test_where_no_public_app_answers_the_walk_says_that_it_answered_itself(
    walker: Walker, capsys: pytest.CaptureFixture[str]
):
    walker.public = "http://127.0.0.1:9"
    said = walker.takes_bytes(geojson(THREE))
    assert "a public app that the walk started and stopped again: none answers at http://127.0.0.1:9" in said
    told = capsys.readouterr()
    assert '"event"' not in told.out + told.err


def test_a_public_app_of_another_database_stops_the_walk_at_scanning(walker: Walker):
    somebody_elses = FastAPI()
    somebody_elses.get("/{path:path}")(lambda path: f"another page, {len(path)}")
    before = walker.counts(*LEFT, *GROUND)
    with served(somebody_elses) as public:
        walker.public = public
        with pytest.raises(MingluError, match=r"Stopped at scanning: .* does not answer with the page of sign"):
            walker.takes_bytes(geojson(THREE))
    assert walker.counts(*LEFT, *GROUND) == before


def test_rows_that_were_rejected_are_named_with_their_column(walker: Walker):
    broken: Feature = ("LineString", [[116.3, 97.4], [116.3, 97.5]], {"highway": "residential"})
    said = walker.takes_bytes(geojson([*THREE, broken]))
    assert "1 rejected" in said
    assert f"first rejected: row {len(THREE) + 1} (row/{len(THREE) + 1}, column geometry): " in said
    with pytest.raises(MingluError, match=r"Stopped at intake: .*; first rejected: row 1 \(row/1, column geometry\)"):
        walker.takes_bytes(geojson([broken]))


BAD: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "empty": ("survey.geojson", lambda: b"", "survey.geojson is empty"),
    "truncated": ("survey.geojson", lambda: geojson(THREE)[:900], "survey.geojson is cut off or damaged"),
    "a PDF": (
        "survey.geojson",
        lambda: b"%PDF-1.7 and so on",
        "survey.geojson is a file of the kind PDF, which is not read",
    ),
    "a text": (
        "survey.geojson",
        lambda: "今天天气很好".encode() * 20,
        "survey.geojson is damaged or cut off: its first bytes are not those of GeoJSON",
    ),
    "no rows": ("survey.geojson", lambda: geojson([]), "survey.geojson has no rows"),
    "unknown datum": (
        "survey.geojson",
        lambda: geojson(THREE, crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2435"}}),
        "2435",
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_file_is_refused_by_name_and_leaves_nothing(walker: Walker, bad: str):
    name, data, message = BAD[bad]
    before = walker.counts(*LEFT, *GROUND)
    with pytest.raises((MingluError, GisError)) as refused:
        walker.takes_bytes(data(), name)
    assert str(refused.value).startswith("Stopped at intake: ")
    assert message in str(refused.value)
    assert "{" not in str(refused.value)
    assert walker.said == []
    assert walker.counts(*LEFT, *GROUND) == before


def own_place(world: World) -> dict[str, str]:
    """The environment in which the command finds this world."""
    return {
        "MINGLU_DATABASE_URL": world.settings.database_url,
        "MINGLU_STATE": str(world.settings.state),
        "MINGLU_FILES": world.settings.files,
    }


def test_the_command_ends_with_one_sentence_on_an_empty_file(world: World, tmp_path: Path):
    file = tmp_path / "leer.geojson"
    file.write_bytes(b"")
    ended = subprocess.run(
        [sys.executable, "-m", "app", "walk", str(file), "--out", str(tmp_path / "out")],
        env={**os.environ, **own_place(world)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    said = ended.stderr.strip().splitlines()
    assert [line for line in said if line.startswith("minglu: ")] == [
        "minglu: Stopped at intake: leer.geojson is empty; export and upload it again."
    ]
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("line", [1, 4])
def test_ctrl_c_on_the_command_ends_it_with_one_sentence_and_nothing_stays(walker: Walker, line: int):
    file = walker.folder / "survey.geojson"
    file.write_bytes(geojson(THREE))
    before = walker.counts(*LEFT, *GROUND)
    with subprocess.Popen(
        [sys.executable, "-m", "app", "walk", str(file), "--out", str(walker.folder / "out")],
        env={**os.environ, **own_place(walker.world)},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as walking:
        assert walking.stdout
        for _ in range(line):
            walking.stdout.readline()
        walking.send_signal(signal.SIGINT)
        _, said = walking.communicate(timeout=120)
    assert walking.returncode == 130
    assert said.strip().splitlines()[-1] == "minglu: The walk was interrupted; nothing of it stays."
    assert "Traceback" not in said
    assert walker.counts(*LEFT, *GROUND) == before

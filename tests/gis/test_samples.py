"""Real files, counted by hand when they were collected; none of them is part of the project."""

from collections import Counter

import pytest
import shapely

from gis.features import AreaKind, FacilityKind, Verdict
from gis.formats import read_survey
from gis.linework import clean
from gis.streets import derive_streets

pytestmark = pytest.mark.samples


@pytest.fixture(scope="module")
def andorra(samples):
    return read_survey(samples / "osm" / "andorra-latest.osm.pbf")


def test_andorra_has_the_streets_that_were_counted(andorra):
    residential = [c for c in andorra.centrelines if c.road_class == "residential"]
    assert len(residential) == 863
    assert sum(c.name is None for c in residential) == 465


def test_andorra_has_the_divisions_and_facilities_that_were_counted(andorra):
    kinds = Counter(a.kind for a in andorra.areas)
    # 34 villages and the 27 hamlets that have a name; 7 parishes and a French commune that lies within the file
    assert kinds == {AreaKind.VILLAGE: 34 + 27, AreaKind.TOWN: 7 + 1}
    facilities = Counter(f.kind for f in andorra.facilities if not f.key.startswith("relation/"))
    assert facilities[FacilityKind.SHOP] == 278
    assert facilities[FacilityKind.SCHOOL] == 25
    assert facilities[FacilityKind.COMMITTEE] == 12
    assert len(andorra.reports) == 7101


def test_andorra_falls_into_streets_that_keep_their_names(andorra):
    noded = clean(andorra.centrelines)
    streets = derive_streets(noded.segments)
    assert len(andorra.centrelines) > len(streets) > 500
    for number, members in enumerate(streets.members()):
        named = {noded.segments[i].name for i in members if not streets.filled[i]}
        assert named == {streets.names[number]}
    assert streets.filled.any(), "bridges, crossings and roundabouts without their street's name"


def test_sanhe_has_unnamed_roads_villages_and_one_town(samples):
    survey = read_survey(samples / "osm" / "sanhe_hebei_osm_2023.geojson")
    assert len(survey.reports) == 375
    # 37 unnamed roads, of which six are service roads
    assert len(survey.centrelines) == 31
    assert sum(r.values.get("value") == "service" for r in survey.reports) == 6
    assert Counter(a.kind for a in survey.areas) == {AreaKind.VILLAGE: 5, AreaKind.TOWN: 1, AreaKind.COUNTY: 3}
    assert {a.code for a in survey.areas if a.kind is AreaKind.VILLAGE} >= {"131082108227", "131082108231"}


def test_a_nearly_empty_packed_file_gives_its_few_roads(samples):
    survey = read_survey(samples / "osm" / "belarus-east.osm.gz")
    assert Counter(r.verdict for r in survey.reports) == {Verdict.ACCEPTED: 5, Verdict.IGNORED: 2}
    assert len(survey.centrelines) == 3


def test_counties_in_gcj02_move_five_hundred_metres_west(samples):
    path = samples / "dezhou_counties_gcj02_cnmaps.geojson"
    shifted, plain = read_survey(path, datum="GCJ-02"), read_survey(path)
    assert len(shifted.areas) == 11
    east = [a.shape.centroid.x - b.shape.centroid.x for a, b in zip(plain.areas, shifted.areas, strict=True)]
    assert all(0.0055 < degrees < 0.0063 for degrees in east)


def test_an_invalid_county_is_mended(samples):
    survey = read_survey(samples / "dezhou_counties_gcj02_datav2021.geojson", datum="GCJ-02")
    mended = [r.row for r in survey.reports if r.verdict is Verdict.REPAIRED]
    assert [survey.areas[row - 1].name for row in mended] == ["宁津县"]
    assert all(shapely.is_valid(a.shape) for a in survey.areas)


def test_a_file_with_a_byte_order_mark_is_read(samples):
    assert len(read_survey(samples / "dezhou_counties_longwosion2015.geojson").areas) == 11

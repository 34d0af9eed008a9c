import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS
from shapely import LineString, Point

from gis import crs
from gis.errors import UnknownDatum

NAMED = [
    ("EPSG:4490", "EPSG:4490"),
    ("4548", "EPSG:4548"),
    ("epsg:4527", "EPSG:4527"),
    ("ＥＰＳＧ：4548", "EPSG:4548"),
    ("WGS84", "EPSG:4326"),
    ("WGS 84", "EPSG:4326"),
    ("CGCS2000", "EPSG:4490"),
    ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"),
    ("urn:ogc:def:crs:EPSG::4490", "EPSG:4490"),
    ("GCJ-02", "GCJ-02"),
    ("gcj02", "GCJ-02"),
    ("火星坐标系", "GCJ-02"),
    ("BD-09", "BD-09"),
    ("bd09ll", "BD-09"),
    ("EPSG:32650", "EPSG:32650"),
    (CRS(4548).to_wkt("WKT1_ESRI"), "EPSG:4548"),
    (CRS(4527).to_wkt("WKT1_ESRI"), "EPSG:4527"),
    (CRS(4490).to_wkt("WKT1_ESRI"), "EPSG:4490"),
]


@pytest.mark.parametrize(("text", "name"), NAMED)
def test_a_datum_is_found_by_any_of_its_usual_names(text, name):
    assert crs.datum_named(text).name == name


@pytest.mark.parametrize("text", ["", "   ", "nonsense", "EPSG:999999", "EPSG:2154", "12", "{}"])
def test_an_unknown_datum_is_refused_with_what_to_choose(text):
    with pytest.raises(UnknownDatum, match="EPSG:4548"):
        crs.datum_named(text)


@pytest.mark.parametrize("text", ["EPSG:4214", "EPSG:2436", "EPSG:4610", CRS(2436).to_wkt("WKT1_ESRI")])
def test_older_chinese_datums_are_refused_because_their_parameters_are_kept_locally(text):
    with pytest.raises(UnknownDatum, match="parameters that the surveying authority keeps"):
        crs.datum_named(text)


PLANE = [
    ("EPSG:4548", 116.30, 37.45, 438060.5, 4146682.9),
    ("EPSG:4548", 117.23, 37.73, 520275.3, 4177554.6),
    ("EPSG:4527", 116.30, 37.45, 39438060.5, 4146682.9),
    ("EPSG:4527", 117.23, 37.73, 39520275.3, 4177554.6),
    ("EPSG:4509", 116.30, 37.45, 438060.5, 4146682.9),
]


@pytest.mark.parametrize(("name", "lon", "lat", "east", "north"), PLANE)
def test_zones_give_easting_first_and_agree_with_the_registry(name, lon, lat, east, north):
    zone = crs.datum_named(name)
    there = crs.from_stored(np.array([[lon, lat]]), zone)
    assert there[0] == pytest.approx([east, north], abs=0.06)
    assert crs.to_stored(there, zone)[0] == pytest.approx([lon, lat], abs=1e-9)


def test_wgs84_and_cgcs2000_coordinates_are_the_same_numbers():
    xy = np.array([[116.3, 37.45]])
    assert crs.to_stored(xy, crs.datum_named("EPSG:4326")) is xy


@pytest.mark.parametrize(("lon", "name"), [(116.3, "EPSG:4548"), (118.6, "EPSG:4549"), (1.5, "EPSG:32631")])
def test_the_metric_zone_is_the_one_that_the_data_lies_in(lon, name):
    assert crs.metric_zone(lon).name == name


def test_lengths_are_geodesic_metres():
    lines = np.array([LineString([(116, 37), (116, 38)]), None, LineString()], dtype=object)
    assert crs.lengths_m(lines) == pytest.approx([110_987.0, 0, 0], abs=0.1)
    assert crs.lengths_m(np.array([], dtype=object)).tolist() == []


@given(
    st.floats(75, 134),
    st.floats(4, 53),
    st.floats(0, 359.9),
    st.floats(1, 1000),
)
def test_bearings_agree_with_the_geodesic(lon, lat, bearing, metres):
    lon2, lat2, _ = crs.ELLIPSOID.fwd(lon, lat, bearing, metres)
    found = crs.bearings_deg(np.array([[lon, lat]]), np.array([[lon2, lat2]]))[0]
    assert abs((found - bearing + 180) % 360 - 180) < 0.02


def test_heights_are_left_behind_and_missing_shapes_pass():
    shapes = np.array([Point(116.3, 37.45, 20), None], dtype=object)
    moved = crs.shapes_to_stored(shapes, crs.datum_named("GCJ-02"))
    assert not moved[0].has_z
    assert moved[1] is None


COMPOSED = ["GCJ-02/yx", "EPSG:4490/yx", "EPSG:4548/yx", "EPSG:4527+GCJ-02", "EPSG:4548+BD-09/yx"]


@pytest.mark.parametrize("name", COMPOSED)
def test_swapped_axes_and_projected_shifts_have_names_that_lead_back_to_them(name):
    datum = crs.datum_named(name)
    assert crs.datum_named(datum.name) == datum
    assert datum.name == name
    home = np.array([[116.3, 37.45], [117.23, 37.73]])
    assert crs.to_stored(crs.from_stored(home, datum), datum) == pytest.approx(home, abs=1e-9)


def test_a_plane_over_shifted_degrees_lies_where_the_shift_puts_it():
    there = crs.from_stored(np.array([[116.30, 37.45]]), crs.datum_named("EPSG:4548+GCJ-02"))
    plain = crs.from_stored(np.array([[116.305783, 37.450767]]), crs.datum_named("EPSG:4548"))
    assert there == pytest.approx(plain, abs=0.1)


def test_swapped_axes_are_the_same_numbers_the_other_way_round():
    there = crs.from_stored(np.array([[116.30, 37.45]]), crs.datum_named("EPSG:4548/yx"))
    assert there[0] == pytest.approx([4146682.9, 438060.5], abs=0.06)
    assert crs.swapped(crs.swapped(crs.datum_named("BD-09"))) == crs.datum_named("BD-09")


@pytest.mark.parametrize("text", ["EPSG:4490+GCJ-02", "GCJ-02+BD-09", "EPSG:4548+GCJ-02+BD-09"])
def test_only_a_plane_can_lie_over_a_shift(text):
    with pytest.raises(UnknownDatum):
        crs.datum_named(text)

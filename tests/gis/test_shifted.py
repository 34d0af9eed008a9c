import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis import crs, shifted

# lon, lat in WGS84; GCJ-02 and how far; BD-09 and how far (coord_convert 0.2.1)
VECTORS = [
    ((116.30, 37.45), (116.305783, 37.450767), 518.7, (116.312268, 37.456846), 1325.0),
    ((117.23, 37.73), (117.236103, 37.730780), 544.9, (117.242501, 37.737127), 1356.4),
    ((116.00, 37.00), (116.005787, 37.000473), 517.8, (116.012328, 37.006402), 1307.2),
]
# well inside the box in which providers shift
lons, lats = st.floats(73, 136.5), st.floats(1.5, 55)


def metres(a, b):
    return crs.ELLIPSOID.inv(a[0], a[1], b[0], b[1])[2]


@pytest.mark.parametrize(("place", "gcj", "gcj_m", "bd", "bd_m"), VECTORS)
def test_shifts_agree_with_the_published_converters(place, gcj, gcj_m, bd, bd_m):
    xy = np.array([place])
    assert shifted.wgs84_to_gcj02(xy)[0] == pytest.approx(gcj, abs=6e-7)
    assert shifted.wgs84_to_bd09(xy)[0] == pytest.approx(bd, abs=6e-7)
    assert metres(place, shifted.wgs84_to_gcj02(xy)[0]) == pytest.approx(gcj_m, abs=0.1)
    assert metres(place, shifted.wgs84_to_bd09(xy)[0]) == pytest.approx(bd_m, abs=0.1)


@given(lons, lats)
def test_gcj02_there_and_back_ends_within_a_millimetre(lon, lat):
    there = shifted.wgs84_to_gcj02(np.array([[lon, lat]]))
    assert metres((lon, lat), shifted.gcj02_to_wgs84(there)[0]) < 0.001


@given(lons, lats)
def test_bd09_there_and_back_ends_within_a_millimetre(lon, lat):
    there = shifted.wgs84_to_bd09(np.array([[lon, lat]]))
    assert metres((lon, lat), shifted.bd09_to_wgs84(there)[0]) < 0.001


@given(st.floats(-180, 71.9), st.floats(-90, 90))
def test_nothing_is_shifted_outside_china(lon, lat):
    xy = np.array([[lon, lat]])
    assert (shifted.wgs84_to_gcj02(xy) == xy).all()
    assert (shifted.wgs84_to_bd09(xy) == xy).all()


def test_a_point_does_not_depend_on_its_company():
    many = np.random.default_rng(7).uniform([100, 20], [125, 45], size=(50, 2))
    alone = np.concatenate([shifted.gcj02_to_wgs84(point[None]) for point in many])
    assert (shifted.gcj02_to_wgs84(many) == alone).all()


@pytest.mark.parametrize(
    "convert",
    [shifted.wgs84_to_gcj02, shifted.gcj02_to_wgs84, shifted.wgs84_to_bd09, shifted.bd09_to_wgs84],
)
def test_empty_and_non_finite_input_passes_through(convert):
    assert convert(np.zeros((0, 2))).shape == (0, 2)
    broken = np.array([[np.nan, 37.0], [np.inf, 37.0]])
    assert np.array_equal(convert(broken), broken, equal_nan=True)

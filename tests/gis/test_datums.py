"""The datum of a file, found by laying it on what is known."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, affinity

from gis import crs
from gis.datums import Comparison, Confidence, Known, Outcome, find
from gis.datums.measuring import take_samples

#: Readings of Dezhou's numbers that a file may really be in.
DEGREES = ["EPSG:4490", "GCJ-02", "BD-09", "EPSG:4490/yx", "GCJ-02/yx", "BD-09/yx"]
PLANES = [
    "EPSG:4548",
    "EPSG:4527",
    "EPSG:4547",
    "EPSG:4526",
    "EPSG:4498",
    "EPSG:32650",
    "EPSG:3857",
    "EPSG:4548/yx",
    "EPSG:4527/yx",
    "EPSG:4548+GCJ-02",
    "EPSG:4527+BD-09",
    "EPSG:3857+GCJ-02",
]

DECLARED = ["EPSG:4326", "EPSG:4548", ""]


def blob(lon, lat, rng, *, radius_km=18.0, vertices=150):
    """An outline as wild as a county's."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, vertices))
    radius = radius_km * (1 + 0.25 * np.sin(3 * angle + rng.uniform(0, 6)) + 0.05 * rng.standard_normal(vertices))
    east, north = crs.metres_per_degree(lat)
    return Polygon(np.column_stack([
        lon + radius * 1000 * np.cos(angle) / east, lat + radius * 1000 * np.sin(angle) / north,
    ]))  # fmt: skip


def village(rng, *, lon=116.5, lat=37.3, lines=60):
    """Streets of a village: two directions with uneven spacing and length, in lon, lat."""
    made = []
    turn = rng.uniform(0, 90)
    for number in range(lines):
        x, y, half = rng.uniform(-700, 700), rng.uniform(-700, 700), rng.uniform(40, 260)
        line = LineString([(x - half, y), (x, y + rng.uniform(-6, 6)), (x + half, y)])
        made.append(affinity.rotate(line, turn + 90 * (number % 2), origin=(0, 0)))
    return in_degrees(made, lon=lon, lat=lat)


def in_degrees(shapes, *, lon=116.5, lat=37.3):
    scale = np.array([float(each) for each in crs.metres_per_degree(lat)])
    return list(shapely.transform(np.array(shapes, dtype=object), lambda xy: xy / scale + (lon, lat)))


def shapes_of(shapes):
    """An array that holds shapes, as the reader gives them."""
    kept = list(shapes)
    array = np.empty(len(kept), dtype=object)
    array[:] = kept
    return array


def written(shapes, datum, *, noise_m=0.0, rng=None):
    """The shapes as a file in ``datum`` has them, with noise of surveying."""

    def shaken(xy):
        if not noise_m:
            return xy
        scale = np.array([float(each) for each in crs.metres_per_degree(37.3)])
        points, number = np.unique(xy, axis=0, return_inverse=True)  # a ring's last point is its first
        return (points + rng.standard_normal(points.shape) * noise_m / scale)[number.reshape(-1)]

    return crs.shapes_from_stored(shapely.transform(shapes_of(shapes), shaken), crs.datum_named(datum))


@dataclass
class World:
    known: Known
    shapes: list
    names: list


COUNTIES = [("德城区", 116.3, 37.45), ("平原县", 116.45, 37.15), ("庆云县", 117.4, 37.78), ("禹城市", 116.6, 36.9)]


def counties(rng):
    shapes = [blob(lon, lat, rng) for _, lon, lat in COUNTIES]
    names = [name for name, _, _ in COUNTIES]
    return World(Known(outlines=list(zip(names, shapes, strict=True))), shapes, names)


def named(text):
    return crs.datum_named(text) if text else None


def same(found, truth):
    """Whether a hypothesis is the truth: by name, or as one that gives the same numbers here."""
    return truth in {found.name, *found.reading.alike}


@pytest.mark.parametrize(
    ("truth", "declared"),
    [
        *((truth, DECLARED[n % 3]) for n, truth in enumerate([*DEGREES, *PLANES])),
        *((truth, declared) for truth in ("GCJ-02", "BD-09", "EPSG:4548") for declared in DECLARED),
    ],
)
def test_outlines_in_any_datum_are_found_whatever_is_declared(truth, declared):
    rng = np.random.default_rng(1)
    world = counties(rng)
    finding = find(written(world.shapes, truth), world.names, declared=named(declared), known=world.known)
    assert same(finding.hypotheses[0], truth)
    assert finding.outcome is (Outcome.CONFIRMED if same(finding.hypotheses[0], declared) else Outcome.PROPOSED)
    assert finding.hypotheses[0].confidence is Confidence.CERTAIN


@given(
    st.sampled_from([*DEGREES, *PLANES]),
    st.integers(0, 10_000),
    st.floats(0, 120),
    st.sets(st.integers(0, 3), min_size=1),
    st.booleans(),
)
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
def test_the_truth_is_found_through_noise_and_missing_outlines_and_names(truth, seed, noise_m, kept, unnamed):
    rng = np.random.default_rng(seed)
    world = counties(rng)
    shapes = written([world.shapes[n] for n in kept], truth, noise_m=noise_m, rng=rng)
    names = [None if unnamed else world.names[n] for n in kept]
    finding = find(shapes, names, declared=named("EPSG:4490"), known=world.known)
    assert same(finding.hypotheses[0], truth)
    assert (finding.proposed == "") is (truth == "EPSG:4490")


@given(st.sampled_from([*DEGREES, *PLANES]), st.integers(0, 10_000), st.floats(0, 150), st.integers(1, 4))
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
def test_a_file_that_lies_where_it_should_is_never_corrected(truth, seed, noise_m, count):
    rng = np.random.default_rng(seed)
    world = counties(rng)
    shapes = written(world.shapes[:count], truth, noise_m=noise_m, rng=rng)
    finding = find(shapes, world.names[:count], declared=named(truth), known=world.known)
    assert finding.proposed == ""
    assert finding.outcome is Outcome.CONFIRMED


@given(st.sampled_from(DEGREES[:3]), st.sampled_from(DEGREES[:3]), st.integers(0, 10_000), st.floats(0.5, 1.0))
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
def test_streets_of_which_some_are_known_tell_the_datum(truth, declared, seed, overlap):
    rng = np.random.default_rng(seed)
    streets = village(rng)
    known = Known(streets=streets[: int(len(streets) * overlap)])
    shapes = written(streets[10:], truth, noise_m=3.0, rng=rng)
    finding = find(shapes, [None] * len(shapes), declared=named(declared), known=known)
    assert finding.proposed == ("" if truth == declared else truth)
    assert finding.hypotheses[0].name == truth
    if truth != declared:
        assert finding.outcome is Outcome.PROPOSED
        assert finding.shift.by is Comparison.STREETS


@given(st.sampled_from(DEGREES[:3]), st.sampled_from(DEGREES[:3]), st.integers(0, 10_000), st.floats(0.2, 0.5))
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
def test_where_few_streets_are_known_the_datum_is_told_rightly_or_not_at_all(truth, declared, seed, overlap):
    rng = np.random.default_rng(seed)
    streets = village(rng)
    known = Known(streets=streets[: int(len(streets) * overlap)])
    shapes = written(streets[10:], truth, noise_m=3.0, rng=rng)
    finding = find(shapes, [None] * len(shapes), declared=named(declared), known=known)
    assert finding.proposed in {"", truth}
    assert truth == declared or finding.outcome is not Outcome.CONFIRMED


@given(st.sampled_from(DEGREES[:3]), st.integers(0, 10_000), st.floats(300, 1500), st.floats(0, 360))
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
def test_new_streets_beside_known_ones_are_never_corrected(declared, seed, away_m, bearing):
    rng = np.random.default_rng(seed)
    lon, lat, _ = crs.ELLIPSOID.fwd(116.5, 37.3, bearing, away_m)
    shapes = written(village(rng, lon=lon, lat=lat), declared)
    finding = find(shapes, [None] * len(shapes), declared=named(declared), known=Known(streets=village(rng)))
    assert finding.proposed == ""


def grid(rng, *, spacing_m, jitter_m, lanes=14, crossing=5):
    """A planned village: lanes at equal steps and a few streets across, in lon, lat, with what each is called."""
    wide, long = spacing_m * (lanes - 1), spacing_m * 2 * (crossing - 1)
    xs = np.arange(lanes) * spacing_m + rng.uniform(-jitter_m, jitter_m, lanes) - wide / 2
    ys = np.arange(crossing) * 2 * spacing_m + rng.uniform(-jitter_m, jitter_m, crossing) - long / 2
    made = [LineString([(x, -long / 2), (x, long / 2)]) for x in xs]
    made += [LineString([(-wide / 2, y), (wide / 2, y)]) for y in ys]
    turned = [affinity.rotate(line, rng.uniform(0, 1) + 8, origin=(0, 0)) for line in made]
    return in_degrees(turned), [f"{n}巷" if n < lanes else f"{n}街" for n in range(len(made))]


GRIDS = (st.integers(0, 10_000), st.floats(40, 120), st.floats(0, 10))


@given(st.sampled_from(DEGREES[:3]), st.sampled_from(DEGREES[:3]), *GRIDS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_a_grid_of_named_streets_tells_the_datum_however_it_repeats_itself(truth, declared, seed, spacing_m, jitter_m):
    rng = np.random.default_rng(seed)
    streets, names = grid(rng, spacing_m=spacing_m, jitter_m=jitter_m)
    finding = find(written(streets, truth, noise_m=1.0, rng=rng), names, declared=named(declared),
                   known=Known(streets=streets, called=names))  # fmt: skip
    assert finding.hypotheses[0].name == truth
    assert finding.outcome is (Outcome.CONFIRMED if truth == declared else Outcome.PROPOSED)
    if truth != declared:
        assert finding.shift.by is Comparison.NAMED
        assert len(finding.shift.pairs)


@given(st.sampled_from(DEGREES[:3]), st.sampled_from(DEGREES[:3]), *GRIDS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_a_grid_without_names_is_told_rightly_or_asked_about(truth, declared, seed, spacing_m, jitter_m):
    rng = np.random.default_rng(seed)
    streets, _ = grid(rng, spacing_m=spacing_m, jitter_m=jitter_m)
    finding = find(written(streets, truth, noise_m=1.0, rng=rng), [None] * len(streets), declared=named(declared),
                   known=Known(streets=streets))  # fmt: skip
    assert finding.outcome in {Outcome.CONFIRMED, Outcome.PROPOSED, Outcome.UNDECIDED}
    if finding.outcome is Outcome.UNDECIDED:
        assert finding.asks
        assert any("repeat themselves" in str(said) for said in finding.says)
    else:
        assert finding.hypotheses[0].name == truth


def mostly_upon(streets, file, datum):
    """Whether the file's vertices, read in ``datum``, lie mostly within the bounds of these streets."""
    west, south, east, north = shapely.total_bounds(streets)
    lon, lat = crs.to_stored(shapely.get_coordinates(file), named(datum)).T
    return np.mean((lon > west) & (lon < east) & (lat > south) & (lat < north)) > 0.5


@given(st.sampled_from(DEGREES[:3]), *GRIDS, st.floats(0, 360), st.booleans())
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_a_new_grid_beside_a_known_one_is_never_corrected(declared, seed, spacing_m, jitter_m, bearing, same_names):
    rng = np.random.default_rng(seed)
    streets, names = grid(rng, spacing_m=spacing_m, jitter_m=jitter_m)
    lon, lat, _ = crs.ELLIPSOID.fwd(116.5, 37.3, bearing, 2 * spacing_m * 14)
    step = (lon - 116.5, lat - 37.3)
    beside = [affinity.translate(line, *step) for line in grid(rng, spacing_m=spacing_m, jitter_m=jitter_m)[0]]
    file = written(beside, declared)
    # A grid like the other that another datum lays upon it is, as far as anybody can tell, that one in that datum.
    assume(not any(mostly_upon(streets, file, other) for other in DEGREES[:3] if other != declared))
    finding = find(file, names if same_names else [None] * len(names), declared=named(declared),
                   known=Known(streets=streets, called=names))  # fmt: skip
    assert finding.proposed == ""


def test_a_name_that_two_streets_bear_tells_nothing():
    rng = np.random.default_rng(3)
    streets = village(rng, lines=12)
    known = Known(streets=[*streets, *village(rng, lon=116.51, lines=12)], called=[f"{n % 12}街" for n in range(24)])
    assert not [each for each in find(written(streets, "GCJ-02"), [f"{n}街" for n in range(12)],
                                      declared=named("EPSG:4326"), known=known).hypotheses
                if each.remaining is not None and each.remaining.by is Comparison.NAMED]  # fmt: skip


def test_a_file_that_lies_at_the_place_only_once_it_is_read_right_is_asked_about():
    """The place ends where the file ends, so that what is declared puts it half a kilometre outside."""
    streets = village(np.random.default_rng(18))
    west, south, east, north = shapely.total_bounds(np.array(streets, dtype=object))
    finding = find(written(streets, "GCJ-02"), [None] * len(streets), declared=named("EPSG:4326"),
                   known=Known(box=(west - 0.002, south, west + 0.75 * (east - west) , north)))  # fmt: skip
    assert finding.asks
    assert "GCJ-02" in {each.name for each in finding.hypotheses}
    assert "EPSG:4326" not in {each.name for each in finding.hypotheses}


def test_the_shift_is_told_in_metres_and_drawn_as_pairs():
    truth, east, north = "GCJ-02", 505, 74  # the domain's figure for 116.5 E, 37.3 N
    streets = village(np.random.default_rng(3))
    finding = find(written(streets, truth), [None] * len(streets), declared=named("EPSG:4326"),
                   known=Known(streets=streets))  # fmt: skip
    assert finding.shift.east_m == pytest.approx(east, abs=4)
    assert finding.shift.north_m == pytest.approx(north, abs=4)
    assert finding.shift.residual_m < 1
    _, _, metres = crs.ELLIPSOID.inv(*finding.shift.pairs[:, 0].T, *finding.shift.pairs[:, 1].T)
    assert metres == pytest.approx(np.hypot(east, north), abs=6)
    assert f"{round(finding.shift.east_m)} m east" in str(finding.says[0])
    assert f"that is the shift of {truth} here" in str(finding.says[0])
    assert "60 of 60 lines fall on known streets" in str(finding.says[1])


#: The domain's own figures for the shifts, at two corners of the city and south of it.
FIGURES = [
    (116.30, 37.45, "GCJ-02", 518.7),
    (116.30, 37.45, "BD-09", 1325.0),
    (117.23, 37.73, "GCJ-02", 544.9),
    (117.23, 37.73, "BD-09", 1356.4),
    (116.00, 37.00, "GCJ-02", 517.8),
    (116.00, 37.00, "BD-09", 1307.2),
]


@pytest.mark.parametrize(("lon", "lat", "truth", "metres"), FIGURES)
def test_the_measured_shift_is_the_published_one(lon, lat, truth, metres):
    streets = village(np.random.default_rng(4), lon=lon, lat=lat)
    finding = find(written(streets, truth), [None] * len(streets), declared=named("EPSG:4326"),
                   known=Known(streets=streets))  # fmt: skip
    assert finding.proposed == truth
    assert finding.shift.distance_m == pytest.approx(metres, abs=6)


def test_a_shift_that_no_system_has_is_told_and_not_explained_away():
    streets = village(np.random.default_rng(5))
    scale = [float(each) for each in crs.metres_per_degree(37.3)]
    moved = shapes_of(affinity.translate(line, 230 / scale[0], -140 / scale[1]) for line in streets)
    finding = find(moved, [None] * len(moved), declared=named("EPSG:4490"), known=Known(streets=streets))
    assert finding.outcome is Outcome.UNDECIDED
    assert finding.proposed == ""
    assert "230 m east and 140 m south" in str(finding.says[0])
    assert "Ask who made the file" in str(finding.remedy)


def test_named_points_tell_the_datum():
    rng = np.random.default_rng(6)
    places = [(f"{number}村", Point(116.3 + rng.uniform(0, 0.3), 37.2 + rng.uniform(0, 0.3))) for number in range(12)]
    shapes = written([point for _, point in places], "BD-09", noise_m=60, rng=rng)
    finding = find(shapes, [name for name, _ in places], declared=named("EPSG:4326"), known=Known(points=places))
    assert finding.proposed == "BD-09"
    assert finding.shift.by is Comparison.POINTS
    few = find(shapes[:3], [name for name, _ in places[:3]], declared=named("EPSG:4326"), known=Known(points=places))
    assert few.proposed == ""


@pytest.mark.parametrize("many", [3, 4, 5, 6])
def test_one_misplaced_point_among_few_decides_nothing(many):
    rng = np.random.default_rng(9)
    places = [(f"{number}村", Point(116.3 + rng.uniform(0, 0.3), 37.2 + rng.uniform(0, 0.3))) for number in range(many)]
    strayed = [affinity.translate(places[0][1], -0.055, 0.02), *(point for _, point in places[1:])]
    finding = find(written(strayed, "EPSG:4490"), [name for name, _ in places], declared=named("EPSG:4490"),
                   known=Known(points=places))  # fmt: skip
    assert finding.proposed == ""
    assert finding.outcome in {Outcome.UNCOMPARED, Outcome.CONFIRMED}, "four of five may confirm what is declared"
    assert not any("no coordinate system explains" in str(said) for said in finding.says)


def test_too_few_points_that_agree_are_told_with_their_number():
    places = [("一村", Point(116.4, 37.3)), ("二村", Point(116.45, 37.32)), ("三村", Point(116.5, 37.28))]
    strayed = [places[0][1], *(affinity.translate(point, 0.02 * n, 0.03) for n, (_, point) in enumerate(places[1:]))]
    finding = find(shapes_of(strayed), [name for name, _ in places], declared=named("EPSG:4490"),
                   known=Known(points=places))  # fmt: skip
    assert (finding.outcome, finding.proposed) == (Outcome.UNCOMPARED, "")
    assert str(finding.says[1]).startswith("Cannot be told from points: 1 of 3 agree")


def test_one_outline_of_two_that_lies_elsewhere_decides_nothing():
    world = counties(np.random.default_rng(2))
    scale = float(crs.metres_per_degree(37.3)[0])
    shapes = [world.shapes[0], affinity.translate(world.shapes[1], 900 / scale, 0)]
    finding = find(shapes_of(shapes), world.names[:2], declared=named("EPSG:4490"), known=world.known)
    assert finding.proposed == ""
    assert not any("no coordinate system explains" in str(said) for said in finding.says)


def test_unnamed_villages_tell_the_datum_by_the_county_border_that_they_share():
    rng = np.random.default_rng(7)
    county = blob(116.5, 37.3, rng, radius_km=9)
    seats = shapely.MultiPoint(np.column_stack([rng.uniform(116.38, 116.62, 120), rng.uniform(37.18, 37.42, 120)]))
    cells = shapely.get_parts(shapely.voronoi_polygons(seats, extend_to=county))
    villages = [part for part in shapely.intersection(cells, county) if part.geom_type == "Polygon" and part.area > 0]
    known = Known(outlines=[("西县", county)])
    for truth in ("EPSG:4490", "GCJ-02", "BD-09"):
        shapes = written(villages, truth)
        finding = find(shapes, [None] * len(shapes), declared=named("EPSG:4490"), known=known)
        assert finding.hypotheses[0].name == truth
        assert finding.proposed == ("" if truth == "EPSG:4490" else truth)


def outline_only():
    return Known(outlines=[("西县", blob(116.5, 37.3, np.random.default_rng(8)))])


def test_streets_without_a_known_one_keep_the_declared_datum_and_say_what_would_decide_it():
    streets = village(np.random.default_rng(9))
    finding = find(written(streets, "GCJ-02"), [None] * 60, declared=named("EPSG:4326"), known=outline_only())
    assert finding.outcome is Outcome.UNCOMPARED
    assert finding.proposed == ""
    assert "would decide it" in str(finding.remedy)


def test_streets_with_swapped_axes_are_found_by_where_they_lie():
    streets = village(np.random.default_rng(10))
    finding = find(written(streets, "EPSG:4326/yx"), [None] * 60, declared=named("EPSG:4326"), known=outline_only())
    assert finding.proposed == "EPSG:4326/yx"
    assert "axes are swapped" in str(finding.says[0])
    assert "cannot be told" in str(finding.says[1])


def test_a_zone_number_that_was_not_declared_is_found_by_where_the_file_lies():
    streets = village(np.random.default_rng(11))
    finding = find(written(streets, "EPSG:4527"), [None] * 60, declared=named("EPSG:4548"), known=outline_only())
    assert finding.proposed == "EPSG:4527"


def test_undeclared_degrees_that_touch_nothing_known_stay_undecided():
    streets = village(np.random.default_rng(12))
    finding = find(streets, [None] * 60, declared=None, known=outline_only())
    assert finding.outcome is Outcome.UNDECIDED
    assert {each.name for each in finding.hypotheses} == {"EPSG:4490", "GCJ-02", "BD-09"}
    assert "would decide it" in str(finding.remedy)


def test_a_file_of_another_country_is_elsewhere_and_says_where():
    finding = find(shapes_of([Point(1.52, 42.51)]), [None], declared=named("EPSG:4326"), known=outline_only())
    assert finding.outcome is Outcome.ELSEWHERE
    assert "1.52° E, 42.51° N" in str(finding.says[0])


def test_where_nothing_is_known_a_declared_datum_stands_and_swapped_degrees_are_still_found():
    streets = village(np.random.default_rng(13))
    stands = find(shapes_of([Point(1.52, 42.51)]), [None], declared=named("EPSG:4326"), known=Known())
    assert stands.outcome is Outcome.UNCOMPARED
    swapped = find(written(streets, "EPSG:4326/yx"), [None] * 60, declared=named("EPSG:4326"), known=Known())
    assert swapped.proposed == "EPSG:4326/yx"


def test_empty_missing_and_broken_shapes_are_passed_over():
    odd = [None, LineString(), Point(float("nan"), 1), Polygon()]
    seen = find(shapes_of(odd), [None] * 4, declared=named("EPSG:4490"), known=outline_only())
    assert seen.outcome is Outcome.UNCOMPARED
    assert find(shapes_of([]), [], declared=None, known=Known()).outcome is Outcome.UNDECIDED
    world = counties(np.random.default_rng(14))
    shapes = shapes_of([*odd, *written(world.shapes, "GCJ-02")])
    finding = find(shapes, [None] * 4 + world.names, declared=named("EPSG:4490"), known=world.known)
    assert finding.proposed == "GCJ-02"


def test_rows_of_nonsense_do_not_spoil_what_the_others_say():
    world = counties(np.random.default_rng(15))
    nonsense = [LineString([(1160, 37), (1161, 37)]), Point(0, 0)]
    shapes = shapes_of([*nonsense, *written(world.shapes, "GCJ-02")])
    finding = find(shapes, [None, "德城区", *world.names], declared=named("EPSG:4326"), known=world.known)
    assert finding.proposed == "GCJ-02"
    assert finding.shift.agree == 4


def test_a_file_of_the_neighbour_is_elsewhere_where_the_place_is_given():
    world = counties(np.random.default_rng(16))
    box = (117.2, 37.6, 117.6, 38.0)
    known = Known(outlines=world.known.outlines, box=box)
    assert find(world.shapes[:1], ["德城区"], declared=named("EPSG:4326"), known=known).outcome is Outcome.ELSEWHERE


def read(path):
    document = json.loads(path.read_text(encoding="utf-8-sig"))
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in document["features"]]
    return shapes, [feature["properties"]["name"] for feature in document["features"]]


SAMPLES = [
    ("dezhou_counties_gcj02_cnmaps.geojson", "GCJ-02"),
    ("dezhou_counties_gcj02_datav2021.geojson", "GCJ-02"),
    ("dezhou_counties_longwosion2015.geojson", "EPSG:4326"),
]


@pytest.mark.samples
@pytest.mark.parametrize(("file", "truth"), SAMPLES)
@pytest.mark.parametrize("declared", ["EPSG:4326", "GCJ-02", ""])
def test_real_county_files_are_caught_against_outlines_of_another_maker(samples, file, truth, declared):
    """The outlines of 2015 are coarse (some 130 m), of another source than the other two, and in WGS84."""
    shapes, names = read(samples / "dezhou_counties_longwosion2015.geojson")
    independent = Known(outlines=list(zip(names, shapely.make_valid(shapes), strict=True)))
    finding = find(*read(samples / file), declared=named(declared), known=independent)
    assert same(finding.hypotheses[0], truth)
    assert finding.proposed == ("" if truth == declared else finding.hypotheses[0].name)
    if truth == "GCJ-02" and declared == "EPSG:4326":
        assert 500 < finding.shift.distance_m < 560


def test_of_very_many_lines_some_are_laid_on_what_is_known_and_tell_the_same():
    rng = np.random.default_rng(11)
    streets = village(rng, lines=40)
    row = shapely.multilinestrings(np.repeat(np.asarray(written(streets, "GCJ-02"), dtype=object), 500))
    finding = find(shapes_of([row]), [None], declared=named("EPSG:4490"), known=Known(streets=streets))
    assert finding.proposed == "GCJ-02"
    assert finding.shift.by is Comparison.STREETS
    assert finding.shift.agree == finding.shift.of <= 1_000
    lines = np.asarray(shapely.get_parts(row), dtype=object)
    samples = take_samples(Comparison.STREETS, lines, np.arange(len(lines)), (), parts=1)
    assert len(samples.xy) <= 4 * 1_000
    assert set(samples.feature) == set(range(samples.feature.max() + 1))

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString

from gis.errors import GisError
from gis.features import Centreline
from gis.streets import derive_streets

STEP = 0.001


def segment(key, *points, name=None, road_class=None):
    shape = LineString([(116.3 + x * STEP, 37.4 + y * STEP) for x, y in points])
    return Centreline(key, shape, name, road_class)


def groups(segments, **options):
    """The streets as sets of keys."""
    streets = derive_streets(segments, **options)
    return {frozenset(segments[i].key for i in members) for members in streets.members()}


def sets(*words):
    return {frozenset(word.split()) for word in words}


WEST, EAST, NORTH, SOUTH = (-1, 0), (1, 0), (0, 1), (0, -1)
O = (0, 0)  # noqa: E741 - the origin

CASES = {
    "straight roads run on through a crossing": (
        [segment("w", WEST, O), segment("e", O, EAST), segment("n", NORTH, O), segment("s", SOUTH, O)],
        sets("w e", "n s"),
    ),
    "a side road ends at the through road": (
        [segment("w", WEST, O), segment("e", O, EAST), segment("s", SOUTH, O)],
        sets("w e", "s"),
    ),
    "at a fork the straighter branch is the same street": (
        [segment("w", WEST, O), segment("a", O, (1, 0.1)), segment("b", O, (1, -0.5))],
        sets("w a", "b"),
    ),
    "a right angle is a new street": ([segment("w", WEST, O), segment("n", O, NORTH)], sets("w", "n")),
    "a gentle bend is the same street": ([segment("w", WEST, O), segment("a", O, (1, 0.5))], sets("w a")),
    "different names never join": (
        [segment("w", WEST, O, name="东街"), segment("e", O, EAST, name="西街")],
        sets("w", "e"),
    ),
    "the same name joins round a right angle": (
        [segment("w", WEST, O, name="环村路"), segment("n", O, NORTH, name="环村路")],
        sets("w n"),
    ),
    "the same name joins through a crossing": (
        [
            segment("w", WEST, O, name="一"),
            segment("e", O, EAST, name="一"),
            segment("n", NORTH, O),
            segment("s", SOUTH, O),
        ],
        sets("w e", "n s"),
    ),
    "an unnamed road does not take over the name ahead": (
        [segment("w", WEST, O, name="东街"), segment("e", O, EAST)],
        sets("w", "e"),
    ),
    "a strong change of class parts unnamed roads": (
        [segment("w", WEST, O, road_class="primary"), segment("e", O, EAST, road_class="residential")],
        sets("w", "e"),
    ),
    "a neighbouring class continues": (
        [segment("w", WEST, O, road_class="tertiary"), segment("e", O, EAST, road_class="residential")],
        sets("w e"),
    ),
    "the same class is preferred to a slightly straighter road": (
        [
            segment("w", WEST, O, road_class="residential"),
            segment("a", O, EAST, road_class="tertiary"),
            segment("b", O, (1, 0.15), road_class="residential"),
        ],
        sets("w b", "a"),
    ),
    "a spelling in full width is the same name": (
        [segment("w", WEST, O, name="Ａ１路"), segment("e", O, NORTH, name=" A1路 ")],
        sets("w e"),
    ),
    "roads that do not touch are streets of their own": (
        [segment("a", O, EAST), segment("b", (0, 0.2), (1, 0.2))],
        sets("a", "b"),
    ),
    "a loop stays one street": ([segment("a", O, EAST, (1, 1), O)], sets("a")),
}


@pytest.mark.parametrize("case", CASES, ids=[c.replace(" ", "_") for c in CASES])
def test_streets_follow_continuity_names_and_class(case):
    segments, expected = CASES[case]
    assert groups(segments) == expected


def test_the_threshold_decides_how_far_a_street_may_bend():
    bent = [segment("w", WEST, O), segment("a", O, (1, 1))]
    assert groups(bent, max_deflection_deg=60) == sets("w a")
    assert groups(bent, max_deflection_deg=30) == sets("w", "a")


def test_no_segments_give_no_streets():
    streets = derive_streets([])
    assert len(streets) == 0
    assert streets.members() == []


def test_a_segment_without_length_is_refused():
    with pytest.raises(GisError):
        derive_streets([segment("a", O, O)])


def test_a_street_knows_its_name_length_and_segments():
    streets = derive_streets([segment("w", WEST, O, name="东街"), segment("e", O, EAST, name="东街")])
    assert streets.names == ("东街",)
    assert streets.segments.tolist() == [2]
    assert streets.lengths_m[0] == pytest.approx(2 * 88.5, abs=1)


points = st.tuples(st.integers(0, 4), st.integers(0, 4))
names = st.sampled_from([None, None, None, "东街", "西街"])
classes = st.sampled_from([None, "residential", "primary", "巷"])


@st.composite
def towns(draw):
    """Segments between grid points, each pair of points joined at most once."""
    pairs = draw(
        st.lists(st.tuples(points, points).filter(lambda p: p[0] < p[1]), min_size=1, max_size=40, unique=True)
    )
    return [segment(f"s{n}", *pair, name=draw(names), road_class=draw(classes)) for n, pair in enumerate(pairs)]


@given(towns(), st.randoms(use_true_random=False))
def test_streets_do_not_depend_on_the_order_of_input(town, random):
    order = list(range(len(town)))
    random.shuffle(order)
    before, after = derive_streets(town), derive_streets([town[i] for i in order])
    assert before.street[order].tolist() == after.street.tolist()
    assert before.names == after.names


@given(towns(), st.data())
def test_streets_do_not_depend_on_the_direction_of_drawing(town, data):
    turned = [
        Centreline(s.key, LineString(s.line.coords[::-1]), s.name, s.road_class) if data.draw(st.booleans()) else s
        for s in town
    ]
    assert derive_streets(town).street.tolist() == derive_streets(turned).street.tolist()


@given(towns())
def test_a_street_has_one_name_and_every_segment_one_street(town):
    streets = derive_streets(town)
    assert streets.segments.sum() == len(town)
    for number, members in enumerate(streets.members()):
        assert {town[i].name for i in members} == {streets.names[number]}

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString

from gis.carriageways import along_m
from gis.errors import GisError
from gis.features import Centreline
from gis.streets import ALL, ANGLES, Rules, derive_streets, parted_at_corners

STEP = 0.001


def segment(key, *points, name=None, road_class=None, oneway=False):
    shape = LineString([(116.3 + x * STEP, 37.4 + y * STEP) for x, y in points])
    return Centreline(key, shape, name, road_class, oneway)


def carriageways(*names, apart, oneway=True):
    """Two one-way lines of 270 m side by side, ``apart`` in thousandths of a degree (111 m)."""
    return [
        segment(key, (0, y), (3, y), name=name, oneway=oneway)
        for key, name, y in zip("ab", names, (0, apart), strict=True)
    ]


def roundabout(*arms, name=None, oneway=True, radius=0.2):
    """Segments of a ring around the origin, cut at the arms' bearings; arms are (key, degrees from east, name)."""
    turns = sorted(degrees for _, degrees, _ in arms)
    corners = [*turns, turns[0] + 360]
    ring = [
        segment(f"r{n}", *(_at(radius, turn) for turn in np.linspace(begin, end, 13)), name=name, oneway=oneway)
        for n, (begin, end) in enumerate(pairwise(corners))
    ]
    return [*ring, *(segment(key, _at(radius, turn), _at(2, turn), name=title) for key, turn, title in arms)]


def _at(radius, degrees):
    turn = np.radians(degrees % 360)
    return (round(radius * np.cos(turn) / np.cos(np.radians(37.4)), 6), round(radius * np.sin(turn), 6))


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
    "a corner at which nothing else meets is a new street": (
        [segment("w", WEST, O), segment("n", O, NORTH)],
        sets("w", "n"),
    ),
    "a corner of lines that only one way leads along is a new street as well": (
        [segment("w", WEST, O), segment("n", O, NORTH, oneway=True)],
        sets("w", "n"),
    ),
    "a corner that is cut off is a new street": (
        [segment("w", WEST, (-0.02, 0), (0, 0.015)), segment("n", (0, 0.015), NORTH)],
        sets("w", "n"),
    ),
    "a corner beside which a lane begins is a new street": (
        [
            segment("w", WEST, (-0.25, 0)),
            segment("v", (-0.25, 0), O),
            segment("l", (-0.25, 0), (-0.25, -1)),
            segment("n", O, NORTH),
        ],
        sets("w v", "l", "n"),
    ),
    "a hairpin is the same street": ([segment("w", WEST, O), segment("n", O, (-1, 0.3))], sets("w n")),
    "a jog is the same street": (
        [segment("w", WEST, O), segment("j", O, (0, 0.2)), segment("e", (0, 0.2), (1, 0.2))],
        sets("w j e"),
    ),
    "a curve is the same street": (
        [
            segment("w", WEST, O),
            segment("c", O, (0.15, 0.05), (0.27, 0.16), (0.34, 0.3)),
            segment("n", (0.34, 0.3), (0.34, 1)),
        ],
        sets("w c n"),
    ),
    "a short way out around a corner is the same street": (
        [segment("w", WEST, O), segment("n", O, (0, 0.3))],
        sets("w n"),
    ),
    "a corner at which a third road begins is a new street": (
        [segment("w", WEST, O), segment("n", O, NORTH), segment("o", O, (-0.3, -1))],
        sets("w", "n o"),
    ),
    "at a corner another class is a new street": (
        [segment("w", WEST, O, road_class="tertiary"), segment("n", O, NORTH, road_class="residential")],
        sets("w", "n"),
    ),
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
    "where nothing else meets a road that changes its class may bend more": (
        [segment("w", WEST, O, road_class="tertiary"), segment("a", O, (0.8, 0.8), road_class="residential")],
        sets("w a"),
    ),
    "a bridge without a name between two ends of one name takes it": (
        [segment("w", WEST, O, name="一"), segment("g", O, EAST), segment("e", EAST, (2, 0), name="一")],
        sets("w g e"),
    ),
    "a gap that a side road cuts is filled whole": (
        [
            segment("w", WEST, O, name="一"),
            segment("g", O, (0.5, 0)),
            segment("h", (0.5, 0), EAST),
            segment("e", EAST, (2, 0), name="一"),
            segment("s", (0.5, 0), (0.5, -1)),
        ],
        sets("w g h e", "s"),
    ),
    "a gap is filled before a crossing road can continue it": (
        [
            segment("w", WEST, O, name="一"),
            segment("g", O, EAST),
            segment("e", EAST, (2, 0.2), name="一"),
            segment("u", EAST, (2, 0)),
        ],
        sets("w g e", "u"),
    ),
    "a long way between two ends of one name is no gap": (
        [segment("w", WEST, O, name="一"), segment("g", O, (4, 0)), segment("e", (4, 0), (5, 0), name="一")],
        sets("w", "g", "e"),
    ),
    "a way round the corner is no gap": (
        [segment("w", WEST, O, name="一"), segment("g", O, NORTH), segment("e", NORTH, (1, 1), name="一")],
        sets("w", "g", "e"),
    ),
    "between ends of two names lies no gap": (
        [segment("w", WEST, O, name="一"), segment("g", O, EAST), segment("e", EAST, (2, 0), name="二")],
        sets("w", "g", "e"),
    ),
    "a lay-by beside a name that goes on is no gap": (
        [
            segment("w", WEST, O, name="一"),
            segment("m", O, EAST, name="一"),
            segment("e", EAST, (2, 0), name="一"),
            segment("g", O, (0.3, 0.1), (0.7, 0.1), EAST),
        ],
        sets("w m e", "g"),
    ),
    "two carriageways without a name are one street": (carriageways(None, None, apart=0.12), sets("a b")),
    "two carriageways of one name are one street": (carriageways("一", "一", apart=0.3), sets("a b")),
    "carriageways of different names are two streets": (carriageways("一", "二", apart=0.12), sets("a", "b")),
    "a named and an unnamed carriageway are two streets": (carriageways("一", None, apart=0.12), sets("a", "b")),
    "two lines of one name side by side are carriageways though no file says oneway": (
        carriageways("一", "一", apart=0.2, oneway=False),
        sets("a b"),
    ),
    "two lanes of one name a house apart are two streets": (
        carriageways("一", "一", apart=0.3, oneway=False),
        sets("a", "b"),
    ),
    "two-way lines of two names side by side are two streets": (
        carriageways("一", "二", apart=0.12, oneway=False),
        sets("a", "b"),
    ),
    "two-way roads side by side are two streets": (carriageways(None, None, apart=0.12, oneway=False), sets("a", "b")),
    "one-way lanes a house apart are two streets": (carriageways(None, None, apart=0.3), sets("a", "b")),
    "one-way lines one after the other are no carriageways": (
        [segment("w", WEST, O, oneway=True), segment("n", (0.05, 0.02), (0.05, 1), oneway=True)],
        sets("w", "n"),
    ),
    "both ways around a traffic island are one street": (
        [
            segment("w", WEST, O),
            segment("a", O, (0.3, 0.1), (0.6, 0), oneway=True),
            segment("b", O, (0.3, -0.1), (0.6, 0), oneway=True),
            segment("e", (0.6, 0), (2, 0)),
        ],
        sets("w a b e"),
    ),
    "streets continue over a roundabout, which the straightest carries": (
        roundabout(("e", 0, None), ("n", 95, None), ("w", 180, None), ("s", 265, None)),
        sets("r0 r1 r2 r3 e w", "n s"),
    ),
    "a street of one name continues over a roundabout and carries it": (
        roundabout(("e", 0, "一"), ("n", 90, None), ("w", 180, "一"), ("s", 270, None)),
        sets("r0 r1 r2 r3 e w", "n s"),
    ),
    "a roundabout with a name is a street of its own": (
        roundabout(("e", 0, "一"), ("n", 90, None), ("w", 180, "一"), ("s", 270, None), name="圆"),
        sets("r0 r1 r2 r3", "e w", "n s"),
    ),
    "a roundabout that no street crosses is a street of its own": (
        roundabout(("e", 0, "一"), ("n", 90, "二"), ("w", 200, "三")),
        sets("r0 r1 r2", "e", "n", "w"),
    ),
    "a roundabout drawn both ways is told by its shape": (
        roundabout(("e", 0, None), ("n", 90, None), ("w", 180, None), oneway=False),
        sets("r0 r1 r2 e w", "n"),
    ),
    "a turning loop belongs to its street": (roundabout(("e", 0, None), oneway=False), sets("r0 e")),
    "a turning loop at the end of a named street is its": (roundabout(("e", 0, "一")), sets("r0 e")),
    "a block of houses is no roundabout": (
        [
            segment("n", (0, 0.3), (0.3, 0.3)),
            segment("e", (0.3, 0.3), (0.3, 0)),
            segment("s", (0.3, 0), O),
            segment("w", O, (0, 0.3)),
            segment("a", (0.3, 0), (1, 0)),
            segment("b", (0.3, 0.3), (1, 0.3)),
        ],
        sets("b n w s a", "e"),
    ),
}


@pytest.mark.parametrize("case", CASES, ids=[c.replace(" ", "_") for c in CASES])
def test_streets_follow_continuity_names_and_class(case):
    segments, expected = CASES[case]
    assert groups(segments) == expected


def test_the_threshold_decides_how_far_a_street_may_bend():
    bent = [segment("w", WEST, O), segment("a", O, (1, 0.3)), segment("n", O, NORTH)]
    assert groups(bent, rules=Rules(max_deflection_deg=40)) == sets("w a", "n")
    assert groups(bent, rules=Rules(max_deflection_deg=15)) == sets("w", "a", "n")
    changed, _ = CASES["where nothing else meets a road that changes its class may bend more"]
    assert groups(changed, rules=Rules(max_bend_deg=55)) == sets("w", "a")


@pytest.mark.parametrize(
    ("case", "switch", "expected"),
    [
        ("different names never join", "names", sets("w e")),
        ("a strong change of class parts unnamed roads", "classes", sets("w e")),
        ("two carriageways without a name are one street", "carriageways", sets("a", "b")),
        ("a turning loop at the end of a named street is its", "rings", sets("r0", "e")),
        ("a corner at which nothing else meets is a new street", "corners", sets("w n")),
    ],
)
def test_each_further_rule_can_be_switched_off(case, switch, expected):
    assert groups(CASES[case][0], rules=replace(ALL, **{switch: False})) == expected


def test_what_is_compared_with_the_peer_is_every_rule_but_five_with_the_direction_over_the_last_leg():
    five = {"names": False, "classes": False, "carriageways": False, "rings": False, "corners": False}
    assert replace(ALL, **five, reach_m=0.0) == ANGLES


def test_angles_alone_follow_the_last_leg_and_every_bend_where_two_meet():
    hooked = [segment("w", WEST, O), segment("e", O, (0.01, 0), (0.01, 2)), segment("n", O, (-0.01, 1))]
    assert groups(hooked, rules=ANGLES) == sets("w e", "n")
    assert groups([segment("w", WEST, O), segment("n", O, NORTH)], rules=ANGLES) == sets("w n")


def cornered(segments):
    """The streets of segments that were cut at the corners on their way, as sets of pieces of keys."""
    return groups(parted_at_corners(segments)[0])


def test_a_grid_of_two_by_two_blocks_is_six_streets_however_its_lines_are_drawn():
    east, north = 100 / 88.6, 100 / 111.0
    at = {(i, j): (i * east, j * north) for i in range(3) for j in range(3)}
    rows = [segment(f"r{j}.{i}", at[i, j], at[i + 1, j], road_class="residential") for j in range(3) for i in range(2)]
    lanes = [segment(f"l{i}.{j}", at[i, j], at[i, j + 1], road_class="residential") for i in range(3) for j in range(2)]
    lines = sets("r0.0 r0.1", "r1.0 r1.1", "r2.0 r2.1", "l0.0 l0.1", "l1.0 l1.1", "l2.0 l2.1")
    assert groups([*rows, *lanes]) == cornered([*rows, *lanes]) == lines
    inner = [each for each in (*rows, *lanes) if each.key[:2] in {"r1", "l1"}]
    around = segment("o", *(at[i, j] for i, j in ((1, 0), (0, 0), (0, 1))), road_class="residential")
    others = [
        segment("p", *(at[i, j] for i, j in ((1, 0), (2, 0), (2, 1))), road_class="residential"),
        segment("q", *(at[i, j] for i, j in ((2, 1), (2, 2), (1, 2))), road_class="residential"),
        segment("s", *(at[i, j] for i, j in ((1, 2), (0, 2), (0, 1))), road_class="residential"),
    ]
    assert cornered([*inner, around, *others]) == sets(
        "r1.0 r1.1", "l1.0 l1.1", "o/0 p/0", "p/1 q/0", "q/1 s/0", "s/1 o/1"
    )


def test_a_name_keeps_a_street_together_round_a_corner_on_the_way_of_a_line():
    (pieces, owner) = parted_at_corners(
        [segment("a", WEST, O, NORTH, name="环村路"), segment("b", (2, 0), (3, 0), (3, 1))]
    )
    assert [piece.key for piece in pieces] == ["a", "b/0", "b/1"]
    assert owner.tolist() == [0, 1, 1]
    assert [list(piece.line.coords) for piece in pieces[1:]] == [
        list(segment("", *course).line.coords) for course in (((2, 0), (3, 0)), ((3, 0), (3, 1)))
    ]


def test_what_was_cut_at_its_corners_is_cut_no_more():
    pieces, _ = parted_at_corners([segment("b", (2, 0), (3, 0), (3, 1), (5, 1))])
    assert len(pieces) == 3
    assert parted_at_corners(pieces)[0] == pieces


def test_a_filled_gap_is_told_and_bears_its_street_s_name():
    town, _ = CASES["a bridge without a name between two ends of one name takes it"]
    streets = derive_streets(town)
    assert streets.names == ("一",)
    assert streets.filled.tolist() == [False, True, False]


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


def test_carriageways_that_no_file_says_to_be_one_way_are_as_long_as_their_middle():
    streets = derive_streets(carriageways("一", "一", apart=0.2, oneway=False))
    assert streets.lengths_m == pytest.approx([265], abs=5)


def test_a_dual_carriageway_is_as_long_as_its_middle():
    apart = carriageways("一", "一", apart=0.12)
    tail = segment("t", (3, 0.06), (5, 0.06), name="一")
    ramps = [segment("u", (3, 0), (3, 0.06), name="一"), segment("v", (3, 0.12), (3, 0.06), name="一")]
    (length,) = derive_streets([*apart, tail, *ramps]).lengths_m
    assert length == pytest.approx((3 + 2) * 88.5 + 2 * 6.7, abs=12)
    (both,) = derive_streets(carriageways(None, None, apart=0.12)).lengths_m
    assert both == pytest.approx(3 * 88.5, abs=2)
    (one_sided,) = derive_streets([apart[0], segment("b", (0, 0.12), (1.5, 0.12), name="一", oneway=True)]).lengths_m
    assert one_sided == pytest.approx(3 * 88.5, abs=12), "where only one side is drawn it counts whole"


def test_both_ways_around_a_traffic_island_count_once():
    town, _ = CASES["both ways around a traffic island are one street"]
    (length,) = derive_streets(town).lengths_m
    assert length == pytest.approx(3 * 88.5, abs=6)


def test_a_street_s_lines_that_run_side_by_side_count_once_whoever_drew_them():
    lines = np.array([each.line for each in carriageways(None, None, apart=0.12)], dtype=object)
    assert along_m(lines, named=False) == pytest.approx(3 * 88.5, abs=2)
    assert along_m(lines[:1], named=False) == pytest.approx(3 * 88.5, abs=0.5)


# crossings a hundred metres apart, and some ten beside them, so that carriageways, islands and gaps come about
steps = st.sampled_from([0, 0.1, 1, 1.1, 2, 3])
points = st.tuples(steps, steps)
names = st.sampled_from([None, None, None, "东街", "西街"])
classes = st.sampled_from([None, "residential", "primary", "巷"])


@st.composite
def towns(draw):
    """Segments between grid points, each pair of points joined at most once."""
    pairs = draw(
        st.lists(st.tuples(points, points).filter(lambda p: p[0] < p[1]), min_size=1, max_size=40, unique=True)
    )
    rings = draw(st.sampled_from([[], roundabout(("e", 0, None), ("w", 180, None), ("n", 90, "东街"))]))
    return rings + [
        segment(f"s{n}", *pair, name=draw(names), road_class=draw(classes), oneway=draw(st.booleans()))
        for n, pair in enumerate(pairs)
    ]


@given(towns(), st.randoms(use_true_random=False))
def test_streets_do_not_depend_on_the_order_of_input(town, random):
    order = list(range(len(town)))
    random.shuffle(order)
    before, after = derive_streets(town), derive_streets([town[i] for i in order])
    assert before.street[order].tolist() == after.street.tolist()
    assert before.names == after.names


@given(towns(), st.data())
def test_streets_do_not_depend_on_the_direction_of_drawing(town, data):
    turned = [replace(s, line=LineString(s.line.coords[::-1])) if data.draw(st.booleans()) else s for s in town]
    assert derive_streets(town).street.tolist() == derive_streets(turned).street.tolist()


@st.composite
def cut_towns(draw):
    """A town whose lines have vertices on their way, whole and with some cut there; and whose piece each piece is."""
    whole, cut, owner = [], [], []
    for n, each in enumerate(draw(towns())):
        line = each.line
        if len(line.coords) == 2:
            (x, y), (east, north) = line.coords
            bent = draw(st.sampled_from([0.0, 0.0003, -0.0004]))
            way = [
                (x + (east - x) * t - (north - y) * bent * 1e3 * s, y + (north - y) * t + (east - x) * bent * 1e3 * s)
                for t, s in ((0.21, 0.5), (0.47, 1), (0.83, 0.3))
            ]
            line = LineString([(x, y), *way, (east, north)])
        whole.append(replace(each, line=line))
        points = list(line.coords)
        inner = range(1, len(points) - 1)
        at = [0, *sorted(draw(st.sets(st.sampled_from(inner), max_size=3))), len(points) - 1]
        for k, (begin, end) in enumerate(pairwise(at)):
            piece = points[begin : end + 1]
            cut.append(replace(each, key=f"{each.key}.{k}", line=LineString(piece[:: draw(st.sampled_from([1, -1]))])))
            owner.append(n)
    return whole, cut, owner


@given(cut_towns())
def test_streets_do_not_depend_on_how_lines_are_cut(towns):
    whole, cut, owner = towns
    (one, mine), (other, theirs) = parted_at_corners(whole), parted_at_corners(cut)
    before, after = derive_streets(one), derive_streets(other)
    assert before.names == after.names
    assert after.lengths_m == pytest.approx(before.lengths_m)
    assert legs(one, mine, before) == legs(other, np.array(owner)[theirs], after)


def legs(pieces, owner, streets):
    """Which line, which leg of it, which street, and whether it fills a gap there."""
    return {
        (int(n), frozenset(leg), int(street), bool(filled))
        for piece, n, street, filled in zip(pieces, owner, streets.street, streets.filled, strict=True)
        for leg in pairwise(piece.line.coords)
    }


def test_a_ring_on_which_nothing_ends_is_one_street_wherever_it_is_cut():
    around = [_at(2, turn) for turn in range(0, 360, 15)]
    ring = [*around, around[0]]
    assert groups([segment("a", *ring[:9]), segment("b", *ring[8:])]) == sets("a b")
    assert groups([segment(str(n), *leg) for n, leg in enumerate(pairwise(ring))]) == sets(
        " ".join(map(str, range(24)))
    )


def test_a_block_that_nothing_reaches_has_four_streets_wherever_its_line_begins():
    corners = [O, (0.5, 0), EAST, (1, 1), NORTH]
    for begin in range(5):
        line = segment("a", *corners[begin:], *corners[: begin + 1])
        pieces, _ = parted_at_corners([line])
        streets = derive_streets(pieces)
        assert len(streets) == 4
        assert streets.lengths_m == pytest.approx(
            derive_streets(parted_at_corners([segment("a", *corners, O)])[0]).lengths_m
        )


@given(towns())
def test_a_street_has_one_name_and_every_segment_one_street(town):
    streets = derive_streets(town)
    assert streets.segments.sum() == len(town)
    for number, members in enumerate(streets.members()):
        named = {town[i].name for i in members if not streets.filled[i]}
        assert named == {streets.names[number]}
        assert all(town[i].name is None for i in members if streets.filled[i])


def test_the_direction_of_a_one_way_line_decides_nothing():
    one, other = carriageways(None, None, apart=0.12)
    turned = replace(other, line=LineString(other.line.coords[::-1]))
    assert groups([one, other]) == groups([one, turned]) == sets("a b")

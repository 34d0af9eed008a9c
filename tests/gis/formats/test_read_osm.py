import gzip

import osmium
import pytest

from gis.errors import UnreadableFile
from gis.features import AreaKind, FacilityKind, Verdict
from gis.formats import read_survey


def tags(**pairs):
    return "".join(f'<tag k="{k}" v="{v}"/>' for k, v in pairs.items())


def node(number, lon, lat, **pairs):
    return f'<node id="{number}" lon="{lon}" lat="{lat}">{tags(**pairs)}</node>'


def way(number, *nodes, **pairs):
    refs = "".join(f'<nd ref="{n}"/>' for n in nodes)
    return f'<way id="{number}">{refs}{tags(**pairs)}</way>'


def relation(number, *ways, **pairs):
    members = "".join(f'<member type="way" ref="{w}" role="outer"/>' for w in ways)
    return f'<relation id="{number}">{members}{tags(**pairs)}</relation>'


TOWN = "".join(
    [
        *(node(n, 116 + (n in {2, 3}) * 0.1, 37 + (n in {3, 4}) * 0.1) for n in (1, 2, 3, 4)),
        node(5, 116.05, 37.05, place="village", name="张庄村"),
        node(6, 116.06, 37.05, shop="convenience"),
        node(7, 116.06, 37.06, highway="crossing"),
        node(8, 116.06, 37.07, natural="tree"),
        way(10, 1, 2, 3, admin_level="8", boundary="administrative"),
        way(11, 3, 4, 1, boundary="administrative"),
        way(12, 1, 3, highway="residential", name="东街", oneway="yes"),
        way(13, 2, 4, highway="footway"),
        way(14, 5, 6, 7, 5, amenity="school", name="小学"),
        way(15, 1, 99, highway="residential"),
        way(16, 2, 3, highway="tertiary", bridge="yes"),
        relation(20, 10, 11, type="boundary", boundary="administrative", admin_level="8", name="某镇"),
        relation(21, 10, 98, type="boundary", boundary="administrative", admin_level="7", name="缺"),
    ]
)
XML = f'<?xml version="1.0" encoding="UTF-8"?><osm version="0.6">{TOWN}</osm>'.encode()


@pytest.fixture(params=["survey.osm", "survey.osm.gz", "survey.osm.pbf"])
def town(request, tmp_path):
    path = tmp_path / request.param
    if request.param.endswith("gz"):
        path.write_bytes(gzip.compress(XML))
    elif request.param.endswith("pbf"):
        plain = tmp_path / "plain.osm"
        plain.write_bytes(XML)
        with osmium.SimpleWriter(str(path)) as writer:
            for thing in osmium.FileProcessor(plain):
                writer.add(thing)
    else:
        path.write_bytes(XML)
    return read_survey(path)


def test_each_tagged_object_is_a_row_with_one_report(town):
    verdicts = {report.key: report.verdict for report in town.reports}
    assert verdicts == {
        "node/5": Verdict.ACCEPTED,
        "node/6": Verdict.ACCEPTED,
        "way/10": Verdict.IGNORED,
        "way/12": Verdict.ACCEPTED,
        "way/13": Verdict.IGNORED,
        "way/14": Verdict.ACCEPTED,
        "way/15": Verdict.REJECTED,
        "way/16": Verdict.ACCEPTED,
        "relation/20": Verdict.ACCEPTED,
        "relation/21": Verdict.REJECTED,
    }
    assert [report.row for report in town.reports] == list(range(1, 11))


def test_relations_become_polygons_and_nodes_points(town):
    assert [(a.kind, a.name, a.shape.geom_type) for a in town.areas] == [
        (AreaKind.VILLAGE, "张庄村", "Point"),
        (AreaKind.TOWN, "某镇", "Polygon"),
    ]
    assert [f.kind for f in town.facilities] == [FacilityKind.SHOP, FacilityKind.SCHOOL]


def test_roads_know_direction_and_level(town):
    assert [(c.key, c.name, c.oneway, c.level) for c in town.centrelines] == [
        ("way/12", "东街", True, 0),
        ("way/16", None, False, 1),
    ]


@pytest.mark.parametrize("content", [XML[: len(XML) // 2], b"<osm><node", b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x7f"])
def test_a_file_cut_off_is_refused(tmp_path, content):
    path = tmp_path / "cut.osm"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=r"cut\.osm"):
        read_survey(path)


def test_every_tagged_object_is_counted(town):
    told = {each.reason.format(**each.values): each.rows for each in town.others}
    assert told == {
        "Objects with the key highway of this kind are not kept.": 1,
        "Objects with the key natural of this kind are not kept.": 1,
        "Objects with the key boundary of this kind are not kept.": 1,
    }
    assert town.rows == len(town.reports) + 3


def test_a_building_is_counted_once_and_its_outline_takes_no_memory(tmp_path):
    ring = "".join(node(n, 116 + (n in {2, 3}) * 0.1, 37 + (n in {3, 4}) * 0.1) for n in (1, 2, 3, 4))
    path = tmp_path / "town.osm"
    many = "".join(way(100 + n, 1, 2, 3, 4, 1, building="yes") for n in range(50))
    odd = node(5, 116.2, 37.2, note="fix me")
    path.write_text(f'<osm version="0.6">{ring}{odd}{way(1, 1, 2, highway="residential")}{many}</osm>')
    survey = read_survey(path)
    assert [(each.values, each.rows) for each in survey.others] == [({"field": "building"}, 50), ({}, 1)]
    assert len(survey.reports) == 1


def test_an_extract_of_nothing_but_buildings_says_so(tmp_path):
    path = tmp_path / "town.osm"
    path.write_text(f'<osm version="0.6">{node(1, 116, 37, building="yes")}</osm>')
    with pytest.raises(UnreadableFile, match=r"None of the 1 tagged objects of town\.osm is a road"):
        read_survey(path)


def test_a_way_without_length_says_that_and_not_that_points_lack(tmp_path):
    path = tmp_path / "town.osm"
    twice = node(1, 116, 37) + node(2, 116, 37)
    path.write_text(f'<osm version="0.6">{twice}{way(1, 1, 2, highway="residential")}'
                    f'{way(2, 1, 9, highway="residential")}</osm>')  # fmt: skip
    none, lacking = read_survey(path).reports
    assert none.reason == "The line has no length; draw it again or delete the row."
    assert "fewer than two points in this file" in lacking.reason


def test_xml_entities_are_named_as_the_reason(tmp_path):
    path = tmp_path / "town.osm"
    path.write_text('<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a "b">]><osm version="0.6">'
                    f'{node(1, 116, 37, shop="&amp;a;")}</osm>'.replace("&amp;a;", "&a;"))  # fmt: skip
    with pytest.raises(UnreadableFile, match=r"town\.osm declares XML entities or a document type"):
        read_survey(path)

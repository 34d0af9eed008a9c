"""What a row is, told from its attributes: OSM-style tags, or the plain columns of a survey file.

OSM tags are read by the OSM wiki's meaning; plain columns by the words that Chinese survey tables use for
them. What puts a street in scope is the list of the press conference of 2024-04-08: committee, shop,
clinic, school.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from gis.errors import N_
from gis.features import AreaKind, FacilityKind

Tags = Mapping[str, str]

#: What a person may say that rows are, in our words; None is a road.
KEPT: dict[str, AreaKind | FacilityKind | None] = {
    "道路": None,
    "村": AreaKind.VILLAGE,
    "镇": AreaKind.TOWN,
    "县": AreaKind.COUNTY,
    "村委会": FacilityKind.COMMITTEE,
    "商店": FacilityKind.SHOP,
    "卫生室": FacilityKind.CLINIC,
    "学校": FacilityKind.SCHOOL,
}
#: Characters by which a value is told from others, and those that a report repeats of it.
LONGEST_VALUE = 60
STREET_CLASSES = frozenset({"residential", "unclassified", "living_street", "tertiary", "secondary", "primary", "road"})
_AMENITIES = {
    "townhall": FacilityKind.COMMITTEE,
    "school": FacilityKind.SCHOOL,
    "clinic": FacilityKind.CLINIC,
    "doctors": FacilityKind.CLINIC,
    "hospital": FacilityKind.CLINIC,
}
_HEALTHCARE = frozenset({"clinic", "doctor", "doctors", "hospital", "centre", "yes"})
_DISUSED = frozenset({"no", "vacant"})
_PLACES = frozenset({"village", "hamlet"})
_LEVELS = {
    "6": AreaKind.COUNTY,
    "7": AreaKind.TOWN,
    "8": AreaKind.TOWN,
    "9": AreaKind.VILLAGE,
    "10": AreaKind.VILLAGE,
}
# Tags that make a nameless line or polygon something else than a road or a division.
_OTHER_OSM = (
    *("waterway", "railway", "boundary", "barrier", "power", "natural", "landuse", "building", "man_made"),
    *("leisure", "aeroway", "route", "public_transport", "tourism", "historic", "amenity", "office"),
)

NAME = (
    "name",
    "名称",
    "标准名称",
    "道路名称",
    "路名",
    "街名",
    "村名",
    "地名",
    "xzqmc",
    "mc",
    "xm_name",
    "name:zh",
)
KIND = ("类型", "类别", "kind", "type", "要素类型", "种类", "level")
#: What a drawing or a map program groups by: it tells the kind where its name is one of our words, and nothing else.
_LAYER = "图层"
CODE = (
    "代码",
    "code",
    "行政区划代码",
    "区划代码",
    "adcode",
    "division_code",
    "xzqdm",
    "ref:cadc:2019",
    "id",
)
TOWN = ("乡镇", "所属乡镇", "乡镇名称", "乡镇街道", "街道乡镇", "town", "township", "is_in:town")
CLASS = ("道路等级", "等级", "road_class", "class", "fclass", "highway")
_BLANK = frozenset({"", "无", "无名", "无名路", "未命名", "未知", "null", "none", "nan", "n/a", "-", "/"})

_ROAD_WORDS = frozenset(
    {"道路", "road", "street", "路", "街", "街道中心线", "道路中心线", "巷", "胡同", "村道", "路段"}
)
_AREA_WORDS = {
    **dict.fromkeys(("村", "行政村", "社区", "village"), AreaKind.VILLAGE),
    **dict.fromkeys(("镇", "乡", "乡镇", "街道", "街道办", "街道办事处", "town", "township"), AreaKind.TOWN),
    **dict.fromkeys(("县", "区", "区县", "县级市", "county", "district"), AreaKind.COUNTY),
}
_FACILITY_WORDS = {
    FacilityKind.COMMITTEE: (
        "村委会",
        "居委会",
        "村民委员会",
        "居民委员会",
        "委员会",
        "党群服务中心",
        "committee",
        "townhall",
    ),
    FacilityKind.CLINIC: ("卫生室", "卫生所", "卫生院", "诊所", "医院", "clinic", "hospital", "doctors"),
    FacilityKind.SCHOOL: ("学校", "小学", "中学", "school"),
    FacilityKind.SHOP: (
        "商店",
        "超市",
        "便利店",
        "小卖部",
        "商场",
        "百货",
        "门市",
        "shop",
        "store",
        "supermarket",
    ),
}
_SUFFIXES = (
    (AreaKind.VILLAGE, re.compile(r"(村|庄|社区|居民委员会|居委会|村委会|村民委员会)$")),
    (AreaKind.TOWN, re.compile(r"(镇|乡|街道|街道办事处)$")),
    (AreaKind.COUNTY, re.compile(r"(县|区|市)$")),
)
_CODE_KINDS = {6: AreaKind.COUNTY, 9: AreaKind.TOWN, 12: AreaKind.VILLAGE}


NO_KIND = N_("{field}={value} is of no kind that is kept.")
UNTOLD = N_("Nothing tells what this row is; add a column 类型 with a value such as 道路, 村, 村委会 or 商店.")


@dataclass(frozen=True, slots=True)
class Found:
    """A row of a kind that we keep. ``kind`` is None for a road."""

    kind: AreaKind | FacilityKind | None
    name: str | None
    code: str | None = None
    road_class: str | None = None
    oneway: bool = False
    level: int = 0
    town: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row of no kind that we keep.

    Why, as a message template and its values, and the column that tells it.
    """

    reason: str
    field: str | None
    values: dict[str, object]


_OF_ROADS = frozenset({*NAME, *CLASS, *CODE})


def kind_of(tags: Tags, *, dimension: int) -> Found | Skipped:
    """What the row is. ``tags`` with lower-case keys; ``dimension`` 0 point, 1 line, 2 polygon, -1 unknown.

    The first of these that answers decides: OSM highway, OSM facility, OSM place or boundary, a column that
    names the kind, the division code or the name's ending. A row that nothing speaks for is skipped with
    the remedy.
    """
    for ask in (*_TOLD, _by_look):
        answer = ask(tags, dimension)
        if answer is not None:
            return answer
    layer = tags.get(_LAYER, "").strip()
    return _skip(_LAYER, layer, NO_KIND) if layer else Skipped(UNTOLD, "类型", {})


def name_of(tags: Tags) -> str | None:
    """The name as written, trimmed; None where it is empty or says that there is none (无名路, NULL)."""
    return _first(tags, NAME)


def _first(tags: Tags, columns: tuple[str, ...]) -> str | None:
    for column in columns:
        value = " ".join(tags.get(column, "").split())
        if value.lower() not in _BLANK:
            return value
    return None


def _code_of(tags: Tags) -> str | None:
    for column in CODE:
        value = tags.get(column, "").strip().removesuffix(".0")
        if re.fullmatch(r"[1-8]\d{5}(\d{3}(\d{3})?)?", value):
            return value
    return None


def _skip(field: str, value: str, reason: str) -> Skipped:
    return Skipped(reason, field, {"field": field, "value": value[:LONGEST_VALUE]})


def _osm_road(tags: Tags, dimension: int) -> Found | Skipped | None:
    road_class = tags.get("highway")
    if not road_class:
        return None
    if road_class not in STREET_CLASSES:
        return _skip("highway", road_class, N_("{field}={value} is not a road that bears a street name."))
    if tags.get("area") == "yes" or dimension == 0:
        return _skip("highway", road_class, N_("{field}={value} is drawn as an area or a point, not as a road line."))
    return _road(tags)


def _road(tags: Tags) -> Found:
    return Found(
        None,
        name_of(tags),
        road_class=_first(tags, CLASS),
        oneway=tags.get("oneway", "").lower() in {"yes", "true", "1", "-1", "f", "t"},
        level=_level(tags),
    )


def _level(tags: Tags) -> int:
    layer = tags.get("layer", "").strip()
    if re.fullmatch(r"[+-]?\d", layer):
        return int(layer)
    bridge, tunnel = (tags.get(key, "no").lower() not in {"", "no", "0", "f"} for key in ("bridge", "tunnel"))
    return int(bridge) - int(tunnel)


def _division(kind: AreaKind, tags: Tags) -> Found:
    return Found(kind, name_of(tags), code=_code_of(tags), town=_first(tags, TOWN))


def _osm_facility(tags: Tags, _: int) -> Found | Skipped | None:
    shop = tags.get("shop")
    if shop and shop not in _DISUSED:
        return Found(FacilityKind.SHOP, name_of(tags))
    if tags.get("amenity") in _AMENITIES:
        return Found(_AMENITIES[tags["amenity"]], name_of(tags))
    health = tags.get("healthcare")
    if health in _HEALTHCARE:
        return Found(FacilityKind.CLINIC, name_of(tags))
    if tags.get("office") == "government":
        return Found(FacilityKind.COMMITTEE, name_of(tags))
    if health or shop:
        field = "healthcare" if health else "shop"
        return _skip(field, tags[field], N_("{field}={value} is not a facility that puts a street in scope."))
    return None


def _osm_area(tags: Tags, dimension: int) -> Found | Skipped | None:
    place = tags.get("place")
    if place in _PLACES:
        return _division(AreaKind.VILLAGE, tags)
    if "admin_level" in tags:
        return _osm_boundary(tags, dimension)
    if place:
        return _skip("place", place, N_("{field}={value} is not a village."))
    return None


def _osm_boundary(tags: Tags, dimension: int) -> Found | Skipped:
    level = tags["admin_level"]
    kind = _LEVELS.get(level)
    if kind is None:
        return _skip("admin_level", level, N_("{field}={value} is not a county, a town or a village."))
    if dimension == 1:
        return _skip("admin_level", level, N_("A piece of a boundary line; the division is read as a whole."))
    if dimension == 0:
        return _skip("admin_level", level, N_("A point with {field}={value} is not a division."))
    return _division(kind, tags)


def _by_column(tags: Tags, _: int) -> Found | Skipped | None:
    for column in (*KIND, _LAYER):
        value = tags.get(column)
        word = read_as(value) if value else None
        if word is not None:
            return _of_kind(KEPT[word], tags)
    return _by_class_column(tags)


def _of_kind(kind: AreaKind | FacilityKind | None, tags: Tags) -> Found:
    if kind is None:
        return _road(tags)
    return _division(kind, tags) if isinstance(kind, AreaKind) else Found(kind, name_of(tags))


def plain(value: str) -> str:
    """A value as it is compared: without blanks (tables stretch 商 店 with them), width and case; at most 60 signs."""
    return "".join(unicodedata.normalize("NFKC", value[: 4 * LONGEST_VALUE]).split()).casefold()[:LONGEST_VALUE]


@functools.lru_cache(maxsize=4096)
def read_as(value: str) -> str | None:
    """Which of :data:`KEPT` a value of a column of kinds is read as by itself; None for a value that we don't know."""
    word = plain(value)
    if not word:
        return None
    if word in _ROAD_WORDS:
        return _word_for(None)
    if word in _AREA_WORDS:
        return _word_for(_AREA_WORDS[word])
    found = next((kind for kind, words in _FACILITY_WORDS.items() if any(known in word for known in words)), None)
    return _word_for(found) if found else None


def _word_for(kind: AreaKind | FacilityKind | None) -> str:
    return next(word for word, meant in KEPT.items() if meant is kind)


def _by_class_column(tags: Tags) -> Found | Skipped | None:
    fclass = tags.get("fclass", "").strip().lower()
    if not fclass:
        return None
    if fclass in STREET_CLASSES:
        return _road(tags)
    if fclass in _PLACES:
        return _division(AreaKind.VILLAGE, tags)
    if fclass in _AMENITIES:
        return Found(_AMENITIES[fclass], name_of(tags))
    return _skip("fclass", fclass, NO_KIND)


def is_road_by_look(tags: Tags) -> bool:
    """Whether a line is a road for no other reason than that it has a name, a class or a code."""
    return bool(tags.keys() & _OF_ROADS) and all(ask(tags, 1) is None for ask in _TOLD)


def _by_look(tags: Tags, dimension: int) -> Found | Skipped | None:
    """The last resort, for files whose rows carry a name and a shape but no kind."""
    other = next((key for key in _OTHER_OSM if tags.get(key)), None)
    if other:
        return _skip(other, tags[other], NO_KIND)
    stated = next((column for column in KIND if tags.get(column, "").strip()), None)
    if stated and stated != "type":
        return _skip(stated, tags[stated], NO_KIND)
    if dimension == 1 and tags.keys() & _OF_ROADS:
        return _road(tags)
    name = name_of(tags)
    if dimension == 0 and name:
        found = next((k for k, words in _FACILITY_WORDS.items() if any(name.endswith(w) for w in words)), None)
        if found:
            return Found(found, name)
    return _division_by_look(tags, dimension)


def _division_by_look(tags: Tags, dimension: int) -> Found | None:
    name, code = name_of(tags), _code_of(tags)
    if name is None or dimension == 1:
        return None
    for kind, suffix in _SUFFIXES:
        by_code = _CODE_KINDS.get(len(code)) if code else None
        if by_code is kind or (by_code is None and suffix.search(name)):
            return _division(kind, tags)
    return None


#: What tells a row's kind outright, in the order of trust.
_TOLD = (_osm_road, _osm_facility, _osm_area, _by_column)

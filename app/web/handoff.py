"""Links that hand a sign's place over to a map program, each in its own datum and axis order (domain notes, 7)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np

from app.base.errors import N_
from gis.crs import datum_named, from_stored

SOURCE = "minglu"


@dataclass(frozen=True, slots=True)
class HandOff:
    """One program: what it is called and the link."""

    title: str
    url: str


def hand_offs(lon: float, lat: float, name: str) -> list[HandOff]:
    """Links for a point in CGCS2000. Amap and Tencent take GCJ-02, Baidu BD-09; only Amap writes lon before lat."""
    gcj_lon, gcj_lat = _shifted(lon, lat, "GCJ-02")
    bd_lon, bd_lat = _shifted(lon, lat, "BD-09")
    amap = {"position": f"{gcj_lon},{gcj_lat}", "name": name, "src": SOURCE, "coordinate": "gaode", "callnative": "0"}
    baidu = {
        "location": f"{bd_lat},{bd_lon}",
        "title": name,
        "content": name,
        "output": "html",
        "coord_type": "bd09ll",
        "src": f"webapp.{SOURCE}.{SOURCE}",
    }
    # Tencent reads ":" and ";" inside one value.
    tencent = {"marker": f"coord:{gcj_lat},{gcj_lon};title:{name};addr:{name}", "referer": SOURCE}
    return [
        HandOff(N_("Amap"), f"https://uri.amap.com/marker?{urlencode(amap, safe=',')}"),
        HandOff(N_("Baidu Maps"), f"https://api.map.baidu.com/marker?{urlencode(baidu, safe=',')}"),
        HandOff(N_("Tencent Maps"), f"https://apis.map.qq.com/uri/v1/marker?{urlencode(tencent, safe=',:;')}"),
    ]


def _shifted(lon: float, lat: float, datum: str) -> tuple[str, str]:
    x, y = from_stored(np.array([[lon, lat]]), datum_named(datum))[0]
    return f"{x:.6f}", f"{y:.6f}"

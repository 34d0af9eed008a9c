"""Links that hand a place over to a map program, each in its own datum and axis order. None needs a key.

Sources: the providers' own pages on calling their maps by address (lbs.amap.com, lbs.baidu.com, lbs.qq.com), read as
quoted elsewhere; that Tencent takes GCJ-02 in ``marker`` is an estimate. RFC 5870 for ``geo:``.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

import numpy as np

from gis.crs import datum_named, from_stored

#: Who sends the person there, as the providers ask for it.
SOURCE = "minglu"


@dataclass(frozen=True, slots=True)
class Links:
    """One place's address for each program; ``geo`` is for whatever a phone opens it with."""

    amap: str
    baidu: str
    tencent: str
    geo: str


def links_to(lon: float, lat: float, name: str, *, native: bool = False) -> Links:
    """Links to a point in EPSG:4490, in degrees to six places (a decimetre), with the name beside the mark.

    ``native`` lets Amap's page open its installed program at once; that fails inside the browsers of WeChat and QQ.
    """
    return Links(
        _amap(lon, lat, name, native=native), _baidu(lon, lat, name), _tencent(lon, lat, name), _geo(lon, lat, name)
    )


def _amap(lon: float, lat: float, name: str, *, native: bool) -> str:
    """GCJ-02, lon before lat."""
    x, y = _in("GCJ-02", lon, lat)
    asked = {"position": f"{x},{y}", "name": name, "src": SOURCE, "coordinate": "gaode", "callnative": str(int(native))}
    return f"https://uri.amap.com/marker?{urlencode(asked, safe=',')}"


def _baidu(lon: float, lat: float, name: str) -> str:
    """BD-09, lat before lon."""
    x, y = _in("BD-09", lon, lat)
    words = {"title": name, "content": name, "output": "html"}
    asked = {"location": f"{y},{x}", **words, "coord_type": "bd09ll", "src": f"webapp.{SOURCE}.{SOURCE}"}
    return f"https://api.map.baidu.com/marker?{urlencode(asked, safe=',')}"


def _tencent(lon: float, lat: float, name: str) -> str:
    """GCJ-02, lat before lon; ``:`` and ``;`` divide the parts of one value, and so may not stand in the name."""
    x, y = _in("GCJ-02", lon, lat)
    plain = name.translate({ord(":"): " ", ord(";"): " "})
    asked = {"marker": f"coord:{y},{x};title:{plain};addr:{plain}", "referer": SOURCE}
    return f"https://apis.map.qq.com/uri/v1/marker?{urlencode(asked, safe=',:;')}"


def _geo(lon: float, lat: float, name: str) -> str:
    """WGS 84, which is taken as equal to EPSG:4490; lat before lon. The name in brackets is Android's own addition."""
    y, x = f"{lat:.6f}", f"{lon:.6f}"
    return f"geo:{y},{x}?q={y},{x}({quote(name, safe='')})"


def _in(datum: str, lon: float, lat: float) -> tuple[str, str]:
    x, y = from_stored(np.array([[lon, lat]]), datum_named(datum))[0]
    return f"{x:.6f}", f"{y:.6f}"

"""Decides about orders and plates: numbers, faces, what a plate that was read back must show. No database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from app.base.errors import N_, Conflict
from app.planning.logic import Hanging, picture
from gis.formats.workbooks import Sheet, workbook
from signs import qr, rendering
from signs.codes import CodeError
from signs.designs import KINDS, Axis, DesignError, Ground, axis_of, ground_of, sides_of
from signs.fonts import MissingGlyphError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signs.drawing import Face

_NOT_IN_FORCE = N_(
    "Plate {position} ({words}, {token}) stops the order: its name is not in force any more. Nothing was released."
)
_OTHER_NAME = N_(
    "Plate {position} ({words}, {token}) stops the order: the registry says {registered}. Nothing was released."
)
_OTHER_CODE = N_(
    "Plate {position} ({words}, {token}) stops the order: the sign's code is {registered}. Nothing was released."
)
_COMPASS = ("北", "东北", "东", "东南", "南", "西南", "西", "西北")
MANIFEST_WIDTHS = (6, 38, 11, 22, 30, 16, 16, 13, 8)
MANIFEST = ("序号", "标志编号", "编码", "标准地名", "罗马字母拼写", "村", "乡镇", "尺寸 (mm)", "朝向")
#: What the list says of itself where a demonstration made it.
DEMONSTRATION = Sheet("说明", (("演示数据", 60),), [("街路巷线形、设施和村点均为生成，并非实测；不得据此制作标志。",)])


@dataclass(frozen=True, slots=True)
class Plate:
    """One plate of an order: what its line says (``words``, ``latin``, ``token``) and what the registry says.

    ``registered`` holds the same three from the name in force and the sign's bound code; empty where there is none.
    """

    position: int
    sign_uid: UUID
    token: str
    words: str
    latin: str
    kind: str
    street_deg: float
    facing_deg: float
    along_deg: float
    goes_on: bool
    goes_back: bool
    ground: str | None
    village: str
    town: str
    registered: tuple[str, str, str]

    @property
    def axis(self) -> Axis:
        """How the street runs; a colour set by hand decides the direction words too."""
        if self.ground is None:
            return axis_of(self.street_deg)
        return Axis.EAST_WEST if self.ground == Ground.BLUE.value else Axis.NORTH_SOUTH

    @property
    def hanging(self) -> Hanging:
        """What decides how it looks, its code apart."""
        return Hanging(
            kind=self.kind,
            words=self.words,
            latin=self.latin,
            street_deg=self.street_deg,
            facing_deg=self.facing_deg,
            along_deg=self.along_deg,
            goes_on=self.goes_on,
            goes_back=self.goes_back,
            ground=self.ground,
        )

    @property
    def size(self) -> str:
        """The trimmed plate, width × height in mm."""
        return f"{KINDS[self.kind].width_mm:g}×{KINDS[self.kind].height_mm:g}"

    @property
    def facing(self) -> str:
        """Where its front looks, as a word of the compass."""
        return _COMPASS[round(self.facing_deg / 45) % 8]


def order_number(place: str, on: date, last: str | None) -> str:
    """The next readable number of a place and year behind ``last``: ``2024-东县-003``."""
    serial = int(last.rpartition("-")[2]) + 1 if last else 1
    return f"{on.year}-{place}-{serial:03}"


def face_of(plate: Plate, code_host: str) -> Face:
    """The plate's front as ordered.

    Raises Conflict naming the plate where it cannot be made: an impossible host, a character that the plate's font
    lacks, a name too long for its kind.
    """
    left, right = sides_of(
        plate.axis,
        facing_deg=plate.facing_deg,
        along_deg=plate.along_deg,
        goes_on=plate.goes_on,
        goes_back=plate.goes_back,
    )
    try:
        return rendering.face_of(
            KINDS[plate.kind],
            rendering.Words(plate.words, plate.latin, left, right),
            symbol=qr.symbol_for(code_host, plate.token),
            ground=ground_of(plate.axis),
        )
    except (DesignError, MissingGlyphError, qr.HostError, CodeError) as error:
        raise refused(plate, str(error)) from error


def drawn(plate: Plate, code_host: str) -> str | None:
    """The plate's front as SVG for a page, with its code if it has one; None where it cannot be drawn."""
    try:
        symbol = qr.symbol_for(code_host, plate.token) if plate.token else None
    except (qr.HostError, CodeError):
        symbol = None
    return picture(plate.hanging, symbol)


def check_registered(plates: Sequence[Plate]) -> None:
    """Raises Conflict naming the first plate whose name or code is not what the registry has in force."""
    for plate in plates:
        words, latin, token = plate.registered
        if not words:
            raise Conflict(_NOT_IN_FORCE, **_told(plate))
        if (words, latin) != (plate.words, plate.latin):
            raise Conflict(_OTHER_NAME, **_told(plate), registered=f"{words} {latin}")
        if token != plate.token:
            raise Conflict(_OTHER_CODE, **_told(plate), registered=token or "—")


def refused(plate: Plate, reason: str) -> Conflict:
    """What is said of a plate that stops its order."""
    return Conflict(
        N_("Plate {position} ({words}, {token}) stops the order: {reason}. Nothing was released."),
        **_told(plate),
        reason=reason,
    )


def _told(plate: Plate) -> dict[str, object]:
    return {"position": plate.position, "words": plate.words, "token": plate.token}


def manifest(plates: Sequence[Plate], *, number: str, demonstration: bool = False) -> bytes:
    """The packing list as an Excel file: one row a plate, in the order of the print file's pages.

    A second sheet says so where a ``demonstration`` made up what the plates stand on.
    """
    rows = [(p.position, p.sign_uid, p.token, p.words, p.latin, p.village, p.town, p.size, p.facing) for p in plates]
    sheets = [Sheet("清单", tuple(zip(MANIFEST, MANIFEST_WIDTHS, strict=True)), rows)]
    return workbook([*sheets, DEMONSTRATION] if demonstration else sheets, title=number)

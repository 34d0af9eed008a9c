"""Faces that several tests print."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from signs import codes, drawing, qr, rendering, sheets
from signs.designs import KINDS, Ground, Mark, Side

NAMES = [
    ("榠樝路", "MINGZHA LU"),
    ("解放西大街", "JIEFANG XIDAJIE"),
    ("吕家巷", "LÜJIA XIANG"),
    ("西安路", "XI'AN LU"),
]
FaceOf = Callable[..., drawing.Face]


@pytest.fixture(scope="session")
def face() -> FaceOf:
    """A face of a kind with a name, two sides and a fresh code; the codes are the same in every run."""
    source = random.Random(11)  # noqa: S311 - repeatable on purpose

    def made(kind: str, name: tuple[str, str] = NAMES[0], ground: Ground = Ground.BLUE) -> drawing.Face:
        words = rendering.Words(*name, Side("西", Mark.DOT), Side("东", Mark.ARROW))
        symbol = qr.symbol_for("dm.dezhou.gov.cn", codes.new_code(source))
        return rendering.face_of(KINDS[kind], words, symbol=symbol, ground=ground)

    return made


@pytest.fixture(scope="session")
def faces(face: FaceOf) -> list[drawing.Face]:
    """Every kind with several names in both colours."""
    return [face(kind, name, ground) for kind in KINDS for name in NAMES for ground in Ground]


@pytest.fixture(scope="session")
def pdf(faces: list[drawing.Face]) -> bytes:
    """All of ``faces`` in one file."""
    return sheets.print_pdf(faces, title="德城区 第1批")

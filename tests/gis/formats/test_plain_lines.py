"""Lists of words as files: nothing is taken for a header, one column is a table too, and what is no text is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from gis.errors import UnreadableFile
from gis.formats.sheets import plain_lines
from gis.formats.workbooks import Sheet, workbook


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("路名\n幸福路\n\n平安路\n".encode(), [(1, ["路名"]), (2, ["幸福路"]), (4, ["平安路"])]),
        ("词,说明\n甲,乙\n".encode("gb18030"), [(1, ["词", "说明"]), (2, ["甲", "乙"])]),
        ("词\t说明\r\n甲\t 乙 \r\n".encode("utf-16"), [(1, ["词", "说明"]), (2, ["甲", "乙"])]),
        (
            workbook([Sheet("空", [("", 1)], []), Sheet("表", [("词", 9), ("米", 9)], [("甲", 3.5), ("乙", 4)])]),
            [(1, ["词", "米"]), (2, ["甲", "3.5"]), (3, ["乙", "4"])],
        ),
    ],
)
def test_lines_come_as_they_stand_and_numbered(tmp_path: Path, data: bytes, expected: list[tuple[int, list[str]]]):
    path = tmp_path / "list"
    path.write_bytes(data)
    assert plain_lines(path, called="a") == expected


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7 x", b"PK\x03\x04broken", b"\x89PNG\r\n\x1a\n\x00", b"<html></html>"])
def test_what_is_no_list_of_words_is_refused(tmp_path: Path, data: bytes):
    path = tmp_path / "list"
    path.write_bytes(data)
    with pytest.raises(UnreadableFile):
        plain_lines(path, called="a.csv")

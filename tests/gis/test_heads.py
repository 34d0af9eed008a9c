"""The head of a large table: its columns and first rows, read without the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from gis.formats import open_head, open_rows, sheets

LINE = '民生路{n},116.{n:04},37.4,"两行\n备注"\n'


def table(path: Path, encoding: str, *, rows: int = 400) -> Path:
    path.write_bytes(("名称,经度,纬度,备注\n" + "".join(LINE.format(n=n) for n in range(1, rows))).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("size", range(2000, 2080, 7))
def test_wherever_a_table_is_cut_its_head_holds_whole_rows_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, size: int
):
    monkeypatch.setattr(sheets, "HEAD_BYTES", size)
    path = table(tmp_path / "large.csv", encoding)
    head, whole = open_head(path), open_rows(path)
    assert head is not None
    assert head.names == whole.names
    assert 10 < len(head.rows) < len(whole.rows)
    for row, same in zip(head.rows[:-1], whole.rows, strict=False):
        assert (row.key, row.tags) == (same.key, same.tags)


def test_a_small_table_is_its_own_head(tmp_path: Path):
    path = table(tmp_path / "small.csv", "utf-8", rows=5)
    assert open_head(path) is not None
    assert open_head(path).rows == open_rows(path).rows


def test_what_is_no_table_has_no_head(tmp_path: Path):
    path = tmp_path / "survey.geojson"
    path.write_text('{"type":"FeatureCollection","features":[]}')
    assert open_head(path) is None
    packed = tmp_path / "packed.zip"
    packed.write_bytes(b"PK\x03\x04 broken off")
    assert open_head(packed) is None

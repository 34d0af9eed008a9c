"""What a start may import, and who may make a clock."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Each takes from a third of a second to several; who needs one imports it in the function that does.
HEAVY = {
    "alembic",
    "boto3",
    "cv2",
    "folium",
    "fontTools",
    "fpdf",
    "geopandas",
    "openpyxl",
    "osmium",
    "pandas",
    "pyogrio",
    "pypdfium2",
    "pypinyin",
    "rich",
    "scipy",
    "zxingcpp",
}
LIGHT_ENOUGH = {
    "office": "from app.web.office import station_views; station_views()",
    "public": "import app.web.public",
    "worker": "import app.base.jobs, app.commands.kinds, app.commands.sealing",
}


def imported_by(code: str) -> set[str]:
    ending = "; import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code + ending], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("part", LIGHT_ENOUGH)
def test_no_part_waits_at_its_start_for_what_few_requests_need(part):
    found = imported_by(LIGHT_ENOUGH[part])
    assert "sqlalchemy" in found, "the part was imported"
    assert found & HEAVY == set()


def test_the_command_line_and_the_supervisor_import_neither_the_database_nor_the_pages():
    found = imported_by("import app.__main__, app.commands, app.base.running")
    assert "click" in found
    assert found & (HEAVY | {"sqlalchemy", "psycopg", "fastapi", "numpy", "jinja2"}) == set()


def test_the_questions_of_a_second_start_need_no_more_than_the_driver():
    found = imported_by("import app.base.revisions, app.demonstration.state")
    assert "psycopg" in found
    assert found & (HEAVY | {"sqlalchemy", "fastapi", "numpy"}) == set()


def test_only_the_commands_make_a_clock():
    made = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for package in ("app", "gis", "signs")
        for file in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Clock" and not node.args
    ]
    assert made, "the commands do"
    assert [place for place in made if not place.startswith("app/commands/")] == []
    assert [place for place in made if place.startswith("app/commands/kinds.py")] == []

"""Texts, templates, the built files and the small rules of the edge."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from app.base.errors import Conflict, Invalid, MingluError, NotAllowed, NotFound, Unready
from app.models import metadata
from app.web import checking, columns, language
from app.web.errors import status_of
from app.web.limits import Limit
from app.web.marking import marked
from app.web.words import STATES, STATIONS, SUBJECTS


@pytest.mark.parametrize("station", ["minglu", "gis", *(key for key, _, _ in STATIONS)])
def test_no_text_is_untranslated_fuzzy_or_left_over(station: str):
    assert checking.untranslated(station) == []


def test_no_chinese_text_has_a_half_width_mark_between_its_characters():
    texts = [text for key in ("minglu", "gis", *(key for key, _, _ in STATIONS)) for text in _chinese(key)]
    assert len(texts) > 1000
    assert [text for text in texts if re.search(r"[\u4e00-\u9fff”）〕}] ?[,;:](?! ?[A-Za-z0-9{/])", text)] == []
    assert [text for text in texts if re.search(r"[\u4e00-\u9fff”）〕][,;]", text)] == []


def _chinese(station: str) -> list[str]:
    with (Path(language.__file__).parent / f"locale/zh_CN/LC_MESSAGES/{station}.po").open("rb") as file:
        said = [message.string for message in read_po(file, locale="zh_CN")]
    return [text for each in said for text in ([each] if isinstance(each, str) else each)]


def test_every_complaint_about_texts_belongs_to_a_catalogue():
    known = {"minglu", "gis", *(key for key, _, _ in STATIONS)}
    assert {station for station, _ in checking._complaints()} <= known


def test_templates_compile_and_hold_neither_inline_code_nor_bare_words():
    assert checking.check_templates() == []


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ('<p style="color:red">{{ x }}</p>', "inline style"),
        ("<script>go()</script>", "inline <script>"),
        ('<a onclick="go()">{{ x }}</a>', "inline onclick"),
        ('<img src="https://elsewhere.example/x.png">', "foreign host in src"),
        ("<p>Hello</p>", "untranslated text"),
        ("<p>你好</p>", "untranslated text"),
        ('<input placeholder="Name">', "untranslated placeholder"),
    ],
)
def test_the_template_check_finds(source: str, complaint: str):
    assert any(complaint in words for _, words in checking._Watch.read(source))


def test_the_template_check_passes_what_is_right():
    source = '{% if x %}\n<a href="/x" title="{{ _("Name") }}">{{ _("Name") }} · 12</a>{% endif %}'
    assert checking._Watch.read(source) == []


@pytest.mark.parametrize(
    ("kind", "status"), [(NotFound, 404), (NotAllowed, 403), (Conflict, 409), (Invalid, 422), (Unready, 503)]
)
def test_every_refusal_and_its_children_have_one_status(kind: type[MingluError], status: int):
    child = type("Child", (kind,), {})
    assert status_of(child("{what}", what=1)) == status


def test_days_moments_and_figures_are_written_in_the_readers_way():
    assert language.day(date(2024, 4, 8), "zh") == "2024年4月8日"
    assert language.day(date(2024, 4, 8), "en") == "8 April 2024"
    assert language.moment(datetime(2024, 4, 8, 18, 30, tzinfo=UTC), "zh") == "2024年4月9日 02:30"
    assert [language.grouped(5099), language.grouped(None)] == ["5,099", "–"]
    assert [language.metres(v) for v in (12.34, 120.0, 15_230.0)] == ["12.3 m", "120 m", "15.2 km"]
    assert [language.signed(v) for v in (-43, 0, 3)] == ["−43", "+0", "+3"]


def test_a_message_is_translated_with_its_values():
    assert language.translate("{name} can sign in now.", "zh", name="王芳") == "王芳 现在可以登录了。"
    assert language.translate("{name} can sign in now.", "en", name="王芳") == "王芳 can sign in now."
    assert language.translate("No such message {n}", "zh", n=1) == "No such message 1"


def test_states_have_second_marks_and_stations_their_icons():
    assert all(mark for _, mark in STATES.values())
    assert [key for key, _, _ in STATIONS] == [
        *("intake", "inventory", "milestones", "naming", "planning"),
        *("printing", "rollout", "scanning", "tracking"),
    ]


def test_a_limit_counts_networks_apart_and_forgets():
    limit, now = Limit(most=2, minutes=10), datetime(2024, 7, 1, tzinfo=UTC)
    assert [limit.take("203.0.113.1", now) for _ in range(3)] == [True, True, False]
    assert limit.take("203.0.113.2", now)
    assert limit.take("203.0.113.1", now + timedelta(minutes=11))
    assert [limit.take(f"2001:db8:0:1::{n}", now) for n in range(3)] == [True, True, False]
    assert limit.take("::ffff:203.0.113.9", now)
    assert b"203.0.113.1" not in b"".join(limit._seen)


def test_every_column_and_table_of_the_history_has_a_word():
    watched = {table for table in metadata().tables if table in SUBJECTS}
    assert set(metadata().tables) - watched <= {"base.run", "history.entry"}
    wanted = {column.name for name in watched for column in metadata().tables[name].columns}
    assert wanted - columns.SILENT <= set(columns.COLUMNS)


@pytest.mark.parametrize(
    ("subject", "column", "value", "said"),
    [
        ("planning.sign", "state", "ordered", "制作中"),
        ("planning.sign", "reason", "crossing", "交叉口"),
        ("naming.proposal", "submitted_on", "2024-07-01", "2024年7月1日"),
        ("rollout.installation", "taken_at", "2024-07-01 01:30:00+00", "2024年7月1日 09:30"),
        ("inventory.street", "in_scope", "t", "是"),
        ("inventory.street", "length_m", "120.04", "120 m"),
        ("inventory.street", "line", "0105000020", "图形已变"),
        ("naming.proposal", "decision_id", "7", "第 7 号"),
        ("naming.proposal", "words", "ordered", "ordered"),
        ("naming.proposal", "note", None, "–"),
    ],
)
def test_the_history_says_values_in_words(subject: str, column: str, value: str | None, said: str):
    assert columns.said(subject, column, value) == said


def test_the_history_says_at_which_station_a_change_was_made():
    assert columns.came_through("POST /naming/submit") == "命名审批"
    assert columns.came_through("minglu demo load: open") == "系统"


@pytest.mark.parametrize(
    ("page", "marked_page"),
    [
        ("<p>Streets of 乐陵市 here</p>", '<p>Streets of <span lang="zh-CN">乐陵市</span> here</p>'),
        ('<a title="乐陵市">Open</a>', '<a title="乐陵市">Open</a>'),
        ("<option>乐陵市</option><b>乐陵</b>", '<option>乐陵市</option><b><span lang="zh-CN">乐陵</span></b>'),
        ('<small lang="zh-CN">县 <a>1号</a></small>', '<small lang="zh-CN">县 <a>1号</a></small>'),
        ("<svg><text>康复街</text></svg>", "<svg><text>康复街</text></svg>"),
    ],
)
def test_stored_chinese_is_marked_on_english_pages(page: str, marked_page: str):
    assert marked(page) == marked_page

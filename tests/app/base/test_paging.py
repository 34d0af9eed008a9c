"""Pages by key against a plain sort: nothing twice, nothing missing, in both directions, while rows come in."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
    delete,
    event,
    insert,
    select,
)
from sqlalchemy.orm import Session

from app.base.errors import Invalid
from app.base.models import Division
from app.base.paging import LARGEST, Key, Page, page
from tests.conftest import World

THING = Table(
    "thing",
    MetaData(),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("word", Text),
    Column("day", Date),
    Column("moment", DateTime(timezone=True)),
    Column("price", Numeric(14, 2)),
    Column("uid", Uuid),
    Column("on", Boolean),
    prefixes=["TEMPORARY"],
)
ORDERS = {
    "id": ["id"],
    "newest first": ["-id"],
    "word, id": ["word", "id"],
    "word down, id up": ["-word", "id"],
    "day up, word down, id down": ["day", "-word", "-id"],
    "moment": ["-moment", "-id"],
    "price, uid": ["price", "uid"],
    "whether, id": ["on", "id"],
}


def keys_of(names: list[str]) -> list[Key]:
    return [Key(THING.c[name.lstrip("-")], descending=name.startswith("-")) for name in names]


@pytest.fixture(scope="module")
def session(shared_world: World) -> Iterator[Session]:
    with shared_world.admin.connect() as connection, Session(connection) as opened:
        THING.create(connection)
        yield opened
        opened.rollback()


def fill(session: Session, words: list[tuple[str, int]]) -> None:
    session.execute(delete(THING))
    if words:
        session.execute(insert(THING), [row(n, word, number) for n, (word, number) in enumerate(words)])


def row(key: int, word: str, number: int) -> dict[str, object]:
    return {
        "id": key,
        "word": word,
        "day": date(2024, 1, 1) + timedelta(days=number),
        "moment": datetime(2024, 1, 1, tzinfo=UTC) + timedelta(microseconds=number),
        "price": Decimal(number) / 100,
        "uid": UUID(int=(key * 7919) % 1000),
        "on": number % 2 == 0,
    }


def walk(session: Session, names: list[str], size: int) -> list[Page]:
    pages = [page(session, select(THING.c.id), keys=keys_of(names), size=size)]
    while pages[-1].next:
        pages.append(page(session, select(THING.c.id), keys=keys_of(names), after=pages[-1].next, size=size))
    return pages


@pytest.mark.parametrize("order", ORDERS)
@given(
    words=st.lists(st.tuples(st.sampled_from(["乐陵", "路", "a", "", "B", "'%_"]), st.integers(0, 4)), max_size=23),
    size=st.integers(1, 8),
)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_pages_put_together_are_the_plain_sort_there_and_back(session: Session, order: str, words, size: int):
    fill(session, words)
    names = ORDERS[order]
    plain = [key.column.desc() if key.descending else key.column.asc() for key in keys_of(names)]
    wanted = list(session.scalars(select(THING.c.id).order_by(*plain)))
    pages = walk(session, names, size)
    assert [key for one in pages for key in one.rows] == wanted
    assert [len(one.rows) for one in pages[:-1]] == [size] * (len(pages) - 1)
    assert pages[0].previous is None
    back = [pages[-1]]
    while back[-1].previous:
        back.append(page(session, select(THING.c.id), keys=keys_of(names), after=back[-1].previous, size=size))
    assert [one.rows for one in reversed(back)] == [one.rows for one in pages]


def test_rows_that_come_or_go_meanwhile_neither_repeat_nor_hide_others(session: Session):
    fill(session, [("m", n) for n in range(10)])
    first = page(session, select(THING.c.id), keys=keys_of(["word", "id"]), size=4)
    assert first.rows == [0, 1, 2, 3]
    session.execute(insert(THING), [row(100, "a", 1), row(101, "z", 1)])
    session.execute(delete(THING).where(THING.c.id.in_([3, 4])))
    second = page(session, select(THING.c.id), keys=keys_of(["word", "id"]), after=first.next, size=10)
    assert second.rows == [5, 6, 7, 8, 9, 101]
    assert second.next is None


def test_no_list_is_counted(session: Session):
    said: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *words: said.append(words[2]))
    fill(session, [("m", n) for n in range(10)])
    walk(session, ["word", "id"], 3)
    assert said
    assert not any("count" in sql.lower() or "offset" in sql.lower() for sql in said)


def test_a_page_has_at_least_one_row_and_at_most_the_largest(session: Session):
    fill(session, [("m", 0)] * (LARGEST + 3))
    assert len(page(session, select(THING.c.id), keys=keys_of(["id"]), size=10**9).rows) == LARGEST
    assert len(page(session, select(THING.c.id), keys=keys_of(["id"]), size=-5).rows) == 1


def test_mapped_objects_and_rows_of_several_columns_come_as_they_were_asked_for(session: Session):
    keys = [Key(Division.name.expression), Key(Division.id.expression)]
    objects = page(session, select(Division), keys=keys, size=3)
    assert [type(found) for found in objects.rows] == [Division] * 3
    several = page(session, select(Division.id, Division.name), keys=keys, size=3, after=objects.next)
    assert all(len(found) == 2 for found in several.rows)
    assert several.rows[0].name >= objects.rows[-1].name


def cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


GARBAGE = [
    "x",
    "%%%",
    "é",
    "AAAA",
    cursor(),
    cursor(False),
    cursor(False, "a"),
    cursor(False, 1),
    cursor(False, "a", "b"),
    cursor(False, 7, 7),
    cursor(False, "a", 1, 2),
    cursor("no", "a", 1),
    cursor(False, None, 1),
    cursor(False, "a", True),
    cursor(False, "a", 1.5),
    cursor(False, "a", 10**30),
    cursor(False, "a\x00", 1),
    cursor(False, "\ud800", 1),
    cursor(False, {"date": "2024-13-01"}, 1),
    cursor(False, {"nothing": "1"}, 1),
    cursor(False, {}, 1),
    cursor(False, ["a"], 1),
    base64.urlsafe_b64encode(b'{"a": 1}').decode(),
    base64.urlsafe_b64encode(b"[" * 100_000).decode(),
]


@pytest.mark.parametrize("words", GARBAGE, ids=range(len(GARBAGE)))
def test_a_forged_cursor_is_refused_in_words(session: Session, words: str):
    with pytest.raises(Invalid, match="page mark") as refusal:
        page(session, select(THING.c.id), keys=keys_of(["word", "id"]), after=words)
    assert refusal.value.field == "after"


@given(st.text())
def test_any_text_is_a_cursor_or_is_refused(words: str):
    from app.base.paging import _read

    try:
        _read(words, keys_of(["word", "id"]))
    except Invalid:
        return

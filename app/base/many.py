"""The same change of many rows in one statement: a batch of a thousand names costs what one name costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import BigInteger, func, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.sql.expression import bindparam

from app.base.errors import N_, Changed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from app.base.tables import Editable

Row = TypeVar("Row", bound="Editable")


def change_all(session: Session, rows: Sequence[Row], **values: Any) -> None:
    """Set ``values`` (plain values, no SQL) in all of ``rows`` of one table by one UPDATE; the objects follow.

    Versions are compared as they are for a single row: raises Conflict where somebody changed one of the rows since it
    was read, or where row-level security keeps one back.
    """
    if not rows:
        return
    table = type(rows[0])
    same = (
        func.unnest(
            bindparam("ids", [row.id for row in rows], type_=ARRAY(BigInteger)),
            bindparam("versions", [row.version for row in rows], type_=ARRAY(BigInteger)),
        )
        .table_valued("id", "version", name="same")
        .render_derived()
    )
    done = dict(
        session.execute(
            update(table)
            .where(table.id == same.c.id, table.version == same.c.version)
            .values(**values)
            .returning(table.id, table.version),
            execution_options={"synchronize_session": False},
        ).all()
    )
    if len(done) != len({row.id for row in rows}):
        raise Changed(N_("Somebody changed one of these records while you worked on them. Load the list again."))
    for row in rows:
        for column, value in {**values, "version": done[row.id]}.items():
            set_committed_value(row, column, value)

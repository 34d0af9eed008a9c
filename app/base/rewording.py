"""A database function changed in a few places by a migration, without a second copy of all of it."""

from __future__ import annotations

from alembic import op


def reword(function: str, *pairs: tuple[str, str]) -> None:
    """Replace in a function's definition each old text by its new one; ``function`` with its arguments' types.

    Raises RuntimeError where an old text does not stand there exactly once: then the function is not what the
    migration was written for.
    """
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("no connection to migrate over")
    body = connection.execute("SELECT pg_get_functiondef(%s::regprocedure)", (function,)).fetchone()[0]
    for old, new in pairs:
        if body.count(old) != 1:
            raise RuntimeError(f"{function} holds {old!r} {body.count(old)} times")
        body = body.replace(old, new)
    connection.execute(body)

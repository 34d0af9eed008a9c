"""What a page may be asked in its address: names that it does not know are told, not passed over."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.base.errors import Invalid

#: The territory, which every page takes.
EVERYWHERE = frozenset({"in"})
#: Their own scripts read the rest of the address.
LEFT_ALONE = ("/map",)


def refuse_unknown(request: Request) -> None:
    """Raise Invalid for a query name that the page does not take. A dependency of every route of the office."""
    route = request.scope.get("route")
    if request.method != "GET" or not isinstance(route, APIRoute) or route.path in LEFT_ALONE:
        return
    known = EVERYWHERE.union(_names(route.dependant))
    unknown = next((name for name in request.query_params if name not in known), None)
    if unknown is not None and getattr(request.state, "actor", None) is not None:
        raise Invalid(
            "The address asks for “{name}”, which this page does not know. Use the filters on the page.",
            field=unknown,
            name=unknown,
        )


def _names(asked: Dependant) -> Iterator[str]:
    yield from (field.alias for field in asked.query_params)
    for part in asked.dependencies:
        yield from _names(part)

"""The route tables of both apps, and which routes answer with something else than a page."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount

from app.base.request import the_store
from app.web.errors import routes_of

#: Classes that stand for a page or the way to one.
PAGES = (HTMLResponse, RedirectResponse)


@dataclass(frozen=True)
class Route:
    """One line of a route table."""

    method: str
    path: str
    endpoint: Callable[..., Any]
    dependant: Dependant

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def has_store(self) -> bool:
        """Whether it is given the store of files."""
        return the_store in set(_asked(self.dependant))

    @property
    def answers_bytes(self) -> bool:
        """Whether it makes its answer itself instead of showing a page: a file, a picture, data."""
        returned = inspect.signature(self.endpoint, eval_str=True).return_annotation
        plain = not (isinstance(returned, type) and issubclass(returned, Response))
        return plain or any(not issubclass(made, PAGES) for made in _made(self.endpoint, set()))

    @property
    def answers_json(self) -> bool:
        """Whether it answers a program: with JSON of its own making, or with a value that FastAPI writes as JSON."""
        returned = inspect.signature(self.endpoint, eval_str=True).return_annotation
        plain = not (isinstance(returned, type) and issubclass(returned, Response))
        return plain or any(issubclass(made, JSONResponse) for made in _made(self.endpoint, set()))


def routes(app: FastAPI) -> list[Route]:
    """Every route, a line each method; what is mounted is named by a failing assertion until it is known here."""
    found = [
        Route(method, one.path, one.endpoint, one.dependant)
        for one in _walk(routes_of(app.routes))
        for method in one.methods
    ]
    return [route for route in found if route.method != "HEAD"]


def _walk(table: Iterable[Any]) -> Iterator[Any]:
    for one in table:
        if isinstance(one, Mount):
            assert one.name == "static", f"what is mounted at {one.path} is not walked"
        else:
            yield one


def _asked(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from _asked(each)


def _made(function: Any, seen: set[CodeType]) -> Iterator[type[Response]]:
    """Answers that a function of ours makes, itself or through another of ours that it calls."""
    if not isinstance(function, FunctionType) or function.__code__ in seen:
        return
    seen.add(function.__code__)
    for value in _called(function):
        if isinstance(value, type):
            yield value
        else:
            yield from _made(value, seen)


@cache
def _called(function: FunctionType) -> tuple[Any, ...]:
    """The answers and the functions of ours that a function calls by their names, read from its source once."""
    calls = ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function))))
    values = [_named(call.func, function.__globals__) for call in calls if isinstance(call, ast.Call)]
    return tuple(value for value in values if _is_answer(value) or _is_ours(value))


def _is_answer(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Response)


def _is_ours(value: Any) -> bool:
    return isinstance(value, FunctionType) and value.__module__.startswith("app.")


def _named(called: ast.expr, known: dict[str, Any]) -> Any:
    """What ``name(…)`` or ``module.name(…)`` calls."""
    if isinstance(called, ast.Name):
        return known.get(called.id)
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        module = known.get(called.value.id)
        return getattr(module, called.attr, None) if isinstance(module, ModuleType) else None
    return None

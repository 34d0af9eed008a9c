"""No SQL is put together from words that are not ours: only literals, constants and psycopg's own composition.

Ruff's S608 looks for strings that read like SQL; here it is looked for what reaches a call that runs one, through names
and functions of the same module too.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("app", "gis", "signs")
RUNS = {"text", "execute", "exec_driver_sql", "scalar", "scalars"}
Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


def offences(source: str) -> list[int]:
    """Lines of calls that run SQL and are given a text put together of more than literals and constants."""
    return sorted({call.lineno for call, scopes in calls(ast.parse(source)) if mixed(call.args[0], scopes)})


def calls(node: ast.AST, scopes: tuple[Scope, ...] = ()) -> Iterator[tuple[ast.Call, tuple[Scope, ...]]]:
    """Calls that run SQL, each with the module and the functions around it, the innermost last."""
    if isinstance(node, Scope):
        scopes = (*scopes, node)
    if isinstance(node, ast.Call) and node.args and name_of(node.func) in RUNS:
        yield node, scopes
    for child in ast.iter_child_nodes(node):
        yield from calls(child, scopes)


def name_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def mixed(node: ast.expr, scopes: tuple[Scope, ...], known: frozenset[str] = frozenset()) -> bool:
    """Whether an expression is a text that something unknown was put into, by itself or by what it stands for."""
    return put_together(node, scopes) or any(mixed(part, scopes, more) for part, more in behind(node, scopes, known))


def put_together(node: ast.expr, scopes: tuple[Scope, ...]) -> bool:
    match node:
        case ast.JoinedStr(values=parts):
            return any(not ours(part.value, scopes) for part in parts if isinstance(part, ast.FormattedValue))
        case ast.BinOp(op=ast.Mod(), left=left):
            return is_text(left, scopes)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return is_text(node, scopes) and not (ours(left, scopes) and ours(right, scopes))
        case ast.Call(func=ast.Attribute(attr="format" | "format_map" | "replace" | "join", value=value)):
            return is_text(value, scopes)
    return False


def behind(
    node: ast.expr, scopes: tuple[Scope, ...], known: frozenset[str]
) -> Iterator[tuple[ast.expr, frozenset[str]]]:
    """The parts of an expression, and what a name in it was said to be; each name is followed once."""
    match node:
        case ast.BinOp(left=left, right=right) | ast.IfExp(body=left, orelse=right):
            yield from ((left, known), (right, known))
        case ast.Call(func=ast.Attribute(attr="format" | "format_map" | "replace" | "join", value=value)):
            yield value, known
        case ast.Call(func=ast.Name(id="text"), args=[inner, *_]):
            yield inner, known
        case ast.Name(id=name) if name not in known:
            yield from ((value, known | {name}) for value in said(name, scopes))
        case ast.Call(func=ast.Name(id=name)) if name not in known:
            yield from ((value, known | {name}) for value in returned(name, scopes[0]))


def ours(node: ast.expr, scopes: tuple[Scope, ...]) -> bool:
    """Whether a part is a literal or a constant of a module."""
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            return name.isupper()
        case ast.Attribute(attr=name):
            return name.isupper()
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return ours(left, scopes) and ours(right, scopes)
        case ast.JoinedStr():
            return not mixed(node, scopes)
    return False


def is_text(node: ast.expr, scopes: tuple[Scope, ...]) -> bool:
    """Whether a part is surely a text: a literal one, or a name that stands for one."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return is_text(left, scopes) or is_text(right, scopes)
        case ast.Name(id=name):
            return any(isinstance(value, ast.Constant | ast.JoinedStr) for value in said(name, scopes))
    return False


def said(name: str, scopes: tuple[Scope, ...]) -> list[ast.expr]:
    """All that the innermost scope that assigns a name assigns to it."""
    return next((found for scope in reversed(scopes) if (found := assigned(scope).get(name))), [])


@cache
def assigned(scope: Scope) -> dict[str, list[ast.expr]]:
    """By name, all that is assigned to it in a scope and those inside."""
    found: dict[str, list[ast.expr]] = defaultdict(list)
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                found[name_of(target)].append(node.value)
    return found


def returned(name: str, module: Scope) -> list[ast.expr]:
    """All that a function of the module returns."""
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == name]
    return [
        node.value
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and node.value is not None
    ]


def test_no_statement_is_put_together_from_words_that_are_not_ours():
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    looked = sum(1 for path in files for _ in calls(ast.parse(path.read_text(encoding="utf-8"))))
    assert looked > 100, "the calls that run SQL are called otherwise now"
    found = {str(path.relative_to(ROOT)): offences(path.read_text(encoding="utf-8")) for path in files}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "session.execute(text(f'SELECT {word}'))",
        "connection.exec_driver_sql('SELECT %s' % word)",
        "session.scalar(text('SELECT {}'.format(word)))",
        "session.scalars(text('SELECT ' + word))",
        "sql = 'SELECT ' + word\n    session.execute(sql)",
        "sql = 'SELECT 1'\n    sql = f'{sql} {word}'\n    session.execute(text(sql))",
        "session.execute(made(word))",
        "session.execute(text(f'SELECT {CONST} {word}'))",
        "session.execute('SELECT 1 WHERE a IN (' + ', '.join(word) + ')')",
        "session.execute(text(BEGUN.replace('x', word)))",
    ],
)
def test_a_planted_offence_is_found(planted: str):
    module = f"BEGUN = 'SELECT x'\ndef made(word):\n    return f'SELECT {{word}}'\ndef ask(word):\n    {planted}\n"
    assert offences(module)


@pytest.mark.parametrize(
    "allowed",
    [
        "session.execute(text('SELECT :word'), {'word': word})",
        "session.execute(text(f'SELECT {CONST} :word'), {'word': word})",
        "session.execute(text('SELECT ' + CONST))",
        "driver.execute(sql.SQL('SELECT {}').format(sql.Identifier(word)))",
        "session.execute(select(Street).where(Street.name == f'{word}路'))",
        "session.execute(text('SELECT 1' ' + 1'))",
    ],
)
def test_what_is_ours_alone_is_allowed(allowed: str):
    assert offences(f"def ask(word):\n    {allowed}\n") == []

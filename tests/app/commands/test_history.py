"""What `minglu history` says of what it found."""

from __future__ import annotations

import pytest

from app.base.history import Problem
from app.commands.history import _told


def problem(kind: str, entry: int) -> Problem:
    return Problem(kind, None if kind == "unsealed" else 3, entry, "naming.name", 7)


def test_the_unsealed_entries_are_named_and_are_no_fault(capsys: pytest.CaptureFixture[str]):
    assert not _told([problem("unsealed", entry) for entry in (9, 3, 4, 5, -2, -1)], frozenset())
    assert capsys.readouterr().out == "6 entries are not sealed yet: -2–-1, 3–5, 9.\n"


def test_a_removed_entry_is_told_without_what_nobody_knows_of_it(capsys: pytest.CaptureFixture[str]):
    assert _told([Problem("removed", 1, 501, None, None), Problem("truncated", 4, None, None, None)], frozenset())
    assert capsys.readouterr().out.splitlines() == ["removed: block 1, entry 501", "truncated: block 4"]


def test_an_altered_entry_is_a_fault_beside_unsealed_ones(capsys: pytest.CaptureFixture[str]):
    assert _told([problem("unsealed", 9), problem("altered", 2)], frozenset())
    assert "altered: block 3, entry 2, naming.name 7" in capsys.readouterr().out


def test_numbers_that_began_again_are_a_fault_unless_a_restore_is_named(capsys: pytest.CaptureFixture[str]):
    again = [Problem("restarted", 7, None, None, None)]
    assert _told(again, frozenset())
    assert "--restored 7" in capsys.readouterr().out
    assert not _told(again, frozenset({7}))

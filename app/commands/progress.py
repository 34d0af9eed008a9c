"""Progress on the terminal: one bar a piece of long work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

Tell = Callable[[str, int, int], None]


@contextmanager
def progress_bars() -> Iterator[Tell]:
    """A function ``tell(words, done, total)``; a new bar for each new ``words``. Plain lines where no terminal is."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bars: dict[str, TaskID] = {}

        def tell(words: str, done: int, total: int) -> None:
            if words not in bars:
                bars[words] = progress.add_task(words, total=total)
                if not console.is_terminal:
                    console.print(f"{words} …")
            progress.update(bars[words], completed=done, total=total)

        yield tell

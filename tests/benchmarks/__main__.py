"""``python -m tests.benchmarks [NAME …]``: figures as JSON lines ``{"figure", "value", "unit", "against"}``."""

from __future__ import annotations

import json
import sys

from tests.benchmarks.figures import FIGURES


def main() -> None:
    """Print the named figures, or all; an unknown name is refused with the list of those there are."""
    wanted = sys.argv[1:] or list(FIGURES)
    unknown = [name for name in wanted if name not in FIGURES]
    if unknown:
        sys.exit(f"No figure is called {', '.join(unknown)}. There are: {', '.join(FIGURES)}.")
    for name in wanted:
        value, unit, against = FIGURES[name]()
        line = {"figure": name, "value": round(value, 3), "unit": unit, "against": against}
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()


main()

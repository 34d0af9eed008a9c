"""``python -m tests.benchmarks.peer PORT``: tipg as it is published, over the same socket of the database as ours."""

from __future__ import annotations

import os
import sys

import tipg.database
import uvicorn
from tipg.main import app
from tipg.settings import PostgresSettings

#: The database's address, as libpq writes it. tipg's own setting knows no sockets: its pool does.
ADDRESS = "BENCH_DATABASE"


def main(port: int) -> None:
    """Serve until ended, without a log of what is asked."""
    found = PostgresSettings.model_construct(database_url=os.environ[ADDRESS])
    vars(tipg.database)["PostgresSettings"] = lambda: found
    uvicorn.run(app, port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))

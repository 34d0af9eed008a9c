"""The public app that answers for the walk's sign: the one that runs, or one for the moment."""

from __future__ import annotations

import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from app.base.clock import Clock
from app.base.errors import Unready
from app.base.settings import Settings


@contextmanager
def public_app(settings: Settings, clock: Clock) -> Iterator[tuple[str, str]]:
    """The address of the running public app and whose it is; one is started for the moment where none answers."""
    if _answers(settings.public_url):
        yield settings.public_url, "the public app that was running there"
        return
    import uvicorn

    from app.web.public import create_public_app

    with _quiet():
        server = uvicorn.Server(
            uvicorn.Config(
                create_public_app(settings, clock=clock), host="127.0.0.1", port=0, log_level="error", access_log=False
            )
        )
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        try:
            whose = f"a public app that the walk started and stopped again: none answers at {settings.public_url}"
            yield f"http://127.0.0.1:{_port_of(server)}", whose
        finally:
            server.should_exit = True
            thread.join(timeout=10)


@contextmanager
def _quiet() -> Iterator[None]:
    """The public app's own lines stay away from the stations', but for warnings."""
    from app.web import logs

    logs.start()
    level = logs.LOG.level
    logs.LOG.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logs.LOG.setLevel(level)


def asked(page: str) -> str:
    """What the address answers; empty where it does not."""
    try:
        with urllib.request.urlopen(page, timeout=10) as answer:  # noqa: S310 - our own app on the loopback
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return ""


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310 - our own app
            return bool(answer.status == 200)  # noqa: PLR2004 - OK
    except (urllib.error.URLError, OSError):
        return False


def _port_of(server: object) -> int:
    """The port that the system gave, once the server listens. Raises Unready after ten seconds."""
    for _ in range(200):
        if getattr(server, "started", False):
            return int(server.servers[0].sockets[0].getsockname()[1])  # type: ignore[attr-defined]
        time.sleep(0.05)
    raise Unready("The public app did not start within ten seconds.")

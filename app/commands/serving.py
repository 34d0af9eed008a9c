"""The parts of the program and how each starts: office, public, worker, or all of them at once."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from app.base.clock import Clock
from app.base.cluster import Cluster, Status
from app.base.settings import Settings
from app.commands.local import private_cluster, settings_now, settings_of, state_folder

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from app.base.running import Part


#: What to do with a database without anybody: one that is named by its address is never filled by itself.
NOBODY = (
    "Nobody can sign in yet. For a demonstration: minglu demo load. For real work: minglu register load, then"
    " minglu user add. (The demonstration is loaded by itself into the private database only, unless --empty.)"
)


@click.command()
@click.argument("app_name", metavar="APP", type=click.Choice(["office", "public"]))
@click.option("--tls", is_flag=True, help="With a certificate of our own making, for phones on a local network")
def serve(app_name: str, *, tls: bool) -> None:
    """Serve the office or the public pages."""
    import uvicorn

    from app.base.running import require_place
    from app.commands.certificate import certificate
    from app.web import logs

    logs.take_over()

    settings = settings_now()
    if tls:  # then nobody reaches us without it
        settings = replace(settings, secure_cookies=True)
    host = settings.office_host if app_name == "office" else settings.public_host
    port = settings.office_port if app_name == "office" else settings.public_port
    require_place(port, host, name=app_name, setting=f"MINGLU_{app_name.upper()}")
    chain, key = certificate(settings.state / "tls", host=host) if tls else (None, None)
    uvicorn.run(
        _app(app_name, settings),
        host=host,
        port=port,
        ssl_certfile=chain,
        ssl_keyfile=key,
        proxy_headers=False,  # the app itself believes only the proxies that the settings name
        server_header=False,
        access_log=False,
        log_config=None,  # its lines are ours too
        log_level="warning",
        timeout_graceful_shutdown=5,
    )


def _app(name: str, settings: Settings) -> ASGIApp:
    """One of the two apps, without what only the other one imports."""
    if name == "office":
        from app.web.office import create_office_app

        return create_office_app(settings, clock=Clock())
    from app.web.public import create_public_app

    return create_public_app(settings, clock=Clock())


@click.command()
def work() -> None:
    """Work off the queue: imports, print files, the sealing of history, the erasing of contacts."""
    from app.base.jobs import make_worker
    from app.base.plain import connect
    from app.base.settings import QUEUE
    from app.commands.kinds import kinds
    from app.commands.sealing import sealing
    from app.web import logs

    logs.take_over()
    settings, clock = settings_now(), Clock()
    with connect(settings, QUEUE) as asking:  # the queue would try for half a minute, and say nothing of why
        asking.execute("SELECT FROM queue.procrastinate_jobs LIMIT 0")
    with sealing(settings, clock):
        make_worker(settings, kinds(settings, clock)).run()


@click.command()
@click.option("--empty", is_flag=True, help="Without the demonstration")
def run(*, empty: bool) -> None:
    """Start everything in the foreground: database, office, public pages, worker. Ctrl-C stops it all."""
    from app.base.running import CAUGHT
    from app.base.running import run as supervise

    started, cluster = time.monotonic(), private_cluster()
    for number in CAUGHT:  # before the database starts: what stops us stops it too
        signal.signal(number, signal.default_int_handler)
    with _not_left_running(cluster):
        if cluster is not None:
            cluster.start()
        settings = settings_of(cluster)
        ended = supervise(
            _parts(settings),
            state=state_folder(),
            cluster=cluster,
            prepare=lambda: _prepare(settings, cluster, empty=empty),
            announce=lambda: _announce(settings, started),
        )
    sys.exit(ended)


@contextmanager
def _not_left_running(cluster: Cluster | None) -> Iterator[None]:
    """What is refused (a taken port, a broken setting) leaves no database running that did not run before."""
    from app.base.running import RunsAlready

    stopped = cluster is not None and cluster.status() is not Status.RUNNING
    try:
        yield
    except RunsAlready:  # it is the other one's database
        raise
    except BaseException:
        if cluster is not None and stopped:
            cluster.stop()
        raise


def _parts(settings: Settings) -> list[Part]:
    """Office, public pages and worker, each a process with this database."""
    from app.base.running import Part

    place = {"MINGLU_DATABASE_URL": settings.database_url}
    command = [sys.executable, "-m", "app"]
    webs = {
        "office": (settings.office_host, settings.office_port),
        "public": (settings.public_host, settings.public_port),
    }
    return [
        *(
            Part(name, [*command, "serve", name], host, port, f"MINGLU_{name.upper()}", place)
            for name, (host, port) in webs.items()
        ),
        Part("worker", [*command, "work"], environment=place),
    ]


def _prepare(settings: Settings, cluster: Cluster | None, *, empty: bool) -> None:
    """Bring the database up to date; load the demonstration into an empty private one."""
    from app.base.revisions import is_prepared
    from app.demonstration.state import is_empty

    if not is_prepared(settings):
        from app.base.prepare import prepare

        prepare(settings)
    if cluster is None or empty or not is_empty(settings):
        return
    from app.commands.progress import progress_bars
    from app.demonstration.load import load

    click.echo("Loading the demonstration (once; --empty starts without) …")
    with progress_bars() as tell:
        load(settings, Clock(), tell=tell)


def _announce(settings: Settings, started: float) -> None:
    click.echo(f"Up after {time.monotonic() - started:.1f} s.")
    click.echo(f"  office   http://{settings.office_host}:{settings.office_port}/")
    click.echo(f"  public   {settings.public_url}/")
    from app.demonstration.people import logins  # after the addresses, which nobody should wait for

    for line in logins(settings):
        click.echo(f"  {line}")
    from app.demonstration.state import is_empty

    if is_empty(settings):
        click.echo(NOBODY)

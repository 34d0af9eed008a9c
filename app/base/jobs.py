"""Long work outside of requests: queued in the person's own transaction, run by a worker as that person.

``base.run`` is what people see: kind, progress, result. The queue (procrastinate's tables, schema ``queue``) only
carries the run's uid, so that nothing personal is in it. A run's work is a transaction, or several, as the person who
queued it and within their territory; its progress is told on a connection of its own, as the queue's role, and so is
seen before the work is committed. A run that has ended is never run again, whatever the queue delivers twice.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Engine, create_engine, event, func, select, text
from sqlalchemy.orm import Session

from app.base.db import Database
from app.base.errors import N_, MingluError, Subject
from app.base.models import Run, RunState
from app.base.plain import address_of
from app.base.settings import OFFICE, QUEUE, Settings
from app.base.troubles import is_full

if TYPE_CHECKING:
    from procrastinate import App, JobContext

LOG = logging.getLogger("minglu.work")
QUEUE_NAME, TASK = "minglu", "run"
#: A worker whose heart has not beaten for so long is gone; how often the living look for what it left behind.
STALLED_SECONDS, LOOK_SECONDS = 30.0, 15.0
#: A worker that is told to stop lets its run end by itself for so long, and then asks it to stop.
PATIENCE_SECONDS = 1.0
#: How long work goes on without asking whether somebody wants it to stop, statements allowing.
TELL_SECONDS = 1.0
#: Told in place of what nobody expected; the number is in the worker's log, beside where it happened.
UNKNOWN_KIND = N_("This worker does not know this kind of work. Start the newest version.")
FULL = N_("The server's disk is full; nothing was saved. Free some space, then start this again.")
UNEXPECTED = N_("Something went wrong here. Tell the administrator this number: {trace}")


class Cancelled(Exception):
    """The person asked the run to stop; what it did in its open transaction is rolled back."""


class Stopped(Exception):
    """The worker is to stop: the open transaction is rolled back and the run goes back to the queue."""


def _never() -> bool:
    return False


@dataclass(slots=True)
class _Told:
    """What a run told last, and when on this process's own clock (s)."""

    done: int = 0
    total: int | None = None
    message: str = ""
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a kind of work is given: whose work it is, with which arguments, and how to tell its progress.

    At a statement of the work the last progress is told again where a second went by, so that work that has been asked
    to stop does so at its next statement, not at its next step.
    """

    uid: UUID
    database: Database
    person_id: int
    args: Mapping[str, Any]
    _queue: Engine
    _stopping: Callable[[], bool] = _never
    _told: _Told = field(default_factory=_Told)

    @property
    def via(self) -> str:
        """What the history says of where the run's changes come from."""
        return f"run {self.uid}"

    @contextmanager
    def acting(self, *, undoes: UUID | None = None) -> Iterator[Session]:
        """One transaction of the work, as the person who queued it. What is to stop stops at a statement."""
        with self.database.acting(self.person_id, via=self.via, undoes=undoes) as session:
            event.listen(session.connection(), "before_cursor_execute", self._look)
            yield session

    def _look(self, *_: object) -> None:
        self._check()
        if time.monotonic() - self._told.at >= TELL_SECONDS:
            self.tell(self._told.done, self._told.total, self._told.message)

    def _check(self) -> None:
        if self._stopping():
            raise Stopped

    def tell(self, done: int, total: int | None = None, message: str = "") -> None:
        """Say how far the work is; committed at once. Raises :class:`Cancelled` where somebody asked it to stop.

        And :class:`Stopped` where the worker is to stop.
        """
        self._check()
        self._told.done, self._told.total, self._told.message = done, total, message
        self._told.at = time.monotonic()
        with self._queue.connect() as connection:
            cancelled = connection.execute(
                text("SELECT base.tell_run(:uid, :done, :total, :message)"),
                {"uid": self.uid, "done": done, "total": total, "message": message},
            ).scalar()
        if cancelled:
            raise Cancelled


Work = Callable[[RunContext], Mapping[str, Any]]


def enqueue(session: Session, kind: str, args: Mapping[str, Any]) -> UUID:
    """Queue a run in the person's transaction: it starts once that is committed. Its arguments name records by uid.

    Raises NotAllowed where the role may not start runs.
    """
    sql = text("SELECT base.enqueue(:kind, CAST(:args AS jsonb))")
    return UUID(str(session.scalar(sql, {"kind": kind, "args": json.dumps(dict(args), default=str)})))


def newest(session: Session, kind: str, args: Mapping[str, Any]) -> Run | None:
    """The newest run of this kind with these arguments, of those that the person may see."""
    asked = {name: str(value) for name, value in args.items()}
    found = select(Run).where(Run.kind == kind, Run.args.contains(asked)).order_by(Run.id.desc()).limit(1)
    return session.scalar(found)


def enqueue_once(session: Session, kind: str, args: Mapping[str, Any]) -> UUID:
    """As :func:`enqueue`, unless such a run waits or works already: a button pressed twice starts one.

    Who presses it at the same moment waits until the first one's transaction has ended.
    """
    key = f"{kind} {json.dumps(dict(args), sort_keys=True, default=str)}"
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    last = newest(session, kind, args)
    return last.uid if last is not None and is_under_way(last) else enqueue(session, kind, args)


def is_under_way(run: Run) -> bool:
    """Whether the run waits or works."""
    return run.state in {RunState.QUEUED.value, RunState.RUNNING.value}


def seconds_left(run: Run, now: datetime) -> float | None:
    """How long a run will probably go on, as it went on so far; None before there is something to go by."""
    if run.state != RunState.RUNNING.value or run.started_at is None or not run.total or not 0 < run.done < run.total:
        return None
    spent_s = (now - run.started_at).total_seconds()
    return spent_s * (run.total - run.done) / run.done if spent_s >= TELL_SECONDS else None


@dataclass(frozen=True, slots=True)
class Worker:
    """Runs what is queued, one run at a time; made by :func:`make_worker`."""

    app: App
    office: Database
    queue: Engine

    def run(self, *, wait: bool = True) -> None:
        """Work until told to stop (SIGINT, SIGTERM), or until nothing is left where ``wait`` is False.

        What a worker left undone that died is taken up again from its beginning, once its heart has been still for
        half a minute; a run in hand when it is told to stop goes back to the queue.
        """
        try:
            asyncio.run(_work(self.app, wait=wait))
        finally:
            self.office.close()
            self.queue.dispose()


def make_worker(settings: Settings, kinds: Mapping[str, Work]) -> Worker:
    """A worker for these kinds of work: what each does with a :class:`RunContext`, its result a small dictionary."""
    # Only the worker: who queues asks the database.
    from procrastinate import App, PsycopgConnector, RetryStrategy, exceptions

    options = {"options": "-c search_path=queue,public -c timezone=UTC", "application_name": QUEUE}
    app = App(connector=PsycopgConnector(conninfo=address_of(settings, QUEUE), kwargs=options, min_size=1, max_size=4))
    office = Database(settings, role=OFFICE, pool_size=2)
    queue = create_engine(settings.url_of(QUEUE), isolation_level="AUTOCOMMIT", pool_size=2, pool_pre_ping=True)

    @app.task(
        name=TASK, queue=QUEUE_NAME, pass_context=True, retry=RetryStrategy(retry_exceptions=[exceptions.JobAborted])
    )
    def run(job: JobContext, run: str) -> None:
        try:
            perform(UUID(run), kinds, office=office, queue=queue, stopping=job.should_abort)
        except Stopped as stop:
            raise exceptions.JobAborted from stop

    return Worker(app, office, queue)


async def _work(app: App, *, wait: bool) -> None:
    async with app.open_async():
        looking = asyncio.create_task(_take_up(app))
        try:
            await app.run_worker_async(
                queues=[QUEUE_NAME],
                concurrency=1,
                wait=wait,
                install_signal_handlers=wait,
                delete_jobs="successful",
                shutdown_graceful_timeout=PATIENCE_SECONDS,
                stalled_worker_timeout=STALLED_SECONDS,
            )
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)


async def _take_up(app: App) -> None:
    """Now and again put back to the queue what a dead worker left; a run may be begun anew, its end counts once."""
    from procrastinate.exceptions import ProcrastinateException

    while True:
        try:
            for job in await app.job_manager.get_stalled_jobs(
                queue=QUEUE_NAME, seconds_since_heartbeat=STALLED_SECONDS
            ):
                await app.job_manager.retry_job(job)
                LOG.warning("run taken up again", extra={"values": {"run": job.task_kwargs.get("run")}})
        except ProcrastinateException as error:  # out of reach for a moment, or another worker was first
            LOG.warning("no look at what was left behind: %s", type(error).__name__)
        await asyncio.sleep(LOOK_SECONDS)


def perform(
    uid: UUID,
    kinds: Mapping[str, Work],
    *,
    office: Database,
    queue: Engine,
    stopping: Callable[[], bool] = _never,
) -> None:
    """Run one run to its end, once: it is taken only where it has not ended, and its end is always recorded.

    Raises :class:`Stopped`, the run queued again, where ``stopping`` turned true before its end.
    """
    with queue.connect() as connection:
        begun = connection.execute(text("SELECT * FROM base.begin_run(:uid)"), {"uid": uid}).one_or_none()
    if begun is None or begun.person_id is None:  # ended before, or cancelled while it waited
        return
    context = RunContext(uid, office, begun.person_id, begun.args, queue, stopping)
    try:
        state, message, result = _outcome(kinds.get(begun.kind), context)
    except Stopped:
        with queue.connect() as connection:
            connection.execute(text("SELECT base.requeue_run(:uid)"), {"uid": uid})
        raise
    with queue.connect() as connection:
        connection.execute(
            text("SELECT base.end_run(:uid, :state, :message, CAST(:result AS jsonb))"),
            {"uid": uid, "state": state.value, "message": message, "result": json.dumps(result, default=str)},
        )


def _outcome(work: Work | None, context: RunContext) -> tuple[RunState, str, Mapping[str, Any]]:
    """How the work ended. A refusal is told in its own words; of anything else only a number is told."""
    if work is None:
        return _failed(UNKNOWN_KIND)
    try:
        return RunState.DONE, "", work(context)
    except Stopped:
        raise
    except Cancelled:
        return RunState.CANCELLED, "", {}
    except MingluError as refusal:
        return _failed(refusal.message, **refusal.values)
    except Exception as error:  # noqa: BLE001 - a run's end is always recorded
        if is_full(error):
            LOG.error("run failed: the disk is full: free some space")  # noqa: TRY400 - no values
            return _failed(FULL)
        trace = secrets.token_hex(6)
        LOG.error("run failed: %s %s at %s", trace, type(error).__name__, _place(error))  # noqa: TRY400 - no values
        return _failed(UNEXPECTED, trace=trace)


def _failed(message: str, **values: object) -> tuple[RunState, str, Mapping[str, Any]]:
    """The message in English, and its parts, so that the page can tell it in the reader's language."""
    kept = {name: _kept(value) for name, value in values.items()}
    return RunState.FAILED, message.format(**values), {"refusal": {"message": message, "values": kept}}


def refusal_of(run: Run) -> tuple[str, dict[str, object]]:
    """Why a run failed: a message and its values as they were raised; an empty message where none is kept."""
    told = run.result.get("refusal")
    if told is None:
        return run.message, {}
    return told["message"], {name: _given(value) for name, value in told["values"].items()}


def _kept(value: object) -> str | dict[str, str]:
    """A value of a message in JSON. Days and subjects are said otherwise in each language; they stay what they are."""
    if isinstance(value, Subject):
        return {"subject": value}
    return {"day": value.isoformat()} if type(value) is date else str(value)


def _given(kept: str | Mapping[str, str]) -> object:
    if isinstance(kept, str):
        return kept
    return Subject(kept["subject"]) if "subject" in kept else date.fromisoformat(kept["day"])


def _place(error: BaseException) -> str:
    """Where in the code it happened, innermost last; the error's words may quote what people typed."""
    return " < ".join(
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)[-6:]
    )

"""Long work on signs: planning those of a batch or territory, and printing and reading back an order's plates."""

from __future__ import annotations

from functools import partial
from typing import TypedDict
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base.clock import Clock
from app.base.errors import NotFound
from app.base.files import Store
from app.base.history import current_act
from app.base.jobs import RunContext
from app.base.models import Division, DivisionKind
from app.base.people import actor_of
from app.planning import queries, steps
from app.printing.models import OrderState
from app.printing.queries import order as the_order
from app.printing.steps import release

_MANY = 10**6


class Planned(TypedDict):
    """What a planning says at its end; ``act`` is what its undoing takes back."""

    signs: int
    posts: int
    left: int
    spots: int
    act: str


class Released(TypedDict):
    """What a release says at its end: the order's uid and number."""

    order: str
    number: str


def plan_signs(run: RunContext, *, clock: Clock) -> Planned:
    """The work of a run of kind ``plan``: one transaction, town by town, so that it can be watched and stopped.

    Arguments: ``division`` by uid, ``batch`` by uid or empty. Begun anew it plans what is not planned yet.
    """
    with run.acting() as session:
        _alone(session, "planning")
        division = session.scalar(select(Division).where(Division.uid == UUID(run.args["division"])))
        if division is None:
            raise NotFound("The division of this planning is gone. Choose another.")
        batch = queries.batch(session, UUID(run.args["batch"])) if run.args.get("batch") else None
        wanting = partial(queries.waiting, session, clock, batch=batch, most=_MANY)
        parts = [(part, wanting(division=part)) for part in _parts(session, division)]
        done, total = 0, wanting(division=division)
        signs = posts = left = 0
        unplaced = set()
        for part, n in parts:
            run.tell(done, total)
            if n or part is division:  # its own streets that lie in no town come last
                planned = steps.plan(session, clock, batch=batch, division=part)
                signs, posts, left = signs + planned.signs, posts + planned.posts, planned.skipped
                unplaced |= set(planned.unplaced)
            done = min(total, done + n)
        run.tell(total, total)
        act = str(current_act(session))
        return {"signs": signs, "posts": posts, "left": left, "spots": len(unplaced), "act": act}


def _parts(session: Session, division: Division) -> list[Division]:
    below = (Division.path.op("<@")(division.path), Division.kind == DivisionKind.TOWN.value)
    towns = session.scalars(select(Division).where(*below, Division.id != division.id).order_by(Division.id))
    return [*towns, division]


def release_order(run: RunContext, *, store: Store, clock: Clock, code_host: str) -> Released:
    """The work of a run of kind ``release``: one transaction, so that an order is released whole or not at all.

    Argument: ``order`` by uid. An order that is released already is left as it is: a run is begun anew where its
    worker died, and a button is pressed twice.
    """
    with run.acting() as session:
        _alone(session, f"release {run.args['order']}")
        order = the_order(session, UUID(run.args["order"]))
        if order.state == OrderState.DRAFT.value:
            actor = actor_of(session, run.person_id)
            release(session, clock, actor, store, order=order, code_host=code_host, tell=run.tell)
        return {"order": str(order.uid), "number": order.number}


def _alone(session: Session, key: str) -> None:
    """Wait until nobody else does this; let go of when the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))

"""The history page says names where entries hold keys."""

from __future__ import annotations

from sqlalchemy import select

from app.base.models import Entry, Role
from app.web import references
from tests.rules.rows import Maker
from tests.world import World


def test_a_village_of_a_batch_is_told_by_its_name_and_its_batchs(world: World):
    with world.owner.begin() as connection:
        rows = Maker(connection, somebody=world.person(Role.COUNTY_OFFICER, "东县"))
        rows.make("milestones.batch_village", world.places["甲村"])
    with world.office.acting(world.person(Role.COUNTY_OFFICER, "东县"), via="test") as session:
        wanted = select(Entry).where(Entry.subject == "milestones.batch_village", Entry.op == "insert")
        entry = session.scalars(wanted.order_by(Entry.id.desc())).first()
        assert entry is not None
        told = references.told(session, [entry])
        names = [name for _, name in told.about(entry)]
        assert "甲村" in names
        assert told.name(entry.subject, "batch_id", (entry.after or {})["batch_id"]) in names
        assert told.name(entry.subject, "left_on", "1") == ""

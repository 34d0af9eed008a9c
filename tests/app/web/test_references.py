"""The history page says names where entries hold keys."""

from __future__ import annotations

from sqlalchemy import select

from app.base.models import Entry, Role
from app.web import references
from tests.app.builders import build_order, build_sign, build_street, insert, run
from tests.app.web.conftest import Office
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


def test_the_history_on_a_records_page_says_names_too(world: World):
    order = build_order(world, [build_sign(world, build_street(world, "甲村"))], state="draft")
    file = insert(world, "base.file", division_id=world.places["东县"], sha256="0" * 64, bytes=0,
                  media_type="application/pdf", name="印刷文件.pdf", purpose="print_file")  # fmt: skip
    run(world, 'UPDATE printing."order" SET file_id = :file WHERE id = :id', file=file, id=order)
    office = Office(world, stations=True)
    uid = run(world, 'SELECT uid FROM printing."order" WHERE id = :id', id=order)
    page = office.signed_in(Role.COUNTY_OFFICER, "东县").get(f"/printing/{uid}").text
    office.close()
    told = page.split('<ol class="timeline">')[1].split("</ol>")[0]
    assert "印刷文件.pdf" in told
    assert f"第 {file} 号" not in told
    assert "系统" in told

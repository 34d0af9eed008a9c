"""What a start asks in place of alembic: the newest migration, and whether there is anything to prepare."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from app.base.prepare import _config
from app.base.revisions import is_prepared, newest_revision
from app.base.settings import PUBLIC
from tests.world import World


def test_the_newest_revision_is_the_one_that_alembic_finds():
    assert newest_revision() == ScriptDirectory.from_config(_config(None)).get_current_head()


@pytest.mark.database
def test_a_migrated_database_with_our_roles_needs_no_preparing(world: World):
    assert is_prepared(world.settings)


@pytest.mark.database
def test_a_database_at_another_revision_is_to_be_prepared(world: World):
    with world.owner.begin() as connection:
        connection.execute(text("UPDATE base.alembic_version SET version_num = '2026_11_22_a_ground'"))
    assert not is_prepared(world.settings)


@pytest.mark.database
def test_a_database_without_tables_is_to_be_prepared(world: World):
    with world.owner.begin() as connection:
        connection.execute(text("DROP TABLE base.alembic_version CASCADE"))
    assert not is_prepared(world.settings)


@pytest.mark.database
def test_a_role_with_another_password_is_to_be_prepared(world: World):
    passwords = {**world.settings.passwords, PUBLIC: "not-the-one-it-has"}
    assert not is_prepared(replace(world.settings, passwords=passwords))

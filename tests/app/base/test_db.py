"""What the database refuses comes out in words."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.base.errors import Invalid
from app.base.models import Role
from tests.world import World


def test_a_text_with_the_zero_character_is_refused_in_words(world: World):
    person = world.person(Role.AUDITOR, "市")
    with pytest.raises(Invalid, match="zero"), world.office.acting(person, via="test") as session:
        session.execute(text("SELECT :words"), {"words": "a\0b"})

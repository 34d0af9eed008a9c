"""What the demonstration's batches live through, as data: how far each came, and how many days ago each step was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

Item = TypeVar("Item")


class Reach(IntEnum):
    """How far a batch came; each step includes those before it."""

    OPENED = 0
    PROPOSED = 1  # a third each: drafts, submitted, returned
    APPROVED = 2
    IN_FORCE = 3
    PLANNED = 4
    DRAWN_UP = 5
    RELEASED = 6
    GIVEN = 7
    INSTALLED = 8
    CLOSED = 9


@dataclass(frozen=True, slots=True)
class Story:
    """One batch: ``ago`` gives the days before today of each step it reached, from opening on.

    ``filed``: whether the decision was reported in time; a decision that was not announced either is overdue once 15
    days are over. ``standing``: the share of signs that are up. ``weight``: its share of the villages with streets.
    ``lingers``: its first village is that of the logins, where some streets are in every state at once.
    """

    title: str
    weight: int
    reach: Reach
    ago: tuple[int, ...]
    filed: bool = True
    standing: float = 0.0
    lingers: bool = False

    def days_ago(self, step: Reach) -> int:
        """How many days ago the step was; the last one told holds for those after it."""
        return self.ago[min(step, len(self.ago) - 1)]


#: The first ones fall to the town of the logins, so that it has work of every kind.
STORIES = (
    Story("第一批", 1, Reach.CLOSED, (300, 285, 260, 250, 245, 240, 230, 220, 200, 150), standing=1.0),
    Story("第二批", 2, Reach.INSTALLED, (120, 110, 80, 70, 65, 60, 45, 40, 20), standing=0.6, lingers=True),
    Story("第七批", 10, Reach.PROPOSED, (12, 6)),
    Story("第三批", 2, Reach.DRAWN_UP, (70, 60, 40, 30, 25, 3)),
    Story("第四批", 9, Reach.PLANNED, (65, 55, 35, 25, 15)),
    Story("第五批", 6, Reach.APPROVED, (60, 50, 40), filed=False),
    Story("第六批", 6, Reach.APPROVED, (30, 20, 5)),
    Story("第八批", 12, Reach.OPENED, (2,)),
    Story("", 24, Reach.OPENED, (0,)),  # villages that are in no batch yet
)

#: The rest of the city, town by town in turn: mostly named and planned.
TOWN_STORIES = (
    Story("", 1, Reach.PLANNED, (200, 180, 150, 140, 130)),
    Story("", 1, Reach.PLANNED, (160, 140, 110, 100, 90)),
    Story("", 1, Reach.PLANNED, (90, 70, 50, 40, 30)),
    Story("", 1, Reach.PLANNED, (70, 60, 45, 35, 20)),
    Story("", 1, Reach.PLANNED, (60, 50, 40, 30, 10)),
    Story("", 1, Reach.PLANNED, (50, 40, 30, 20, 5)),
    Story("", 1, Reach.APPROVED, (30, 20, 8)),
    Story("", 1, Reach.PLANNED, (45, 40, 25, 15, 4)),
    Story("", 1, Reach.PLANNED, (45, 40, 25, 15, 3)),
    Story("", 1, Reach.PROPOSED, (15, 5)),
)


def deal(items: Sequence[Item], stories: Sequence[Story]) -> Iterator[tuple[Story, Sequence[Item]]]:
    """Items in runs by the stories' weights; while there are as many items as stories, each gets at least one."""
    total, begin, weight = sum(story.weight for story in stories), 0, 0
    for position, story in enumerate(stories, start=1):
        weight += story.weight
        end = max(round(len(items) * weight / total), min(begin + 1, len(items)))
        end = min(end, max(len(items) - (len(stories) - position), begin))
        yield story, items[begin:end]
        begin = end

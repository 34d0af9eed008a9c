"""What happens to streets: made of what was surveyed, brought into scope, shaped by people."""

from app.inventory.steps.deriving import (
    SCOPE_M,
    derive,
    judge_again,
    judge_scope,
    mark,
    require_distance,
)
from app.inventory.steps.drawing import draw, drawn_before, reshape, village_of
from app.inventory.steps.making import chord_bearing_deg
from app.inventory.steps.shaping import (
    join,
    mark_no_street,
    require_free,
    split,
    take_back_no_street,
)
from app.inventory.steps.streams import count_in
from app.inventory.steps.withdrawing import dissolve, require_unbuilt, withdraw

__all__ = [
    "SCOPE_M",
    "chord_bearing_deg",
    "count_in",
    "derive",
    "dissolve",
    "draw",
    "drawn_before",
    "join",
    "judge_again",
    "judge_scope",
    "mark",
    "mark_no_street",
    "require_distance",
    "require_free",
    "require_unbuilt",
    "reshape",
    "split",
    "take_back_no_street",
    "village_of",
    "withdraw",
]

"""What the milestones decide without a database: what a batch is called, and which villages fill a year's quota."""

from app.milestones.logic.titles import chinese_number, title_of
from app.milestones.logic.years import (
    DEFAULT_FIGURES,
    DEFAULT_WEIGHTS,
    Candidate,
    Estimate,
    Figures,
    Hands,
    Part,
    Proposed,
    Weights,
    estimate,
    propose,
)

__all__ = [
    "DEFAULT_FIGURES",
    "DEFAULT_WEIGHTS",
    "Candidate",
    "Estimate",
    "Figures",
    "Hands",
    "Part",
    "Proposed",
    "Weights",
    "chinese_number",
    "estimate",
    "propose",
    "title_of",
]

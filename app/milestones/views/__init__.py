"""The pages of the milestones: batches of villages with the streets in them, and targets."""

from fastapi import APIRouter

from app.milestones.views import batches, plans, streets, targets
from app.milestones.views.batches import waiting

__all__ = ["router", "waiting"]

router = APIRouter()
for part in (plans, streets, targets, batches):
    router.include_router(part.router)

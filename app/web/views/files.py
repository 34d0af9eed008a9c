"""Handing out stored files, through the permission check of their rows."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/files")

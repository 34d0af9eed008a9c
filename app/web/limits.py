"""How often one address may do something, kept in this process's memory under a hash, never written down."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import threading
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

MOST_ADDRESSES = 50_000
_LONGEST_KEY = hashlib.blake2b.MAX_KEY_SIZE


class Limit:
    """At most ``most`` within ``minutes`` for one address; an IPv6 address counts as its /64 network."""

    def __init__(self, *, most: int, minutes: int) -> None:
        """The hash's key lives as long as the process, so that what is kept means nothing elsewhere."""
        self.most, self.span = most, timedelta(minutes=minutes)
        self._key, self._lock = secrets.token_bytes(16), threading.Lock()
        self._seen: dict[bytes, deque[datetime]] = {}

    def take(self, address: str, now: datetime) -> bool:
        """Count one; False where that is one too many, which is not counted."""
        key = hashlib.blake2b(_network(address).encode(), key=self._key, digest_size=16).digest()
        with self._lock:
            if key not in self._seen and len(self._seen) >= MOST_ADDRESSES:
                self._drop_old(now)
            seen = self._seen.setdefault(key, deque())
            while seen and now - seen[0] > self.span:
                seen.popleft()
            if len(seen) >= self.most:
                return False
            seen.append(now)
            return True

    def _drop_old(self, now: datetime) -> None:
        self._seen = {key: seen for key, seen in self._seen.items() if seen and now - seen[-1] <= self.span}
        if len(self._seen) >= MOST_ADDRESSES:
            self._seen.clear()


def counted_as(secret: bytes, address: str) -> str:
    """What attempts of an address are counted under where that is written down: its network, under our own key.

    Without the key all addresses of IPv4 could be tried until one gives the same.
    """
    return hashlib.blake2b(_network(address).encode(), key=secret[:_LONGEST_KEY], digest_size=16).hexdigest()


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)

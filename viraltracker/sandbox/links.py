"""Signed media links that expire, in the manner of Meta's CDN: `/media/…?oe=<hex expiry>&oh=<signature>`."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """What the sandbox needs from `viraltracker.clock`."""

    def now(self) -> datetime:
        """The present moment, timezone-aware."""


@dataclass
class SignedLinks:
    """Every link is new: a counter goes into the signature, so that no two reads of one asset agree."""

    clock: Clock
    lifetime_seconds: int = 4 * 3600
    secret: bytes = b"wonder-paws"
    _serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def sign(self, base_url: str, path: str) -> str:
        """A full URL for `path` (which starts with a slash)."""
        expires = int(self.clock.now().timestamp()) + self.lifetime_seconds
        serial = f"{next(self._serial):x}"
        return f"{base_url}{path}?_nc_ohc={serial}&oe={expires:X}&oh={self._mac(path, f'{expires:X}', serial)}"

    def valid(self, path: str, query: Mapping[str, str]) -> bool:
        """Whether the signature is ours and the link has not expired."""
        expires, serial = query.get("oe", ""), query.get("_nc_ohc", "")
        if not hmac.compare_digest(query.get("oh", ""), self._mac(path, expires, serial)):
            return False
        return int(expires, 16) > self.clock.now().timestamp()

    def _mac(self, path: str, expires: str, serial: str) -> str:
        message = f"{path}|{expires}|{serial}".encode()
        return "00_" + hmac.new(self.secret, message, hashlib.sha256).hexdigest()[:40]

"""The keys of one installation: a signing secret made at first start, and the JWTs signed with it."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt

OWNER_EMAIL = "owner@localhost"
#: The keys never leave this machine; hosted Supabase's own API keys live as long.
LIFETIME = timedelta(days=3650)


@dataclass(frozen=True)
class Keys:
    """`secret` signs; the others are JWTs for the roles anon, service_role and authenticated (the owner)."""

    secret: str = field(repr=False)
    owner_id: str
    anon: str = field(repr=False)
    service: str = field(repr=False)
    owner: str = field(repr=False)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Keys:
        """Raises `ValueError`, `KeyError` or `TypeError` when the text is not what `to_json` wrote."""
        return Keys(**{name: str(value) for name, value in json.loads(text).items()})

    def user_key(self, user_id: str, email: str, *, now: datetime) -> str:
        """A signed-in user's JWT with the claims that Supabase Auth puts into its own."""
        return user_key(self.secret, user_id, email, now=now)


def make(now: datetime) -> Keys:
    """New keys with a new secret and a new owner."""
    secret, owner_id = secrets.token_hex(32), str(uuid4())
    return Keys(
        secret=secret,
        owner_id=owner_id,
        anon=_sign(secret, {"role": "anon"}, now),
        service=_sign(secret, {"role": "service_role"}, now),
        owner=user_key(secret, owner_id, OWNER_EMAIL, now=now),
    )


def user_key(secret: str, user_id: str, email: str, *, now: datetime) -> str:
    """See `Keys.user_key`."""
    claims = {"role": "authenticated", "aud": "authenticated", "sub": user_id, "email": email}
    return _sign(secret, claims | {"session_id": str(uuid4()), "is_anonymous": False}, now)


def _sign(secret: str, claims: dict[str, Any], now: datetime) -> str:
    # Issued a minute ago, so that a clock set back a little does not make the key come from the future.
    issued = now - timedelta(minutes=1)
    return jwt.encode(
        {"iss": "viraltracker", "iat": issued, "exp": issued + LIFETIME, **claims}, secret, algorithm="HS256"
    )

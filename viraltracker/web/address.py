"""Where the app may listen. Light to import, since the command that becomes the server asks it first."""

from __future__ import annotations

from viraltracker.errors import ConfigurationError
from viraltracker.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost")


def require_safe(configured: Settings, address: str | None) -> None:
    """Refuses, with ConfigurationError, to serve the embedded stack's owner to other machines."""
    if configured.local_owner_jwt is not None and address not in LOOPBACK:
        raise ConfigurationError(
            "The embedded stack signs its owner in without a password, so the app serves it on 127.0.0.1 alone: "
            "start it with --server.address 127.0.0.1, or set up hosted Supabase."
        )

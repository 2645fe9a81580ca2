"""Who is looking. Every page calls `require_user` on its first line and works with what that gives."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import httpx
import streamlit as st
from streamlit import config

from viraltracker import settings
from viraltracker.errors import ConfigurationError
from viraltracker.settings import Settings
from viraltracker.store import brands, client
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database

LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Viewer:
    """A signed-in person: `db` acts with their own rights, `brands` are those they may see.

    `roles` is owner, editor or viewer by organisation.
    """

    db: Database
    user_id: str
    roles: Mapping[str, str]
    brands: tuple[Brand, ...]

    def may_write(self, brand: Brand) -> bool:
        """Whether they may change the brand and start work for it."""
        return self.roles.get(brand.organization_id) in ("owner", "editor")

    @property
    def may_add_brands(self) -> bool:
        """Whether there is an organisation they may add a brand to."""
        return bool({"owner", "editor"} & set(self.roles.values()))


def require_user() -> Viewer:
    """The person at the browser. Signed out, draws what there is to say instead of the page, and ends the script."""
    found = viewer()
    if found is None:
        _draw_signed_out()
        st.stop()
    return found


def viewer() -> Viewer | None:
    """The person at the browser, None when nobody is signed in.

    On the embedded stack that is its owner, who needs no password because only this machine can reach the app.
    Raises ConfigurationError when the app has no database, or is reachable from elsewhere.
    """
    configured, http = _connection()
    require_safe_address(configured, config.get_option("server.address"))
    if configured.supabase_url is None or configured.supabase_publishable_key is None:
        raise ConfigurationError("The app has no database: start it with `viraltracker up`.")
    if configured.local_owner_jwt is None:
        return None
    jwt = configured.local_owner_jwt
    db = client.connect(configured.supabase_url, configured.supabase_publishable_key, http, jwt=jwt)
    user_id = _subject(jwt)
    memberships = db.rows("memberships", where={"user_id": user_id}, key="organization_id")
    roles = {row["organization_id"]: row["role"] for row in memberships}
    return Viewer(db=db, user_id=user_id, roles=roles, brands=tuple(brands.all_visible(db)))


def require_safe_address(configured: Settings, address: str | None) -> None:
    """Refuses, with ConfigurationError, to serve the embedded stack's owner to other machines."""
    if configured.local_owner_jwt is not None and address not in LOOPBACK:
        raise ConfigurationError(
            "The embedded stack signs its owner in without a password, so the app serves it on 127.0.0.1 alone: "
            "start it with --server.address 127.0.0.1, or set up hosted Supabase."
        )


@cache
def _connection() -> tuple[Settings, httpx.Client]:
    """Settings and connection pool of this process, made at the first page."""
    configured = settings.load_for_web()
    return configured, client.http_client(embedded=not configured.hosted, timeout_s=configured.database_timeout)


def _subject(jwt: str) -> str:
    """The user id in a key. The database checks the signature with every request; here it only names the owner."""
    try:
        payload = jwt.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"])
    except (IndexError, KeyError, ValueError, TypeError, binascii.Error):
        raise ConfigurationError("VIRALTRACKER_LOCAL_OWNER_JWT is not a key; start with `viraltracker up`.") from None


def _draw_signed_out() -> None:
    st.title("Sign in")
    st.info(
        "This version of the app signs in only on the embedded stack, on the machine it runs on: "
        "start it there with `viraltracker up`. Your data on hosted Supabase is untouched, and the worker and the "
        "command line work on it.",
        icon=":material/lock:",
    )

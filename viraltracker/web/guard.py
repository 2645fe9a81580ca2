"""Who is looking. Every page calls `require_user` on its first line and works with what that gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import httpx
import streamlit as st
from streamlit import config

from viraltracker import settings
from viraltracker.errors import ConfigurationError
from viraltracker.settings import Settings
from viraltracker.store import auth, brands, client, members
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database
from viraltracker.web import account, address
from viraltracker.web.sessions import COOKIE, Sessions

PATIENCE_SECONDS = 8.0
"""So long a page waits for a database that restarts before it says so, and looks again by itself."""
ANSWER_SECONDS = 10.0
"""Hosted Supabase gives a signed-in person's statement 8 s, so nothing that takes longer is worth waiting for."""


@dataclass(frozen=True)
class Viewer:
    """A signed-in person: `db` acts with their own rights, `brands` are those they may see.

    `roles` is owner, editor or viewer by organisation. `embedded` is the owner of the machine, who never signs out.
    """

    db: Database
    user_id: str
    roles: Mapping[str, str]
    brands: tuple[Brand, ...]
    email: str = ""
    embedded: bool = False

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
        account.draw_signed_out()
        st.stop()
    if not found.roles:
        account.draw_without_organization(found.db, found.email)
        st.stop()
    return found


def viewer() -> Viewer | None:
    """The person at the browser, None when nobody is signed in.

    On the embedded stack that is its owner, who needs no password because only this machine can reach the app; hosted,
    whoever the browser's cookie says. Raises ConfigurationError when the app has no database, or is reachable from
    elsewhere.
    """
    found, _ = _connection()
    address.require_safe(found, config.get_option("server.address"))
    if found.supabase_url is None or found.supabase_publishable_key is None:
        raise ConfigurationError("The app has no database: start it with `viraltracker up`.")
    if found.local_owner_jwt is not None:
        return _seen(found.local_owner_jwt)
    cookie = st.context.cookies.get(COOKIE)
    tokens = sessions().current(cookie)
    if tokens is None:
        return None
    try:
        return _seen(tokens.access)
    except ConfigurationError:
        # The database refused the key: one that was signed before its secret changed, or never by anybody.
        tokens = sessions().renewed(cookie)
        return None if tokens is None else _seen(tokens.access)


def _seen(jwt: str) -> Viewer:
    """What the database shows the holder of `jwt`. It checks the signature; here the key only names the person."""
    found, http = _connection()
    said = auth.claims(jwt)
    if "sub" not in said:
        raise ConfigurationError("The key that names the person is none; start with `viraltracker up`.")
    url, key = found.supabase_url or "", found.supabase_publishable_key or ""
    db = client.connect(url, key, http, jwt=jwt, patience_s=PATIENCE_SECONDS)
    user_id = str(said["sub"])
    return Viewer(
        db=db,
        user_id=user_id,
        roles=members.roles(db, user_id),
        brands=tuple(brands.all_visible(db)),
        email=str(said.get("email", "")),
        embedded=not found.hosted,
    )


@cache
def _connection() -> tuple[Settings, httpx.Client]:
    """Settings and connection pool of this process, made at the first page."""
    found = settings.load_for_web()
    return found, client.http_client(embedded=not found.hosted, timeout_s=min(found.database_timeout, ANSWER_SECONDS))


def configured() -> Settings:
    """The settings of this process, which holds no key past row-level security."""
    return _connection()[0]


def http() -> httpx.Client:
    """The connection pool of this process."""
    return _connection()[1]


@cache
def sessions() -> Sessions:
    """The sign-in of this process, hosted."""
    found, pool = _connection()
    return Sessions(auth.Auth(found.supabase_url or "", found.supabase_publishable_key or "", pool))

"""Chat sessions and their messages: each person's own, a viewer's too."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from viraltracker.errors import NotFound
from viraltracker.store.client import Database

LISTED = 50
"""The newest sessions that are listed."""


def start(db: Database, brand_id: str, title: str) -> dict[str, Any]:
    """A new session about a brand: `id, brand_id, title`. Refused for a brand that is not visible."""
    made = {"id": str(uuid.uuid4()), "brand_id": brand_id, "title": title}
    db.insert_new("chat_sessions", made)
    return made


def sessions(db: Database) -> list[dict[str, Any]]:
    """The person's newest sessions, newest first: `id, brand_id, title, created_at`."""
    columns = "id,brand_id,title,created_at"
    return db.newest("chat_sessions", columns=columns, order="created_at", limit=LISTED)


def session(db: Database, session_id: str) -> dict[str, Any]:
    """One session; NotFound when it is not the person's own."""
    try:
        rows = db.rows("chat_sessions", where={"id": str(uuid.UUID(session_id))})
    except ValueError:
        rows = []
    if not rows:
        raise NotFound("There is no such chat session.")
    return rows[0]


def messages(db: Database, session_id: str) -> list[dict[str, Any]]:
    """All messages of a session, oldest first: `id, role, content, tool_results, created_at`."""
    columns = "id,role,content,tool_results,created_at"
    return db.rows("chat_messages", columns=columns, where={"session_id": session_id})


def say(
    db: Database,
    session: Mapping[str, Any],
    role: Literal["user", "assistant"],
    content: str,
    tool_results: Sequence[dict[str, Any]],
) -> None:
    """Adds a message. When an answer of the database gets lost it may stand there twice: whoever reads tells by a key
    of their own in `tool_results`."""
    row = {"session_id": session["id"], "brand_id": session["brand_id"], "role": role, "content": content}
    db.insert_new("chat_messages", {**row, "tool_results": tool_results})


def delete(db: Database, session_id: str) -> None:
    """Deletes a session of the person's own with its messages; another's stays as it is."""
    db.delete("chat_sessions", where={"id": session_id})

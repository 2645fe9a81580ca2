"""Who works in an organisation, and who is asked to join. The database decides who may do what here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from viraltracker.store.client import Database

ROLES: Final = ("owner", "editor", "viewer")
"""Owners manage people; owners and editors write and run jobs; viewers read."""


@dataclass(frozen=True)
class Organization:
    """An organisation this person works in, and as what."""

    id: str
    name: str
    role: str


@dataclass(frozen=True)
class Member:
    """A person of an organisation; `since` is an ISO timestamp."""

    user_id: str
    email: str
    role: str
    since: str


@dataclass(frozen=True)
class Invitation:
    """An e-mail address that may join and has not; `created_at` is an ISO timestamp."""

    id: str
    email: str
    role: str
    created_at: str


def roles(db: Database, user_id: str) -> dict[str, str]:
    """The person's role by organisation id."""
    rows = db.rows("memberships", where={"user_id": user_id}, key="organization_id")
    return {row["organization_id"]: row["role"] for row in rows}


def organizations(db: Database, user_id: str) -> list[Organization]:
    """The person's organisations by name."""
    held = roles(db, user_id)
    found = [Organization(row["id"], row["name"], held[row["id"]]) for row in db.rows("organizations")]
    return sorted(found, key=lambda organization: organization.name.casefold())


def everybody(db: Database, organization_id: str) -> list[Member]:
    """The organisation's people, the first first; empty for whoever is none of them."""
    rows = db.call("members", p_organization=organization_id)
    return [Member(row["user_id"], row["email"] or "", row["role"], row["since"]) for row in rows]


def invitations(db: Database, organization_id: str) -> list[Invitation]:
    """Open invitations by address; empty for whoever is no owner."""
    rows = db.rows("invitations", where={"organization_id": organization_id})
    found = [Invitation(row["id"], row["email"], row["role"], row["created_at"]) for row in rows]
    return sorted(found, key=lambda invitation: invitation.email)


def invite(db: Database, organization_id: str, email: str, role: str) -> str:
    """Lets whoever proves that address join with that role; a second invitation changes the first. Gives its id.

    Raises Refused when the caller is no owner, BadInput when the address or role is none or belongs to a member.
    """
    return str(db.call("invite_member", p_organization=organization_id, p_email=email, p_role=role))


def withdraw(db: Database, invitation_id: str) -> bool:
    """Takes an invitation back; False when there is none of the caller's."""
    return bool(db.call("withdraw_invitation", p_invitation=invitation_id))


def accept_invitations(db: Database) -> int:
    """Joins the caller to every organisation that invited its confirmed address; gives how many."""
    return int(db.call("accept_invitations"))


def awaits_first_organization(db: Database) -> bool:
    """Whether this installation has no organisation yet."""
    return bool(db.call("awaits_first_organization"))


def create_first_organization(db: Database, name: str) -> str:
    """Makes the caller the owner of the installation's organisation; Refused when there is one already."""
    return str(db.call("create_first_organization", p_name=name))


def set_role(db: Database, organization_id: str, user_id: str, role: str) -> bool:
    """Changes a member's role; False when there is no such member.

    Raises Refused when the caller is no owner, BadInput when nobody would be owner any more.
    """
    return bool(db.call("set_member_role", p_organization=organization_id, p_user=user_id, p_role=role))


def remove(db: Database, organization_id: str, user_id: str) -> bool:
    """Sends a member away, or leaves; raises as `set_role`."""
    return bool(db.call("remove_member", p_organization=organization_id, p_user=user_id))

"""Who works in an organisation: inviting, joining, changing roles, leaving."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

import psycopg
import pytest

from viraltracker.errors import BadInput, Refused
from viraltracker.store import brands, members
from viraltracker.store.client import Database

from ..conftest import User
from .conftest import Api
from .tenants import World

AsUser = Callable[[str], Database]


@dataclass(frozen=True)
class Team:
    """An organisation with an owner, an editor, a viewer and a brand."""

    id: str
    owner: User
    editor: User
    viewer: User


@pytest.fixture
def team(database: psycopg.Connection, new_user: Callable[[str], User]) -> Iterator[Team]:
    organization = str(uuid4())
    people = {role: new_user(role) for role in members.ROLES}
    database.execute("insert into public.organizations (id, name) values (%s, 'Team')", [organization])
    for role, user in people.items():
        database.execute("insert into public.memberships values (%s, %s, %s)", [organization, user.id, role])
    database.execute("insert into public.brands (organization_id, name) values (%s, 'Brand')", [organization])
    yield Team(organization, **people)
    database.execute("delete from public.organizations where id = %s", [organization])


def roles(db: Database, team: Team) -> dict[str, str]:
    return {member.user_id: member.role for member in members.everybody(db, team.id)}


def test_an_invited_person_joins_with_the_invited_role_on_signing_in(
    as_user: AsUser, new_user: Callable[[str], User], team: Team
) -> None:
    """Upper case and blanks in the typed address do not matter, the last role counts, and it works once."""
    owner, newcomer = as_user(team.owner.key), new_user("newcomer")
    members.invite(owner, team.id, newcomer.email, "viewer")
    members.invite(owner, team.id, f"  {newcomer.email.upper()} ", "editor")
    assert [found.role for found in members.invitations(owner, team.id)] == ["editor"]
    db = as_user(newcomer.key)
    assert members.accept_invitations(db) == 1
    assert members.accept_invitations(db) == 0
    assert roles(db, team)[newcomer.id] == "editor"
    assert members.invitations(owner, team.id) == []
    with pytest.raises(BadInput, match="member already"):
        members.invite(owner, team.id, newcomer.email, "viewer")


def test_an_unconfirmed_address_joins_nothing(
    as_user: AsUser, new_user: Callable[[str], User], database: psycopg.Connection, team: Team
) -> None:
    """Else anybody who signs up with an invited person's address takes their place."""
    impostor = new_user("impostor")
    database.execute("update auth.users set email_confirmed_at = null where id = %s", [impostor.id])
    members.invite(as_user(team.owner.key), team.id, impostor.email, "owner")
    db = as_user(impostor.key)
    assert members.accept_invitations(db) == 0
    assert brands.all_visible(db) == []
    assert len(members.invitations(as_user(team.owner.key), team.id)) == 1


def test_an_address_in_the_key_counts_for_nothing(
    as_user: AsUser, new_user: Callable[[str], User], database: psycopg.Connection, team: Team
) -> None:
    """The address is read from the account: a key lives on after its owner has changed it."""
    member = new_user("moved")
    database.execute("update auth.users set email = %s where id = %s", [f"new-{member.email}", member.id])
    members.invite(as_user(team.owner.key), team.id, member.email, "viewer")
    assert members.accept_invitations(as_user(member.key)) == 0


@pytest.mark.parametrize("who", ["viewer", "editor", "foreign owner", "stranger"])
def test_only_owners_manage_people(as_user: AsUser, world: World, team: Team, who: str) -> None:
    invitation = members.invite(as_user(team.owner.key), team.id, "somebody@example.com", "viewer")
    people = {"viewer": team.viewer, "editor": team.editor, "foreign owner": world.b.owner, "stranger": world.stranger}
    db = as_user(people[who].key)
    for change in (
        lambda: members.invite(db, team.id, "friend@example.com", "owner"),
        lambda: members.set_role(db, team.id, people[who].id, "owner"),
        lambda: members.set_role(db, team.id, team.owner.id, "viewer"),
        lambda: members.remove(db, team.id, team.owner.id),
    ):
        with pytest.raises(Refused, match="Only an owner"):
            change()
    assert not members.withdraw(db, invitation)
    assert members.invitations(db, team.id) == []
    assert len(members.invitations(as_user(team.owner.key), team.id)) == 1
    assert len(roles(as_user(team.owner.key), team)) == 3
    assert bool(members.everybody(db, team.id)) == (who in ("viewer", "editor"))


def test_the_last_owner_stays_owner(as_user: AsUser, team: Team) -> None:
    db = as_user(team.owner.key)
    with pytest.raises(BadInput, match="at least one owner"):
        members.set_role(db, team.id, team.owner.id, "editor")
    with pytest.raises(BadInput, match="at least one owner"):
        members.remove(db, team.id, team.owner.id)
    assert members.set_role(db, team.id, team.editor.id, "owner")
    assert members.remove(db, team.id, team.owner.id)
    assert roles(as_user(team.editor.key), team) == {team.editor.id: "owner", team.viewer.id: "viewer"}


def test_two_owners_cannot_dismiss_each_other_at_once(as_user: AsUser, team: Team) -> None:
    """Somebody stays who can let people in again."""
    members.set_role(as_user(team.owner.key), team.id, team.editor.id, "owner")
    pairs = [(team.owner, team.editor), (team.editor, team.owner)]

    def dismiss(pair: tuple[User, User]) -> bool:
        try:
            return members.remove(as_user(pair[0].key), team.id, pair[1].id)
        except (Refused, BadInput):
            return False

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(dismiss, pairs)) == [False, True]
    assert "owner" in roles(as_user(team.viewer.key), team).values()


def test_a_removed_member_sees_nothing_at_once(as_user: AsUser, api: Api, team: Team) -> None:
    """With the very key that worked a moment ago."""
    db = as_user(team.viewer.key)
    assert [brand.name for brand in brands.all_visible(db)] == ["Brand"]
    assert members.remove(as_user(team.owner.key), team.id, team.viewer.id)
    assert brands.all_visible(db) == []
    assert members.everybody(db, team.id) == []
    assert members.organizations(db, team.viewer.id) == []
    for table in ("organizations", "memberships", "brands"):
        assert api.send(team.viewer.key, "GET", table).json() == []


@pytest.mark.parametrize(
    ("email", "role"), [("nobody", "viewer"), ("a b@example.com", "viewer"), ("", "viewer"), ("a@example.com", "admin")]
)
def test_a_mistyped_invitation_is_said(as_user: AsUser, team: Team, email: str, role: str) -> None:
    with pytest.raises(BadInput, match=r"e-mail address|A role is"):
        members.invite(as_user(team.owner.key), team.id, email, role)

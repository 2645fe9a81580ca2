"""Members: who works here, and as what?"""

from __future__ import annotations

import streamlit as st

from viraltracker import clock
from viraltracker.errors import ViralTrackerError
from viraltracker.store import members
from viraltracker.store.members import Invitation, Member, Organization
from viraltracker.web import cards, guard, words

viewer = guard.require_user()

MAY = {
    "owner": "Owner: everything, and people",
    "editor": "Editor: writes and runs jobs",
    "viewer": "Viewer: reads",
}
COLUMNS = [5, 3, 2, 2]


def pick_organization() -> Organization:
    """The one in the address, else the first; another organisation's id means nothing."""
    found = members.organizations(viewer.db, viewer.user_id)
    if len(found) == 1:
        return found[0]
    ids = [organization.id for organization in found]
    names = {organization.id: organization.name for organization in found}
    wanted = st.query_params.get("organization")
    chosen = st.selectbox(
        "Organisation", ids, index=ids.index(wanted) if wanted in names else 0, format_func=lambda one: names[one]
    )
    st.query_params["organization"] = chosen
    return next(organization for organization in found if organization.id == chosen)


def change_role(organization: Organization, member: Member, key: str) -> None:
    """Runs when another role was picked; one that is refused goes back to what it was."""
    try:
        members.set_role(viewer.db, organization.id, member.user_id, st.session_state[key])
    except ViralTrackerError as error:
        st.session_state["members-problem"] = error.message
        st.session_state[key] = member.role
    else:
        st.session_state["members-done"] = f"{member.email} is now {st.session_state[key]}."


@st.dialog("Remove this member?")
def confirm_removal(organization: Organization, member: Member) -> None:
    """Asks first: what the person sees ends at once."""
    leaving = member.user_id == viewer.user_id
    st.markdown(
        f"You lose access to **{words.literal(organization.name)}** at once; an owner can invite you again."
        if leaving
        else f"**{words.literal(member.email)}** loses access to **{words.literal(organization.name)}** at once. "
        "What they made stays."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep"):
            st.rerun()
        if st.button("Leave" if leaving else "Remove", type="primary", icon=":material/person_remove:"):
            try:
                members.remove(viewer.db, organization.id, member.user_id)
            except ViralTrackerError as error:
                st.session_state["members-problem"] = error.message
            else:
                st.session_state["members-done"] = f"{member.email} was removed."
            st.rerun()


def draw_member(organization: Organization, member: Member, *, manages: bool, only_owner: bool) -> None:
    """A line: who, as what, since when; for owners the role can be changed. The only owner stays one."""
    name, role, since, action = st.columns(COLUMNS, vertical_alignment="center")
    own = member.user_id == viewer.user_id
    name.text(member.email + (" · you" if own else ""))
    since.caption(words.ago(member.since, clock.now()))
    if manages and not only_owner:
        key = f"role-{organization.id}-{member.user_id}-{member.role}"
        role.selectbox(
            f"Role of {member.email}",
            members.ROLES,
            index=members.ROLES.index(member.role),
            key=key,
            label_visibility="collapsed",
            on_change=change_role,
            args=(organization, member, key),
        )
    else:
        role.markdown(member.role)
    if (
        (manages or own)
        and not only_owner
        and action.button(
            "Leave" if own else "Remove", key=f"remove-{member.user_id}", help="Asks before it does anything."
        )
    ):
        confirm_removal(organization, member)


def draw_invitation(invitation: Invitation) -> None:
    """An address that may join, and taking that back."""
    name, role, since, action = st.columns(COLUMNS, vertical_alignment="center")
    name.text(invitation.email)
    role.markdown(invitation.role)
    since.caption(words.ago(invitation.created_at, clock.now()))
    if action.button("Withdraw", key=f"withdraw-{invitation.id}"):
        members.withdraw(viewer.db, invitation.id)
        st.session_state["members-done"] = f"The invitation of {invitation.email} was withdrawn."
        st.rerun()


def draw_invite(organization: Organization) -> None:
    """The address and the role of somebody new."""
    with st.form("invite", clear_on_submit=True, border=True):
        email, role, send = st.columns([5, 4, 2], vertical_alignment="bottom")
        address = email.text_input("E-mail", max_chars=254, placeholder="name@company.com")
        chosen = role.selectbox("Role", members.ROLES, index=2, format_func=lambda one: MAY[one])
        sent = send.form_submit_button("Invite", type="primary", width="stretch")
    if sent:
        try:
            members.invite(viewer.db, organization.id, address, chosen)
        except ViralTrackerError as error:
            st.session_state["members-problem"] = error.message
        else:
            st.session_state["members-done"] = (
                f"{address.strip().lower()} may join. Tell them to open this app and choose “Invited? Join here”."
            )
        st.rerun()


cards.title("Members", "Who works here, and as what?")
if problem := st.session_state.pop("members-problem", None):
    st.error(words.literal(problem), icon=":material/error:")
if done := st.session_state.pop("members-done", None):
    st.success(words.literal(done), icon=":material/check:")

if viewer.embedded:
    cards.lead(
        "This installation runs on your own machine and has one owner: you. Members come with hosted Supabase, where "
        "everybody signs in with an account of their own."
    )
    st.stop()

here = pick_organization()
owner = here.role == "owner"
cards.section(here.name)
people = members.everybody(viewer.db, here.id)
owners = sum(person.role == "owner" for person in people)
for person in people:
    draw_member(here, person, manages=owner, only_owner=person.role == "owner" and owners == 1)
if owner:
    waiting = members.invitations(viewer.db, here.id)
    if waiting:
        cards.section("Invited")
        for open_invitation in waiting:
            draw_invitation(open_invitation)
    cards.section("Invite somebody")
    draw_invite(here)
else:
    cards.lead("Owners invite people and change roles.")

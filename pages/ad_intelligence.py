"""Ad Intelligence: talk to the account. What happened, why, and what now."""

from __future__ import annotations

import streamlit as st

from viraltracker import clock
from viraltracker.chat import sessions
from viraltracker.chat.answer import Person
from viraltracker.chat.sessions import Message, Session
from viraltracker.errors import NotFound
from viraltracker.jobs import registry
from viraltracker.store import chats
from viraltracker.store.brands import Brand
from viraltracker.web import (
    answers,
    blocks,
    cards,
    guard,
    notices,
    overview,
    places,
    report_button,
    states,
    times,
    words,
)
from viraltracker.web.pictures import Pictures

viewer = guard.require_user()
person = Person(viewer.db, viewer.brands, viewer.may_write, registry.standard(), times.viewer_zone())

LISTED = 15
# Questions drawn at once; earlier ones on demand.
SHOWN = 8
OPENERS = ("Analyze the account", "What should I do?", "Which ads are winning?", "How much did we spend last week?")


def say(line: str) -> None:
    """Asks with the next drawing of the page, as if the person had typed it."""
    st.session_state["chat-line"] = line


def open_chat(session_id: str | None, brand_id: str | None = None) -> None:
    """Goes to a session, or to a new one."""
    if brand_id is not None:
        st.query_params["brand"] = brand_id
    if session_id is not None:
        st.query_params["chat"] = session_id
    else:
        st.query_params.pop("chat", None)


def delete_chat(session_id: str) -> None:
    """Deletes a session, and leaves it when it is the one that is open."""
    chats.delete(viewer.db, session_id)
    if st.query_params.get("chat") == session_id:
        open_chat(None)


def opened() -> Session | None:
    """The session in the address; an address of somebody else's opens a new one."""
    wanted = st.query_params.get("chat")
    if wanted is None:
        return None
    try:
        return sessions.read(person, wanted)
    except NotFound:
        open_chat(None)
        return None


def pick_brand(session: Session | None) -> Brand:
    """The brand that is talked about; another one is another chat."""
    names = {brand.id: brand.name for brand in viewer.brands}
    wanted = session.row["brand_id"] if session else st.query_params.get("brand")
    now = wanted if wanted in names else viewer.brands[0].id
    ids = list(names)
    chosen = st.selectbox(
        "Brand", ids, index=ids.index(now), format_func=lambda found: names[found], key=f"brand-{now}", width=320
    )
    if chosen != now:
        open_chat(None, chosen)
        st.rerun()
    st.query_params["brand"] = now
    return next(brand for brand in viewer.brands if brand.id == now)


def draw_list(session: Session | None) -> None:
    """The person's chats, newest first."""
    names = {brand.id: brand.name for brand in viewer.brands}
    with st.sidebar:
        st.button("New chat", icon=":material/edit_square:", width="stretch", on_click=open_chat, args=(None,))
        for row in chats.sessions(viewer.db)[:LISTED]:
            left, right = st.columns([5, 1], gap=None, vertical_alignment="center")
            left.button(
                words.literal(row["title"] or "Untitled"),
                key=f"open-{row['id']}",
                type="secondary" if session and session.id == row["id"] else "tertiary",
                help=words.literal(names.get(row["brand_id"], "")),
                on_click=open_chat,
                args=(row["id"], row["brand_id"]),
            )
            with right.popover("", type="tertiary", icon=":material/more_vert:"):
                st.button(
                    "Delete this chat",
                    key=f"delete-{row['id']}",
                    icon=":material/delete:",
                    on_click=delete_chat,
                    args=(row["id"],),
                )


def draw_exchanges(session: Session) -> None:
    """The newest question first, so that an answer is read from its first line without scrolling."""
    found = session.exchanges()[::-1]
    every = len(found) <= SHOWN or st.session_state.get(f"all-{session.id}", False)
    last = session.messages[-1]
    for place, exchange in enumerate(found if every else found[:SHOWN]):
        for message in exchange:
            if message.envelope.get("job") and message is not exchange[-1]:
                continue  # the answer that was waited for stands in its place
            draw_message(session, message, newest=message is last or (place == 0 and message is exchange[-1]))
    if not every:
        st.button("Show earlier questions", on_click=st.session_state.update, args=({f"all-{session.id}": True},))


def draw_message(session: Session, message: Message, *, newest: bool) -> None:
    """One message, and under the newest answer the ways on."""
    if message.role == "user":
        with st.chat_message("user", avatar=":material/person:"):
            answers.line(message.text)
        return
    with st.chat_message("assistant", avatar=":material/query_stats:"):
        answers.answer(message, Pictures(viewer.db, session.row["brand_id"]), newest=newest)
        job = message.envelope.get("job")
        if job and message in session.waiting():
            answers.progress(viewer.db, job["run_id"], job["label"])
        elif newest:
            draw_ways_on(session, message)


def draw_ways_on(session: Session, message: Message) -> None:
    """Yes and no where a change waits for one, else what to ask next."""
    if message is session.to_confirm():
        with st.container(horizontal=True):
            st.button(message.envelope["confirm"]["label"], type="primary", on_click=say, args=("Yes",))
            st.button("No, leave it", on_click=say, args=("No",))
        return
    source = answers.source(message)
    of = next((brand for brand in viewer.brands if brand.id == session.row["brand_id"]), None)
    if source is not None and of is not None:
        report_button.draw(viewer.db, of, source["analysis"], (source["from"], source["to"]))
    suggestions = message.envelope.get("suggestions") or []
    draw_suggestions([(choice["label"], choice["line"]) for choice in suggestions], message.key)


def draw_suggestions(found: list[tuple[str, str]], key: str = "opening") -> None:
    """Buttons that ask."""
    with st.container(horizontal=True, key=f"suggestions-{key}"):
        for place, (label, line) in enumerate(found):
            st.button(words.literal(label), key=f"suggest-{key}-{place}", on_click=say, args=(line,))


def draw_opening(brand: Brand) -> None:
    """A chat that has not begun: what to ask, and the newest analysis there is."""
    now = clock.now()
    state = overview.read(viewer.db, [brand], now, today=times.viewer_day(now))[0]
    if not state.has_data:
        states.empty("No numbers yet", "Sync an ad account or import a report first.", icon=":material/query_stats:")
        st.page_link(places.data(), label="Go to Data", icon=":material/database:")
        return
    notices.draw(state.accounts, state.alerts)
    cards.lead("Ask in your own words, or begin with one of these. /help lists everything.")
    draw_suggestions([(line, line) for line in OPENERS])
    if state.analysis is not None:
        cards.section("The newest analysis")
        cards.freshness(overview.freshness(state, now))
        days = state.analysis["summary"]["window"]
        report_button.draw(viewer.db, brand, state.analysis["id"], (days["from"], days["to"]))
        blocks.draw(state.analysis["blocks"], state.analysis["summary"], Pictures(viewer.db, brand.id))


cards.title("Ad Intelligence", "What happened, why, and what now?")
st.html(answers.STYLE)
if not viewer.brands:
    states.empty("No brand yet", "Load the demo or import a report first.", icon=":material/query_stats:")
    st.page_link(places.home(), label="Go to Home", icon=":material/home:")
    st.stop()

session = opened()
brand = pick_brand(session)
with st.container():
    typed = st.chat_input("Ask about the account, for example: what should I do?")
line = st.session_state.pop("chat-line", None) or typed
if line:
    open_chat(sessions.ask(person, session, brand, line, clock.now()))
    session = opened()
    if session is not None and session.row["brand_id"] != brand.id:
        st.rerun()
if session is not None and session.waiting() and sessions.report(person, session, clock.now()):
    session = opened()

draw_list(session)
if session is None:
    draw_opening(brand)
else:
    draw_exchanges(session)

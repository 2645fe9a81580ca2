"""Threshold lab: what would a rule have told me, and was it right?"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

import viraltracker.web as parts
from viraltracker import clock
from viraltracker.analysis import replay
from viraltracker.analysis.replay import Days, Place
from viraltracker.intelligence import replay_rules
from viraltracker.intelligence.replay_rules import Rule
from viraltracker.store.brands import Brand
from viraltracker.web import brand_picker, cards, guard, lab_compared, lab_replays, lab_view, places, states, words

viewer = guard.require_user()


def pick_rule() -> Rule:
    """The rule in the address, else the first."""
    wanted = st.query_params.get("rule", "")
    ids = list(lab_view.NAMES)
    now = wanted if wanted in ids else ids[0]
    chosen = st.selectbox(
        "Rule", ids, index=ids.index(now), format_func=lab_view.NAMES.__getitem__, key=f"rule-{now}", width=420
    )
    st.query_params["rule"] = chosen
    if chosen != now:
        st.rerun()
    return replay_rules.named(chosen)


def draw_replay(brand: Brand, place: Place, days: Days, rule: Rule) -> None:
    """The rule with the thresholds on the sliders, beside those in use and another rule with the same claim."""
    past = days.history
    currency = past.account.context.currency
    st.html(f'<p class="vt-note">{words.html(rule.says)}</p>')
    given = lab_view.thresholds(rule, past.account.target.value, currency)
    st.button(
        "Back to the thresholds in use", type="tertiary", icon=":material/undo:", on_click=lab_view.reset, args=(rule,)
    )
    found = lab_replays.of(place, days, rule, given)
    if found.reason is not None:
        states.empty("Not to be replayed", words.literal(found.reason), icon=":material/history_toggle_off:")
        return
    lab_view.draw_result(found, currency)
    if found.raised:
        st.html(lab_view.timeline(found.weeks, rule.kind))
    cards.section("Side by side")
    columns = lab_replays.beside(place, days, found)
    st.html(lab_view.comparison(columns, currency))
    (_, usual), (name, other) = columns[-2:]
    if told := lab_compared.said(name, other, usual, currency):
        st.html(f'<p class="vt-note">{words.html(told)}</p>')
    if found.raised:
        cards.section("The alarms, and what followed")
        st.html(lab_view.alarms(found, brand.id if place.source.kind == "api" else None, currency))
    with st.expander("How to read this", icon=":material/info:"):
        st.html("<ul>" + "".join(f"<li>{words.html(note)}</li>" for note in lab_view.notes(days, found)) + "</ul>")


cards.title("Threshold lab", "What would a rule have told me, and was it right?")
st.html(Path(parts.__path__[0]) / "lab.css")
if not viewer.brands:
    states.empty("No brand yet", "Load the demo or import a report first.", icon=":material/science:")
    st.page_link(places.home(), label="Go to Home", icon=":material/home:")
    st.stop()
with st.container(horizontal=True, vertical_alignment="bottom"):
    brand = brand_picker.pick(viewer)
    rule = pick_rule()
place = replay.find(viewer.db, brand.id, clock.now())
with st.spinner("Reading the days …"):
    days = lab_replays.days(viewer.db, place)
if days is None:
    states.empty(
        "No days to replay", words.literal(place.reason or "No full day is stored yet."), icon=":material/science:"
    )
    st.page_link(places.data(), label="Open Data", icon=":material/database:", query_params={"brand": brand.id})
    st.stop()
window = days.history.account.context.window
ads = words.counted(len(days.history.account.ads), "ad")
cards.freshness(
    [
        (words.window(str(window.date_from), str(window.date_to)), ""),
        (words.counted(window.days, "day"), ""),
        (
            f"{ads} of {days.ads_in_all:,}, those with the highest spend" if days.ads_in_all > replay.MOST_ADS else ads,
            "",
        ),
        ("nothing is stored or changed here", ""),
    ]
)
draw_replay(brand, place, days, rule)

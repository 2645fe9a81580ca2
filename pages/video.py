"""Video: why does this video hold or lose people?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import streamlit as st

import viraltracker.web as parts
from viraltracker import clock
from viraltracker.intelligence import windows
from viraltracker.store import readings
from viraltracker.store.brands import Brand
from viraltracker.web import brand_picker, cards, guard, places, states, times, video_list, video_view, words

viewer = guard.require_user()

DEFAULT_DAYS = 30


def go(video_id: str | None) -> None:
    """One video, or the list, with an address of its own; before the page is drawn, so that the other one is not."""
    if video_id is None:
        st.query_params.pop("video", None)
    else:
        st.query_params["video"] = video_id


def pick_days() -> int:
    """How many days the numbers are of."""
    chosen = st.segmented_control(
        "Days", video_list.DAYS, default=DEFAULT_DAYS, format_func=lambda days: f"{days} days", key="video-days"
    )
    return chosen or DEFAULT_DAYS


def draw_list(brand: Brand, window: windows.Window) -> None:
    """All videos, narrowed by the filters."""
    videos = readings.videos(viewer.db, brand.id, since=window.date_from, until=window.date_to)
    if not videos:
        states.empty(
            "No video yet",
            "None of the ads that were synced shows a video. A sync of the account finds new ones.",
            icon=":material/movie:",
        )
        return
    watched = sum(map(video_list.is_analysed, videos))
    said = f"{len(videos):,} {'video' if len(videos) == 1 else 'videos'}, {watched:,} analysed"
    cards.freshness([(words.window(str(window.date_from), str(window.date_to)), ""), (said, "")])
    video_list.draw(video_list.draw_filters(videos), show=go)


def draw_video(brand: Brand, window: windows.Window, video_id: str) -> None:
    """One video; an id that is not of this brand shows nothing."""
    st.button("All videos", type="tertiary", icon=":material/arrow_back:", key="back", on_click=go, args=(None,))
    found = readings.of_video(viewer.db, brand.id, video_id, since=window.date_from, until=window.date_to)
    if found is None:
        states.empty("No such video", "It is gone, or it is not yours to see.", icon=":material/search_off:")
        return
    video, analysis, now = found["video"], found["analysis"], clock.now()
    ads = f"in {video['ads']:,} {'ad' if video['ads'] == 1 else 'ads'}"
    name = video["name"] or video["headline"] or video["id"]
    cards.brand(name, [(words.window(str(window.date_from), str(window.date_to)), ""), (ads, "")])
    video_view.draw_numbers(video)
    player, curve = st.columns([1, 2.6], gap="medium")
    with player:
        video_view.draw_player(video, viewer.db)
    with curve:
        video_view.draw_curve(video, analysis)
    cards.section("What it says")
    if analysis is not None:
        video_view.draw_analysis(analysis, times.viewer_zone(), now)
    else:
        title, text = video_view.why_unanalysed(found)
        states.empty(title, words.literal(text), icon=":material/visibility_off:")
        st.page_link(places.ad_scheduler(), label="Open Ad Scheduler", icon=":material/event_repeat:")
    cards.section("Ad and landing page")
    video_view.draw_congruence(found["ads"], brand.id)
    cards.section("Ads that use it")
    st.html(video_view.ads_html(found["ads"], brand.id))


cards.title("Video", "Why does this video hold or lose people?")
st.html(Path(parts.__path__[0]) / "video.css")
if not viewer.brands:
    states.empty("No brand yet", "Load the demo or connect an ad account first.", icon=":material/movie:")
    st.page_link(places.home(), label="Go to Home", icon=":material/home:")
    st.stop()
with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
    brand = brand_picker.pick(viewer, changed=video_list.PAGES.first)
    days = pick_days()
last_day = readings.last_full_day(viewer.db, brand.id)
if last_day is None:
    states.empty(
        "No videos yet",
        "Videos come with a connected ad account; an imported report has none. Connect the account on the Data page.",
        icon=":material/movie:",
    )
    st.page_link(places.data(), label="Open Data", icon=":material/database:", query_params={"brand": brand.id})
    st.stop()
# The last day is full already, whatever day it is there by now.
window = windows.default_window(days, last_day, last_day + timedelta(days=1))
if "video" in st.query_params:
    draw_video(brand, window, st.query_params["video"])
else:
    draw_list(brand, window)

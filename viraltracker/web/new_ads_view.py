"""The ads that a run made: large enough to judge, with what was checked, and a person's word on each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import streamlit as st

from viraltracker.errors import NotFound, ViralTrackerError
from viraltracker.store import creations
from viraltracker.web import deliveries_view, made_for, pictures, provenance, revision_view, states, times, words
from viraltracker.web.ad_view import Place
from viraltracker.web.deliveries_view import Sending
from viraltracker.web.revision_view import Desk

Json = dict[str, Any]

STATUSES: Final[Mapping[str, tuple[str, str]]] = {
    "approved": ("Approved", "good"),
    "needs_person": ("Wants a look", "warn"),
    "rejected": ("Rejected", "bad"),
    "drafted": ("Being made", ""),
}
CHECKS: Final[Mapping[str, str]] = {
    "claims": "Claims",
    "invented_price": "Invented price",
    "invented_offer": "Invented offer",
    "banned_claim": "Banned claim",
    "expired_offer": "Offer that ended",
    "foreign_brand": "Other brands",
    "unsupported_claim": "Unsupported claim",
    "drawn": "Drawing",
    "format": "File",
    "weight": "Weight",
    "size": "Size",
    "not_blank": "Not blank",
    "contrast": "Contrast",
    "legibility": "Legibility",
    "text_inside": "Words inside",
    "safe_zone": "Safe zone",
    "near_template": "Not a copy",
    "near_sibling": "Unlike the others",
    "same_words": "Other words",
    "length": "Length",
    "no_picture": "No picture",
    "scene_blocked": "Blocked by the model",
    "scene_size": "Size of the scene",
    "scene_words": "Words in the scene",
    "product_true": "The product as it is",
}
SCORES: Final[Mapping[str, str]] = {
    "product_true": "product as it is",
    "composition": "composition",
    "legibility": "legibility",
    "on_brand": "on brand",
    "claims_honest": "honest claims",
}
"""What reviewers score from 1 to 5."""
LARGE_PX: Final = 720
SAID: Final = "new-ads-said"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOST_RUNS: Final = 100_000
"""More than anybody makes of one brand."""


def read(at: Place, run_id: str | None) -> Json:
    """The brand's newest runs, and the ads of one of them (see `creations.gallery`), which may be an older one.

    `asked` of a run is what it was made for.

    A link in a mail or in Slack leads to its run for as long as that is there, however many came after it.
    """
    if run_id is not None and not _UUID.fullmatch(run_id):
        return creations.gallery(at.db, at.brand_id) | {"run": run_id, "ads": []}
    found = creations.gallery(at.db, at.brand_id, run_id)
    if run_id is not None and not any(run["id"] == run_id for run in found["runs"]):
        every = creations.gallery(at.db, at.brand_id, run_id, runs=MOST_RUNS)["runs"]
        found["runs"] = [*found["runs"], *(run for run in every if run["id"] == run_id)]
    if any(run["id"] == found["run"] for run in found["runs"]):
        asked = {run["run"]: run for run in creations.origins(at.db, at.brand_id)}
        found["runs"] = [run | {"asked": asked.get(run["id"])} for run in found["runs"]]
    return found


def draw(at: Place, found: Json, desk: Desk, sending: Sending | None = None) -> None:
    """The run that is shown, its ads, where they went, and the way to another run."""
    if (said := st.session_state.pop(SAID, None)) is not None:
        st.error(words.literal(said), icon=":material/error:")
    runs = {run["id"]: run for run in found["runs"]}
    run = runs.get(found["run"])
    if run is None:
        states.empty("No such run", "It is gone, or it is not yours to see.", icon=":material/search_off:")
        return
    _pick_run(at, runs, run)
    _draw_run(at, run)
    deliveries_view.draw(at, run, found["ads"], sending)
    if said := packed_before(run, found["ads"]):
        st.html(f'<p class="vt-more">{words.html(said)}</p>')
    if not found["ads"]:
        return
    size = st.segmented_control(
        "Size",
        run["sizes"],
        default=run["sizes"][0],
        required=True,
        format_func=lambda each: each.replace("x", " × "),
        label_visibility="collapsed",
        key=f"new-ads-size-{run['id']}",
    )
    _draw_ads(at, desk, found["ads"], size or run["sizes"][0])


def packed_before(run: Json, ads: Sequence[Json]) -> str | None:
    """That a zip holds an earlier version of some ads, None where it does not."""
    packed = max((times.parsed(each.get("packed_at") or run["finished_at"]) for each in run["exports"]), default=None)
    later = sum(1 for ad in ads if packed and ad["revised_at"] and times.parsed(ad["revised_at"]) > packed)
    return (
        f"{words.counted(later, 'ad')} changed after the run's ads were packed: the zip has the version before."
        if later
        else None
    )


def _pick_run(at: Place, runs: Mapping[str, Json], run: Json) -> None:
    if len(runs) < 2:
        return
    chosen = st.selectbox(
        "Run",
        list(runs),
        index=list(runs).index(run["id"]),
        format_func=lambda each: f"{runs[each]['product']} · {times.local(runs[each]['started_at'], at.zone, at.now)}",
        key=f"new-ads-run-{run['id']}",
    )
    if chosen != run["id"]:
        st.query_params.from_dict({"brand": at.brand_id, "run": chosen})
        st.rerun()


def _draw_run(at: Place, run: Json) -> None:
    counts = " · ".join(
        f"{run['counts'][status]} {label.lower()}" for status, (label, _) in STATUSES.items() if status in run["counts"]
    )
    if asked := run.get("asked"):
        st.html(f'<p class="vt-lead">{made_for.line(asked, at.brand_id)}</p>')
    moment = times.span(run["started_at"], at.zone, at.now)
    st.html(
        f'<p class="vt-run" role="status"><b>{words.html(run["product"])}</b> · {words.html(counts or "no ad")} '
        f"{moment}</p>"
    )
    if run["reason"]:
        show = st.error if run["status"] == "failed" else st.warning
        show(words.literal(run["reason"]), icon=":material/report:")


def _draw_ads(at: Place, desk: Desk, ads: Sequence[Json], size: str) -> None:
    keys = {ad["id"]: image["storage_key"] for ad in ads for image in ad["images"] if image["size"] == size}
    beside = {ad["template"]["storage_key"] for ad in ads if ad["template"]}
    shown = _pictures(at, [*keys.values(), *beside])
    for ad in ads:
        with st.container(border=True, key=f"new-ad-{ad['id']}"):
            left, right = st.columns([5, 6])
            with left:
                _draw_picture(ad, shown.get(keys.get(ad["id"], "")))
            with right:
                _draw_ad(at, ad, shown)
                revision_view.draw(at, desk, ad)


def _pictures(at: Place, storage_keys: Sequence[str]) -> Mapping[str, str]:
    try:
        return pictures.by_key(at.db, storage_keys, LARGE_PX)
    except (NotFound, ViralTrackerError):
        return {}  # the words are worth showing without


def _draw_picture(ad: Json, picture: str | None) -> None:
    image = f'<img src="{words.html(picture)}" alt="{words.html(ad["copy"]["headline"])}">' if picture else ""
    missing = "" if picture else "<i>There is no picture in this size</i>"
    label = next((image["label"] for image in ad["images"]), "")
    st.html(f'<figure class="vt-made">{image}{missing}<figcaption>{words.html(label)}</figcaption></figure>')


def _draw_ad(at: Place, ad: Json, shown: Mapping[str, str]) -> None:
    status, tone = STATUSES[ad["status"]]
    copy = ad["copy"]
    rows = [
        ("Headline", copy["headline"]),
        ("Text", copy["primary_text"]),
        ("Button", copy["button"]),
        ("For", provenance.label(ad["awareness"])),
        *([("Angle", provenance.label(ad["angle"]))] if ad["angle"] else []),
        ("Name at Meta", f"… {ad['token']}"),
        *([("Cost", f"USD {float(ad['cost_usd']):.2f} for models, words by {ad['writer']}")] if ad["cost_usd"] else []),
    ]
    facts = "".join(f"<dt>{name}</dt><dd>{words.html(value)}</dd>" for name, value in rows)
    runs_as = f" · runs as {words.counted(len(ad['ran_as']), 'ad')}" if ad["ran_as"] else ""
    decided = " by a person" if ad["decided_how"] == "person" else ""
    st.html(
        f'<p><span class="vt-tag {tone}">{status}{decided}</span> <small class="vt-more">Variation {ad["variation"]}'
        f'{runs_as}</small></p><dl class="vt-facts">{facts}</dl>'
    )
    if ad["note"]:
        st.html(f'<p class="vt-more">“{words.html(ad["note"])}”</p>')
    if at.may_write and ad["status"] != "drafted":
        _draw_ways(at, ad)
    failed = [finding for finding in ad["findings"] if not finding["passed"]]
    for finding in failed:
        st.html(f'<ul class="vt-flags"><li>{_check(finding)}</li></ul>')
    with st.expander(f"{words.counted(len(ad['findings']), 'check')}, {len(failed)} failed"):
        lines = "".join(
            f"<tr><td>{'✓' if finding['passed'] else '✗'}</td><td class='wrap'>{_check(finding)}</td></tr>"
            for finding in ad["findings"]
        )
        st.html(f'<table class="vt-table" aria-label="Checks">{lines}</table>')
    if ad["template"]:
        with st.expander(f"After the template “{ad['template']['name']}”"):
            picture = shown.get(ad["template"]["storage_key"])
            st.html(f'<figure class="vt-made"><img src="{words.html(picture)}" alt=""></figure>' if picture else "–")


def _draw_ways(at: Place, ad: Json) -> None:
    with st.container(horizontal=True, key=f"new-ad-ways-{ad['id']}"):
        for decision, label, icon, now in (
            ("approve", "Approve", ":material/check:", "approved"),
            ("reject", "Reject", ":material/close:", "rejected"),
        ):
            st.button(
                label,
                icon=icon,
                disabled=ad["status"] == now,
                key=f"new-ad-{decision}-{ad['id']}",
                on_click=_decide,
                args=(at, ad, decision),
            )


def _decide(at: Place, ad: Json, decision: str) -> None:
    word = {"id": ad["id"], "decision": decision, "revision": ad["revision"]}
    try:
        if not creations.decide(at.db, at.brand_id, [word]):
            st.session_state[SAID] = "The ad was changed meanwhile; look at its new version first."
    except ViralTrackerError as error:
        st.session_state[SAID] = error.message


def _check(finding: Json) -> str:
    size = f" ({finding['size'].replace('x', ' × ')})" if finding.get("size") else ""
    name = CHECKS.get(finding["check"], finding["check"].replace("_", " "))
    if finding["check"] == "review":
        name = f"Review by {finding['by']}"
        scores = (
            ", ".join(f"{label} {finding['scores'][score]}" for score, label in SCORES.items())
            if finding.get("scores")
            else ""
        )
        return f"<b>{words.html(name)}</b>: {words.html(finding['sentence'])} <small>{words.html(scores)}</small>"
    return f"<b>{words.html(name)}{size}</b>: {words.html(finding['sentence'])}"


def freshness(found: Json, now: datetime) -> list[tuple[str, str]]:
    """When the newest run began, for the line under the title."""
    if not found["runs"]:
        return []
    newest = found["runs"][0]
    return [(f"Newest run {words.ago(newest['started_at'], now)}", words.when(newest["started_at"]))]

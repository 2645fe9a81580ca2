"""What new ads are to be made of: the few questions that matter, and everything else behind a schedule's form."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import streamlit as st

from viraltracker.creation.products import Product, problems
from viraltracker.errors import ViralTrackerError
from viraltracker.store.brands import Brand
from viraltracker.web import job_editor, provenance, states, words, work
from viraltracker.web.guard import Viewer

Json = dict[str, Any]

FORM: Final = "new-ads-form"
SCHEDULING: Final = "new-ads-scheduling"
SIZES: Final = {
    "square": "1080 × 1080",
    "portrait": "1080 × 1350",
    "story": "1080 × 1920",
    "wide": "1200 × 628",
}
STAGES: Final = ("mixed", "unaware", "problem_aware", "solution_aware", "product_aware", "most_aware")
MOST_VARIATIONS: Final = 15


def draw(
    viewer: Viewer, brand: Brand, kind: job_editor.FormKind, products: Sequence[Product], today: date
) -> str | None:
    """The questions; the id of the run once it was started. It says what a product lacks of which no ad can be made."""
    used = [product for product in products if product.archived_at is None]
    if not used:
        states.empty(
            "No product yet",
            "Ads say what a product's facts say: add a product with facts and a photo on Settings.",
            icon=":material/inventory_2:",
        )
        return None
    draft = st.session_state.setdefault(FORM, f"new-ads:{uuid.uuid4()}")
    left, right = st.columns(2)
    product = left.selectbox("Product", used, format_func=lambda each: each.name, key="new-ads-product")
    stage = right.selectbox(
        "For readers who are",
        STAGES,
        format_func=lambda each: "of every stage, in turn" if each == "mixed" else provenance.label(each),
        key="new-ads-stage",
    )
    wrong = False
    for problem in problems(product, today):
        wrong = wrong or problem.severity == "error"
        show = st.error if problem.severity == "error" else st.warning
        show(words.literal(problem.message), icon=":material/error:" if wrong else ":material/info:")
    left, right = st.columns([1, 2])
    count = left.number_input("Different ads", 1, MOST_VARIATIONS, 5, key="new-ads-count")
    sizes = right.pills(
        "Sizes",
        list(SIZES),
        selection_mode="multi",
        default=list(SIZES),
        format_func=lambda each: SIZES[each],
        key="new-ads-sizes",
    )
    if not sizes:
        st.warning("Choose at least one size.", icon=":material/aspect_ratio:")
    parameters = {"product": product.id, "stage": stage, "num_variations": int(count)} | {
        name: name in sizes for name in SIZES
    }
    with st.container(horizontal=True, key="new-ads-buttons"):
        asked = st.button(
            "Create ads", type="primary", icon=":material/auto_awesome:", disabled=wrong or not sizes, key="new-ads-run"
        )
        st.button(
            "More options, or a schedule",
            icon=":material/tune:",
            on_click=open_schedule,
            args=(brand, kind.name, f"Ads of {product.name}", parameters),
            key="new-ads-schedule",
        )
    if not asked:
        return None
    try:
        run_id = work.start(viewer, brand, kind, parameters, idempotency_key=draft)
    except ViralTrackerError as error:
        st.error(words.literal(error.message), icon=":material/error:")
        return None
    st.session_state.pop(FORM)
    return run_id


def open_schedule(brand: Brand, kind: str, name: str, parameters: Json) -> None:
    """Goes on in the form of a schedule, which begins with what was answered here."""
    job_editor.close()
    st.session_state[SCHEDULING] = {
        "brand_id": brand.id,
        "job_type": kind,
        "name": name[:200],
        "parameters": parameters,
        "timezone": "UTC",
        "cron_expression": None,
        "next_run_at": None,
    }


def draw_schedule(viewer: Viewer, kind: job_editor.FormKind) -> str | None:
    """That form; the schedule's id once it was sent, "" once it was left."""
    sent = job_editor.draw(viewer, {kind.name: kind}, None, like=st.session_state[SCHEDULING])
    if sent is not None:
        st.session_state.pop(SCHEDULING)
        job_editor.close()
    return sent

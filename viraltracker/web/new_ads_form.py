"""What new ads are to be made of: the few questions that matter, the others folded away, and the form of a schedule."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

import streamlit as st

from viraltracker.creation import briefs
from viraltracker.creation.briefs import Brief
from viraltracker.creation.products import Product, problems
from viraltracker.creatives import taxonomy
from viraltracker.errors import ViralTrackerError
from viraltracker.store.brands import Brand
from viraltracker.web import job_editor, new_ads_options, provenance, states, words, work
from viraltracker.web.guard import Viewer

Json = dict[str, Any]

FORM: Final = "new-ads-form"
SCHEDULING: Final = "new-ads-scheduling"
STAGES: Final = ("mixed", "unaware", "problem_aware", "solution_aware", "product_aware", "most_aware")
SOURCES: Final[Mapping[str, str]] = {
    "hooks": "the product's hooks and benefits",
    "angles": "one angle after the other",
    "recreate_template": "each template's own way",
    "brief": "a brief",
}
ANGLES: Final = ("", *(angle for angle in taxonomy.ANGLE if angle != taxonomy.UNCLEAR))
MOST_VARIATIONS: Final = 15


@dataclass(frozen=True)
class Studio:
    """Whose ads, of which products, by whom; `brief` is what the form begins with, None for an empty one.

    `keys` are the names of what is set up.
    """

    viewer: Viewer
    brand: Brand
    kind: job_editor.FormKind
    products: Sequence[Product]
    today: date
    brief: Brief | None = None
    keys: Collection[str] = ()

    @property
    def tag(self) -> str:
        """Ends the keys of answers that a brief fills in, so that another brief fills them in anew."""
        return "" if self.brief is None else f"-{uuid.uuid5(uuid.NAMESPACE_URL, self.brief.origin.text)}"


def draw(studio: Studio) -> str | None:
    """The questions; the id of the run once it was started. It says what a product lacks of which no ad can be made."""
    used = [product for product in studio.products if product.archived_at is None]
    if not used:
        states.empty(
            "No product yet",
            "Ads say what a product's facts say: add a product with facts and a photo on Settings.",
            icon=":material/inventory_2:",
        )
        return None
    draft = st.session_state.setdefault(FORM, f"new-ads:{uuid.uuid4()}")
    left, right = st.columns(2)
    product = left.selectbox(
        "Product",
        used,
        format_func=lambda each: each.name,
        help="Its facts, benefits and offers are all that an ad may claim.",
        key="new-ads-product",
    )
    stage, wrong = _ask_stage(studio, right), _say_problems(product, studio.today)
    left, right = st.columns(2)
    said = _ask_words(studio, left)
    count = right.number_input(
        "Different ads",
        1,
        MOST_VARIATIONS,
        5,
        help="Each has words and a look of its own, in every size.",
        key="new-ads-count",
    )
    if said["content_source"] == "brief":
        said["brief"] = _ask_brief(studio)
        wrong = wrong or not said["brief"]
    staged = studio.brief is not None and studio.brief.stage is not None
    more, fits = new_ads_options.draw(studio.viewer.db, studio.brand.id, keys=studio.keys, staged=staged)
    parameters = {"product": product.id, "stage": stage, "num_variations": int(count)} | said | more
    if studio.brief is not None:
        parameters["origin"] = studio.brief.origin.text
    if not _asked(studio, product, parameters, ready=fits and not wrong):
        return None
    try:
        run_id = work.start(studio.viewer, studio.brand, studio.kind, parameters, idempotency_key=draft)
    except ViralTrackerError as error:
        st.error(words.literal(error.message), icon=":material/error:")
        return None
    st.session_state.pop(FORM)
    return run_id


def _asked(studio: Studio, product: Product, parameters: Json, *, ready: bool) -> bool:
    with st.container(horizontal=True, key="new-ads-buttons"):
        asked = st.button(
            "Create ads", type="primary", icon=":material/auto_awesome:", disabled=not ready, key="new-ads-run"
        )
        st.button(
            "Make it a schedule",
            icon=":material/event_repeat:",
            on_click=open_schedule,
            args=(studio.brand, studio.kind.name, f"Ads of {product.name}", parameters),
            disabled=not ready,
            key="new-ads-schedule",
        )
    return asked


def _ask_stage(studio: Studio, at: Any) -> str:
    wanted = studio.brief.stage if studio.brief else None
    return str(
        at.selectbox(
            "For readers who are",
            STAGES,
            index=STAGES.index(wanted) if wanted else 0,
            format_func=lambda each: "of every stage, in turn" if each == "mixed" else provenance.label(each),
            help="How much the reader knows already; it decides what an ad opens with.",
            key=f"new-ads-stage{studio.tag}",
        )
    )


def _ask_words(studio: Studio, at: Any) -> Json:
    sources = list(SOURCES)
    source = at.selectbox(
        "Words from",
        sources,
        index=sources.index("brief") if studio.brief else 0,
        format_func=lambda each: SOURCES[each],
        help="Where the words come from; without a model that writes, they are the product's own sentences for the "
        "stage.",
        key=f"new-ads-source{studio.tag}",
    )
    said: Json = {"content_source": source}
    angle = studio.brief.angle if studio.brief else None
    if source in ("brief", "angles"):
        picked = st.selectbox(
            "Angle",
            ANGLES,
            index=ANGLES.index(angle) if angle in ANGLES else 0,
            format_func=lambda each: provenance.label(each) if each else "left open",
            help="The reason to buy that the ads lead with.",
            key=f"new-ads-angle{studio.tag}",
        )
        said["angle"] = picked or None
    return said


def _ask_brief(studio: Studio) -> str | None:
    typed = st.text_area(
        "Brief",
        studio.brief.text if studio.brief else "",
        height=220,
        max_chars=briefs.LONGEST,
        help="What the ads are to say, to whom, and why; change it as you like.",
        key=f"new-ads-brief{studio.tag}",
    ).strip()
    if not typed:
        st.warning("Write the brief, or take the words from elsewhere.", icon=":material/edit_note:")
    return typed or None


def _say_problems(product: Product, today: date) -> bool:
    """Says what the product lacks; whether no ad can be made of it."""
    wrong = False
    for problem in problems(product, today):
        wrong = wrong or problem.severity == "error"
        show = st.error if problem.severity == "error" else st.warning
        show(words.literal(problem.message), icon=":material/error:" if wrong else ":material/info:")
    return wrong


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
    sent = job_editor.draw(viewer, {kind.name: kind}, None, like=cast("Json", st.session_state[SCHEDULING]))
    if sent is not None:
        st.session_state.pop(SCHEDULING)
        job_editor.close()
    return sent

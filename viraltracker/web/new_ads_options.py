"""What most people leave as it is when they have ads made: templates, sizes, colours, where the ads lead and go."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import streamlit as st

from viraltracker import settings
from viraltracker.store.client import Database
from viraltracker.web import new_ads_templates

Json = dict[str, Any]

SIZES: Final = {
    "square": "1080 × 1080",
    "portrait": "1080 × 1350",
    "story": "1080 × 1920",
    "wide": "1200 × 628",
}
MODES: Final[Mapping[str, str]] = {
    "unused": "Choose for me, unused ones first",
    "specific": "Choose from the library",
    "uploaded": "My own picture",
    "none": "No template",
}
COLOURS: Final[Mapping[str, str]] = {
    "brand": "the product's own",
    "original": "the template's",
    "complementary": "what goes with both",
}
EXPORTS: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "zip": ("A zip with a manifest", frozenset()),
    "slack": ("A zip, sent to Slack", frozenset(settings.SLACK)),
    "email": ("A zip, sent by e-mail", frozenset({*settings.MAIL, "MAIL_TO"})),
    "all": ("A zip, sent to Slack and by e-mail", frozenset({*settings.SLACK, *settings.MAIL, "MAIL_TO"})),
    "none": ("Nowhere, I only look", frozenset()),
}
"""Each with the names of what has to be set for it."""
RESOLUTIONS: Final = ("1K", "2K", "4K")
PAINTER: Final = "GEMINI_API_KEY"
"""Of the models that draw."""
MOST_TEMPLATES: Final = 15


def draw(db: Database, brand_id: str, *, keys: Collection[str], staged: bool) -> tuple[Json, bool]:
    """The answers, as parameters of `ad_creation`, and whether ads can be made with them.

    `keys` are the names of what is set up; `staged`: a brief asks for one stage, which templates of other stages would
    lead away from.
    """
    with st.expander("Templates, sizes and more", icon=":material/tune:", key="new-ads-more"):
        answers, fits = _ask_templates(db, brand_id, "none" if staged else "unused")
        sizes = st.pills(
            "Sizes",
            list(SIZES),
            selection_mode="multi",
            default=list(SIZES),
            format_func=lambda each: SIZES[each],
            help="Every ad is made in each of them, in pixels.",
            key="new-ads-sizes",
        )
        if not sizes:
            st.warning("Choose at least one size.", icon=":material/aspect_ratio:")
        left, right = st.columns(2)
        answers["color_mode"] = _choose(left, "Colours", COLOURS, "Of ground, panel, button and badge.", "colours")
        ways = {name: said for name, (said, wanted) in EXPORTS.items() if wanted <= set(keys)}
        answers["export"] = _choose(right, "Pack them", ways, "What happens to ads that passed their checks.", "to")
        if set(keys) & set(settings.MODEL_KEYS):
            answers |= _ask_models(keys)
        answers["destination_url"] = _typed(
            "Where the ads lead",
            2000,
            "The product's own address, unless you give another that begins with https://.",
            "url",
        )
        answers["additional_instructions"] = (
            st.text_area(
                "Anything else",
                max_chars=1000,
                height=80,
                help="What a model that writes or draws must know, such as a season or a word to avoid.",
                key="new-ads-instructions",
            ).strip()
            or None
        )
    return answers | {name: name in sizes for name in SIZES}, bool(sizes) and fits


def _ask_models(keys: Collection[str]) -> Json:
    """Whether models take part, which costs money, and how large they draw."""
    used = st.toggle(
        "Let models write, draw and review",
        value=True,
        help="Paid by use, within the month's budget. Off, rules write and the product's own photos are shown.",
        key="new-ads-models",
    )
    if not used or PAINTER not in keys:
        return {"use_models": used}
    size = st.segmented_control(
        "Resolution",
        RESOLUTIONS,
        default=RESOLUTIONS[0],
        required=True,
        help="Of scenes that a model draws; a larger one costs more.",
        key="new-ads-resolution",
    )
    return {"use_models": True, "image_resolution": size}


def _ask_templates(db: Database, brand_id: str, usual: str) -> tuple[Json, bool]:
    modes = list(MODES)
    mode = st.selectbox(
        "Templates",
        modes,
        index=modes.index(usual),
        format_func=lambda each: MODES[each],
        help="Ads of other brands that ran long; an ad for every stage in turn takes that of its template.",
        key=f"new-ads-option-mode-{usual}",
    )
    answers: Json = {"template_mode": mode}
    match mode:
        case "unused":
            most = st.number_input(
                "Templates at most",
                1,
                MOST_TEMPLATES,
                5,
                help="So many different ones are used in turn.",
                key="new-ads-template-count",
            )
            return answers | {"template_count": int(most)}, True
        case "specific":
            chosen = new_ads_templates.draw_library(db, brand_id)
            if not chosen:
                st.warning("Choose at least one template.", icon=":material/grid_view:")
            count = {"template_count": len(chosen)} if chosen else {}
            return answers | {"template_ids": ",".join(chosen) or None} | count, bool(chosen)
        case "uploaded":
            sent = new_ads_templates.draw_upload(db, brand_id)
            if not sent:
                st.warning("Add at least one picture.", icon=":material/image:")
            return answers | {"uploaded": ",".join(sent) or None}, bool(sent)
        case _:
            return answers, True


def _choose(at: Any, label: str, named: Mapping[str, str], explained: str, name: str) -> str:
    return str(
        at.selectbox(
            label, list(named), format_func=lambda each: named[each], help=explained, key=f"new-ads-option-{name}"
        )
    )


def _typed(label: str, longest: int, explained: str, name: str) -> str | None:
    typed: str = st.text_input(
        label, max_chars=longest, placeholder="https://…", help=explained, key=f"new-ads-option-{name}"
    )
    return typed.strip() or None

"""Targets, limits and keys of a brand and of this installation, as the page Settings shows them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import streamlit as st

from viraltracker.errors import ViralTrackerError
from viraltracker.settings import Settings
from viraltracker.store import brands, readings
from viraltracker.store.brands import Brand
from viraltracker.web import classification_view, data_view, fleet_view, words
from viraltracker.web.guard import Viewer

Json = dict[str, Any]

GOALS: Final[Mapping[str | None, str]] = {
    None: "What the numbers suggest",
    "purchase": "Purchases",
    "lead": "Leads",
    "complete_registration": "Registrations",
    "app_install": "App installs",
    "messaging_conversation": "Conversations",
    "add_to_cart": "Adds to cart",
    "landing_page_view": "Landing page views",
    "link_click": "Link clicks",
}
"""Results that a brand may buy, by their names in the tables."""
KEYS: Final = {
    "GEMINI_API_KEY": (
        "Gemini",
        "reads pictures, videos and words; makes pictures",
        "rules read creatives, pictures are composed from photos",
    ),
    "ANTHROPIC_API_KEY": ("Claude", "reads pictures and words; writes copies", "rules read and combine approved lines"),
    "META_ACCESS_TOKEN": (
        "Meta",
        "syncs accounts that have no token of their own",
        "each account brings its own token",
    ),
    "META_APP_SECRET": ("Meta app", "signs every call to Meta", "calls go unsigned, which most apps allow"),
    "APIFY_TOKEN": (
        "Apify",
        "searches the Ad Library for other brands' ads, with their pictures",
        "other brands' ads come from files, or from Meta without pictures",
    ),
    "SLACK_BOT_TOKEN": ("Slack", "sends new ads to a channel", "new ads are downloaded on New ads"),
    "SLACK_CHANNEL": ("Slack channel", "where new ads are sent to", "nothing is sent to Slack"),
    "SMTP_URL": ("Mail server", "takes new ads as mail", "new ads are downloaded on New ads"),
    "MAIL_FROM": ("Sender of mail", "who mails are from", "no mail is sent"),
    "MAIL_TO": ("Recipients", "who gets mails where a job names nobody", "each job names who gets its mail"),
    "APP_URL": ("Address of the app", "leads from messages back to the run", "messages say in words where to look"),
}
"""By the variable's name: whose key, what it is for, and how it goes without."""
SAID: Final = "targets-said"


def draw_targets(viewer: Viewer, brand: Brand) -> None:
    """What counts as a result and what it may cost; a form for those who may change it."""
    if not viewer.may_write(brand):
        rows = "".join(f"<dt>{name}</dt><dd>{words.html(said)}</dd>" for name, said in targets(brand).items())
        st.html(f'<dl class="vt-facts">{rows}</dl>')
        return
    key = f"targets-{brand.id}"
    said: Json = st.session_state.pop(SAID, {})
    with st.form(key, border=True):
        goal, cpa, roas, currency = st.columns([3, 2, 2, 1.4])
        options = list(GOALS) if brand.goal in GOALS else [*GOALS, brand.goal]
        with goal:
            st.selectbox(
                "Result that counts", options, index=options.index(brand.goal), format_func=goal_name, key=f"{key}-goal"
            )
        with cpa:
            st.number_input(
                "Target CPA", min_value=0.01, max_value=1e9, value=_number(brand.target_cpa), key=f"{key}-cpa",
                placeholder="none", help="What one result may cost.",
            )  # fmt: skip
        with roas:
            st.number_input(
                "Target ROAS", min_value=0.01, max_value=1e6, value=_number(brand.target_roas), key=f"{key}-roas",
                placeholder="none", help="Purchase value per money spent; used where there is no target CPA.",
            )  # fmt: skip
        with currency:
            st.text_input("Currency", brand.currency or "", max_chars=3, placeholder="USD", key=f"{key}-currency")
        if "wrong" in said:
            st.error(words.literal(said["wrong"]), icon=":material/error:")
        if "done" in said:
            st.success(said["done"], icon=":material/check_circle:")
        st.form_submit_button("Save the targets", type="primary", on_click=_save_targets, args=(viewer, brand, key))


def _save_targets(viewer: Viewer, brand: Brand, key: str) -> None:
    given = {name: st.session_state[f"{key}-{name}"] for name in ("goal", "cpa", "roas", "currency")}
    currency = given["currency"].strip().upper() or None
    wrong = wrong_targets(given["cpa"], currency)
    if wrong is None:
        try:
            brands.set_targets(
                viewer.db,
                brand.id,
                goal=given["goal"],
                target_cpa=_exact(given["cpa"]),
                target_roas=_exact(given["roas"]),
                currency=currency,
            )
        except ViralTrackerError as error:
            wrong = error.message
    st.session_state[SAID] = {"wrong": wrong} if wrong else {"done": "Saved. The next analysis judges by them."}


def wrong_targets(target_cpa: float | None, currency: str | None) -> str | None:
    """What is wrong with targets that a person typed, in a sentence; None where they can be saved."""
    if currency is not None and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        return "The currency is three letters, for example USD."
    if target_cpa is not None and currency is None:
        return "A target CPA needs its currency, for example USD."
    return None


def targets(brand: Brand) -> dict[str, str]:
    """A brand's targets in words."""
    return {
        "Result that counts": goal_name(brand.goal),
        "Target CPA": "none" if brand.target_cpa is None else words.money(brand.target_cpa, brand.currency or ""),
        "Target ROAS": "none" if brand.target_roas is None else f"{brand.target_roas:.2f}",
        "Currency": brand.currency or "as in the numbers",
    }


def goal_name(goal: str | None) -> str:
    """What a goal is called."""
    return GOALS.get(goal) or str(goal).replace("_", " ").capitalize()


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _exact(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value))


def draw_limits(viewer: Viewer, brand: Brand, configured: Settings, labels: Mapping[str, str]) -> None:
    """What models may cost a month, how many runs work at once, and how often services are asked."""
    costs = readings.costs(viewer.db, brand.id)
    st.html(f'<p class="vt-lead">{words.html(classification_view.used(costs))}</p>')
    if viewer.may_write(brand):
        classification_view.draw_budget(viewer.db, brand.id, costs)
    fleet_view.draw_limits(viewer, labels)
    rows = [
        ("Requests to Gemini", _per_minute(configured.gemini_per_minute), "GEMINI_REQUESTS_PER_MINUTE"),
        (
            "Pictures asked of Gemini",
            _per_minute(configured.gemini_image_per_minute),
            "GEMINI_IMAGE_REQUESTS_PER_MINUTE",
        ),
        ("Requests to Claude", _per_minute(configured.anthropic_per_minute), "ANTHROPIC_REQUESTS_PER_MINUTE"),
        ("Runs that one worker does at once", f"{configured.worker_slots:,}", "VIRALTRACKER_WORKER_SLOTS"),
    ]
    data_view.table(
        "Configured limits", ("What", "At most", "Set by"), [(a, b, f"<code>{c}</code>") for a, b, c in rows]
    )


def _per_minute(limit: int) -> str:
    return f"{limit:,} a minute" if limit else "no limit"


def draw_keys(configured: Settings) -> None:
    """Which keys there are: names alone, this process holds no value."""
    rows = []
    for name, (whose, use, without) in KEYS.items():
        found = name in configured.keys_found
        tag = '<span class="vt-tag good">Found</span>' if found else '<span class="vt-tag quiet">Missing</span>'
        said = use if found else f"without it {without}"
        rows.append((f"{whose}<small><code>{name}</code></small>", tag, words.html(said[0].upper() + said[1:])))
    data_view.table("Keys", ("Key", "State", "What for"), rows)
    kind = "hosted Supabase" if configured.hosted else "the embedded database on this machine"
    st.html(
        f'<p class="vt-more">Data is kept in {kind}. Keys are set in the environment or in .env, and take effect when '
        "the app and its worker start again; <code>viraltracker doctor</code> checks them.</p>"
    )

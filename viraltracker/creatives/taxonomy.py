"""The closed lists that readings choose from. Each label says what it means and what it is easily taken for.

A change here changes what every classifier is asked, so it is a new prompt version (see `readings.PROMPT_VERSIONS`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

UNCLEAR: Final = "unclear"
"""The answer where the input does not show it. Every list but the video lengths has it."""

Awareness = Literal["unaware", "problem_aware", "solution_aware", "product_aware", "most_aware"]
AwarenessLabel = Literal["unaware", "problem_aware", "solution_aware", "product_aware", "most_aware", "unclear"]
Format = Literal[
    "video_ugc",
    "video_professional",
    "video_testimonial",
    "video_demo",
    "image_static",
    "image_before_after",
    "image_testimonial",
    "image_product",
    "carousel",
    "collection",
    "other",
    "unclear",
]
VideoLength = Literal["short_0_15", "medium_15_30", "long_30_60", "very_long_60_plus"]
Hook = Literal[
    "question",
    "pain_callout",
    "identity_callout",
    "story",
    "testimonial",
    "statistic",
    "comparison",
    "how_to",
    "curiosity",
    "deal",
    "introduction",
    "claim",
    "unclear",
]
Angle = Literal[
    "pain_relief",
    "outcome",
    "convenience",
    "price_value",
    "social_proof",
    "authority",
    "risk_reversal",
    "urgency",
    "quality",
    "novelty",
    "identity",
    "education",
    "mission",
    "unclear",
]
Offer = Literal[
    "percent_off",
    "amount_off",
    "bundle",
    "free_gift",
    "free_trial",
    "free_shipping",
    "free_resource",
    "free_quote",
    "matched_gift",
    "early_access",
    "payment_plan",
    "price_point",
    "none",
    "unclear",
]
Proof = Literal[
    "customer_quote",
    "ratings",
    "user_count",
    "expert",
    "test_result",
    "award",
    "press",
    "demonstration",
    "guarantee",
    "disclosure",
    "none",
    "unclear",
]
Cta = Literal[
    "buy",
    "get_offer",
    "subscribe",
    "sign_up",
    "apply",
    "book",
    "contact",
    "download",
    "donate",
    "learn",
    "none",
    "unclear",
]

STAGES: Final[tuple[Awareness, ...]] = get_args(Awareness)
"""From the reader who knows least to the one who knows most (Eugene Schwartz, Breakthrough Advertising)."""

PERSONA_LONGEST: Final = 80
"""A persona is free text ("parents of toddlers"), bounded."""


@dataclass(frozen=True)
class Label:
    """`means` is a definition in one line; `unlike` is what it must not be confused with."""

    means: str
    unlike: str


_UNCLEAR = Label("The input does not show it.", "A guess: say unclear instead.")

AWARENESS: Final[Mapping[str, Label]] = {
    "unaware": Label(
        "The opening needs no knowledge of a problem or product: a story, a curiosity gap, an identity, a joke.",
        "problem_aware: there the opening itself names the pain.",
    ),
    "problem_aware": Label(
        "The opening names a pain or symptom the reader has, or for a cause a need in the world.",
        'solution_aware: "Does your back hurt?" names a symptom, "Looking for a physio?" a category.',
    ),
    "solution_aware": Label(
        "The opening presupposes a wanted outcome or a category of solution, of whatever brand.",
        "product_aware: there this brand or product is the subject.",
    ),
    "product_aware": Label(
        "The brand or product is the subject: proof, comparison, objection, introduction.",
        "most_aware: there the reader already knows it and is given a reason to act now.",
    ),
    "most_aware": Label(
        "A deal on, a return of or a reorder of something the reader already knows.",
        "solution_aware: a deal on a category asks for no knowledge of the product.",
    ),
    UNCLEAR: _UNCLEAR,
}

FORMAT: Final[Mapping[str, Label]] = {
    "video_ugc": Label(
        "Looks as if a customer or creator filmed it with a phone.", "video_testimonial: a person reporting a result."
    ),
    "video_professional": Label(
        "Produced: lighting, edited shots, voice-over or motion graphics.", "video_demo: shows the product at work."
    ),
    "video_testimonial": Label(
        "A customer or expert tells of their own experience.", "video_ugc: phone-filmed without an own experience."
    ),
    "video_demo": Label("Shows the product being used or how it works.", "video_professional: a brand film."),
    "image_static": Label(
        "A designed picture with a message, and none of the picture formats below.", "image_product: product alone."
    ),
    "image_before_after": Label(
        "Two states of the same thing side by side.", "image_static comparing two products or prices."
    ),
    "image_testimonial": Label("A customer's words or rating carry the picture.", "image_static: the brand's words."),
    "image_product": Label("The product alone carries the picture.", "image_static: the message carries it."),
    "carousel": Label("Several cards to swipe through.", "collection: a cover above a catalogue."),
    "collection": Label("A cover picture or video above a grid of products.", "carousel: cards of equal size."),
    "other": Label("A format that is not in this list.", "unclear: it may be one of the list."),
    UNCLEAR: _UNCLEAR,
}

VIDEO_LENGTH: Final[Mapping[str, Label]] = {
    "short_0_15": Label("Up to 15 seconds.", "A longer video whose first 15 seconds matter most."),
    "medium_15_30": Label("Over 15 and up to 30 seconds.", "The length of the first scene."),
    "long_30_60": Label("Over 30 and up to 60 seconds.", "The length of the first scene."),
    "very_long_60_plus": Label("Over 60 seconds.", "The length of the first scene."),
}

HOOK: Final[Mapping[str, Label]] = {
    "question": Label("The first sentence asks the reader something.", "pain_callout: asks about a pain or symptom."),
    "pain_callout": Label("The first sentence names a pain.", "story: a pain that somebody else had."),
    "identity_callout": Label(
        "The first sentence says whom it is for.", "question: whom it is for only follows from the answer."
    ),
    "story": Label("Starts to tell what happened.", "testimonial: a customer's words about the product."),
    "testimonial": Label("A customer's words about the product.", "story: about anything else."),
    "statistic": Label("A figure that makes one look.", "deal: the figure is a price or discount."),
    "comparison": Label("Sets two things side by side.", "statistic: one figure alone."),
    "how_to": Label("Promises to show how, what or which.", "question: expects the reader's answer."),
    "curiosity": Label("Withholds something one wants to know.", "story: tells it."),
    "deal": Label("Price, discount, deadline or availability first.", "statistic: a figure without an offer."),
    "introduction": Label("Presents the product as new to the reader.", "claim: says what it does."),
    "claim": Label("A plain statement of what something is or does.", "introduction: presents it by name first."),
    UNCLEAR: _UNCLEAR,
}

ANGLE: Final[Mapping[str, Label]] = {
    "pain_relief": Label("An end to a pain.", "outcome: something gained, without a pain."),
    "outcome": Label("A wanted result.", "pain_relief: the end of something bad."),
    "convenience": Label("Less time, effort or fuss.", "price_value: less money."),
    "price_value": Label("More for the money.", "urgency: the price is only the reason to hurry."),
    "social_proof": Label("Others use and like it.", "authority: experts or tests say so."),
    "authority": Label("Experts, tests or awards say so.", "social_proof: customers say so."),
    "risk_reversal": Label("Nothing can be lost by trying.", "price_value: it is cheap."),
    "urgency": Label("Act now, or it is gone.", "price_value: cheap at any time."),
    "quality": Label("How it is made and what is in it.", "authority: somebody else vouches for it."),
    "novelty": Label("New, or the only one of its kind.", "quality: better of a known kind."),
    "identity": Label("For people like you.", "social_proof: used by many, whoever they are."),
    "education": Label("Explains or teaches something.", "outcome: promises the result of having learnt it."),
    "mission": Label("A cause or purpose beyond the buyer.", "outcome: good for the buyer."),
    UNCLEAR: _UNCLEAR,
}

OFFER: Final[Mapping[str, Label]] = {
    "percent_off": Label("A discount in per cent, or half price.", "amount_off: in money."),
    "amount_off": Label("A discount in money.", "price_point: a price without a reduction."),
    "bundle": Label("Several for less, or one more with it.", "free_gift: something else on top."),
    "free_gift": Label("Something else on top of a purchase.", "bundle: more of the same."),
    "free_trial": Label("Try it for nothing for a time.", "free_resource: yours to keep."),
    "free_shipping": Label("Delivery for nothing.", "free_gift: a thing on top."),
    "free_resource": Label("A guide, course, tool or sample for nothing.", "free_trial: the product itself."),
    "free_quote": Label("A quote, visit or consultation for nothing.", "free_resource: nobody comes or calls."),
    "matched_gift": Label("A donation is multiplied by somebody.", "amount_off: the reader pays less."),
    "early_access": Label("To be first, or in at all.", "percent_off: the reader pays less."),
    "payment_plan": Label("Pay later or in parts.", "price_point: a monthly price of a subscription."),
    "price_point": Label("A price named as an argument.", "amount_off: a price that was reduced."),
    "none": Label("No offer is made.", "unclear: it cannot be seen whether one is."),
    UNCLEAR: _UNCLEAR,
}

PROOF: Final[Mapping[str, Label]] = {
    "customer_quote": Label("A customer's own words.", "ratings: stars or scores."),
    "ratings": Label("Stars, scores or a number of reviews.", "user_count: how many bought."),
    "user_count": Label("How many use or bought it.", "ratings: what they say of it."),
    "expert": Label("A professional vouches for it.", "customer_quote: a layperson does."),
    "test_result": Label("A test, study or measured figure.", "award: a jury's choice."),
    "award": Label("An award, certificate or ranking.", "press: a mention."),
    "press": Label("Named or unnamed media reported on it.", "award: won something."),
    "demonstration": Label("Shows it at work.", "test_result: reports a figure."),
    "guarantee": Label("A promise with a consequence for the seller.", "test_result: evidence that it works."),
    "disclosure": Label("Opens its own numbers, faults or sources.", "test_result: only what speaks for it."),
    "none": Label("Nothing is put forward as proof.", "unclear: it cannot be seen whether anything is."),
    UNCLEAR: _UNCLEAR,
}

CTA: Final[Mapping[str, Label]] = {
    "buy": Label("Shop, order or play now.", "get_offer: take a deal."),
    "get_offer": Label("Take a deal, quote or coupon.", "buy: without a deal."),
    "subscribe": Label("Start or renew a subscription.", "sign_up: an account or event."),
    "sign_up": Label("Open an account, join or register.", "apply: somebody decides."),
    "apply": Label("Apply for something.", "sign_up: anyone may."),
    "book": Label("Reserve a time, table or journey.", "contact: talk first."),
    "contact": Label("Call, write or ask.", "book: a fixed time."),
    "download": Label("Download or install.", "learn: read on a page."),
    "donate": Label("Give money.", "buy: get something for it."),
    "learn": Label("Read, watch or see more.", "download: get a file or app."),
    "none": Label("Nothing is asked of the reader.", "unclear: it cannot be seen."),
    UNCLEAR: _UNCLEAR,
}

LISTS: Final[Mapping[str, Mapping[str, Label]]] = {
    "awareness": AWARENESS,
    "format": FORMAT,
    "video_length": VIDEO_LENGTH,
    "hook": HOOK,
    "angle": ANGLE,
    "offer": OFFER,
    "proof": PROOF,
    "cta": CTA,
}


def as_data() -> dict[str, dict[str, dict[str, str]]]:
    """Every list as plain data, for a prompt or a page."""
    return {
        name: {label: {"means": it.means, "unlike": it.unlike} for label, it in labels.items()}
        for name, labels in LISTS.items()
    }


def video_length(duration_s: float) -> VideoLength:
    """The length class of a video of so many seconds; a limit belongs to the shorter class."""
    if duration_s <= 15:
        return "short_0_15"
    if duration_s <= 30:
        return "medium_15_30"
    return "long_30_60" if duration_s <= 60 else "very_long_60_plus"

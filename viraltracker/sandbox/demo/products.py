"""What the demo brand sells, as an editor would have filled it in: nothing that its pages and copies do not say too."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from viraltracker.sandbox.demo import catalog

Json = dict[str, Any]

OFFER_DAYS: Final = 30
"""So long after the day it is asked for an offer of the demo holds."""

COLOURS: Final = ["#1f6f54", "#e28b4a", "#f6efe2"]
_BANNED: Final = [
    "cure",
    "heals",
    "miracle",
    "pain-free",
    "treats arthritis",
    "replaces the vet",
    "FDA approved",
    "guaranteed results",
]


def every(base_url: str, today: date) -> list[Json]:
    """Both products with the addresses of their photos; `base_url` is the sandbox's, where the shop is too."""
    until = (today + timedelta(days=OFFER_DAYS)).isoformat()
    return [_chews(base_url, until), _trial_pack(base_url, until)]


def _chews(base_url: str, until: str) -> Json:
    return {
        "name": f"{catalog.ACCOUNT_NAME} Hip + Joint Chews",
        "url": f"{base_url}/pages/hip-and-joint-chews",
        "price": "59",
        "currency": catalog.CURRENCY,
        "facts": [
            "60 chews in a bag, $59, about 89 cents a day for a medium dog",
            "600 mg glucosamine in every chew, the dose used in studies",
            "200 mg green-lipped mussel from New Zealand, cold-pressed",
            "Omega-3 from wild salmon",
            "No corn syrup, no wheat, no artificial color",
            "Drug-free, tested by an independent lab",
            "Made in Vermont",
            "4.8 stars from 6,214 reviews",
            "94 of 100 dogs in our kitchen panel finished theirs in under ten seconds",
            "One chew under 25 lb, two up to 75 lb, three above",
            "60-day promise: if your dog doesn't move better, keep the bag and we send the money back",
            "Free shipping over $50",
        ],
        "benefits": [
            "Stairs look easier again",
            "The long route back, together",
            "No measuring, no powder, no peanut-butter tricks",
            "A label you can read, every milligram on it",
            "Getting up without the groan",
        ],
        "hooks": [
            "Your dog just looked at the stairs?",
            "Week 6: he brings you the leash",
            "94 of 100 picky dogs said yes",
            "Pills, powder or chews?",
            "Rosie got her pillow back",
            "Give it six honest weeks",
        ],
        "offers": [
            {"text": "Good boy bundle: 3 bags with travel tin, was $177", "price": "124", "valid_until": until},
            {"text": "Family bundle for two dogs: 4 bags, was $236", "price": "159", "valid_until": until},
            {"text": "Subscribe and pay 25% less on every bag"},
        ],
        "banned_claims": _BANNED,
        "colours": COLOURS,
        "audience": "People whose dog is seven or older and has begun to hesitate: at the stairs, the sofa, the car.",
        "photos": _photos(base_url, "chews-bag", "chews-bag-and-dog", "chews-close"),
    }


def _trial_pack(base_url: str, until: str) -> Json:
    return {
        "name": f"{catalog.ACCOUNT_NAME} 14-Day Trial Pack",
        "url": f"{base_url}/pages/trial-pack",
        "price": "9",
        "currency": catalog.CURRENCY,
        "facts": [
            "Fourteen hip and joint chews in a small bag",
            "$9, shipping included",
            "No subscription: we will not send another one unless you ask",
            "Glucosamine, green-lipped mussel and omega-3 in the same dose as the full bag",
            "94 of 100 dogs in our kitchen panel finished theirs",
            "Mailed the same day",
        ],
        "benefits": [
            "See whether your dog eats them",
            "Two weeks, no commitment",
            "The first ten minutes of his morning may look a little easier",
        ],
        "hooks": [
            "Will your picky dog eat it?",
            "Try them for 14 days",
            "Fourteen chews, one happy dog",
        ],
        "offers": [{"text": "The $9 trial pack, shipping included", "price": "9", "valid_until": until}],
        "banned_claims": _BANNED,
        "colours": COLOURS,
        "audience": "People who have read about joint chews and doubt that their dog would eat one.",
        "photos": _photos(base_url, "trial-bag", "trial-bag-and-dog"),
    }


def _photos(base_url: str, *names: str) -> list[str]:
    return [f"{base_url}/demo/photos/{name}.png" for name in names]

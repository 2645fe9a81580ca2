"""Copies for people who know Wonder Paws and need a reason to buy today: deals, reorders, bundles."""

from __future__ import annotations

from viraltracker.sandbox.demo.copy.shape import Copy

_STAGE = "most_aware"
_PAGE = "bundle-offer"

MOST_AWARE: tuple[Copy, ...] = (
    Copy(
        _STAGE,
        "30% off your first Wonder Paws bundle ends Sunday at midnight. Three bags, free shipping, and the travel "
        "tin is on us.",
        "30% off ends Sunday",
        "Three bags + free travel tin",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Running low? Your Wonder Paws refill ships today. Reorder before 2 p.m. and it's at your door by Thursday.",
        "Time for a refill?",
        "Order by 2 p.m., ships today",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "You left two bags of Wonder Paws in your cart. We kept them for you, and took 15% off. Code STILLHERE.",
        "Your cart, minus 15%",
        "Use code STILLHERE",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Subscribe to Wonder Paws and save 25% on every bag. Pause, skip or cancel from one text message.",
        "Save 25% on every bag",
        "Skip or cancel anytime",
        "SUBSCRIBE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Back in stock: the salmon flavor Wonder Paws chews that sold out in nine days. This batch is 4,000 bags.",
        "Salmon is back",
        "4,000 bags in this batch",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Buy two bags of Wonder Paws, get one free. The offer our customers ask for every fall is on until Friday.",
        "Buy 2, get 1 free",
        "Until Friday only",
        "GET_OFFER",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Two dogs, one price. The Wonder Paws family bundle is $119 instead of $177 this week.",
        "The family bundle: $119",
        "Save $58 this week",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Thank you for 100,000 bags! Take 20% off any Wonder Paws order with THANKYOU20 until the end of the month.",
        "20% off to say thank you",
        "Code THANKYOU20",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Free shipping on all Wonder Paws orders this weekend. No code, no minimum.",
        "Free shipping weekend",
        "No code, no minimum",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Last day of early access: the Wonder Paws holiday box, 40% off for people on our list. Gone at midnight.",
        "Early access: 40% off",
        "Ends at midnight",
        "GET_OFFER",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Your dog's six weeks are nearly up, and this is the week it pays off. Reorder Wonder Paws now with $10 off.",
        "$10 off your second bag",
        "Don't stop at week six",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Price goes up on the first: lock in today's Wonder Paws price for a year when you subscribe this week.",
        "Lock in today's price",
        "Before the first of the month",
        "SUBSCRIBE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "The Wonder Paws trial pack is $9 this week, shipping included. Fourteen chews, one happy dog.",
        "The $9 trial pack",
        "Shipping included",
        "SHOP_NOW",
        "trial-pack",
    ),
)

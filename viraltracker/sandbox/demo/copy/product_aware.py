"""Copies whose subject is Wonder Paws: proof, comparison, objections, how it works."""

from __future__ import annotations

from viraltracker.sandbox.demo.copy.shape import Copy

_STAGE = "product_aware"
_PAGE = "hip-and-joint-chews"

PRODUCT_AWARE: tuple[Copy, ...] = (
    Copy(
        _STAGE,
        '"I was sure Wonder Paws was another treat with a nice label. Week five, Benny took the stairs two at a '
        'time. I have it on video." Dana, Oregon',
        "Benny took the stairs two at a time",
        "4.8 stars from 6,214 dogs",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "What's inside a Wonder Paws chew: 600 mg glucosamine, 200 mg green-lipped mussel, omega-3 from wild "
        "salmon. What isn't: corn syrup, wheat, or anything you can't pronounce.",
        "Every milligram on the label",
        "Made in Vermont, batch tested",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Wonder Paws or the big blue tub? Same price per month. Twice the glucosamine, three times the mussel, and "
        "none of the maltodextrin. We made a table.",
        "Wonder Paws vs. the big blue tub",
        "See the table",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Dr. Lena Ortiz, DVM: 'I tell owners to give Wonder Paws six honest weeks. If nothing changes I want to hear "
        "about it. Mostly I hear about walks.'",
        "'Give it six honest weeks'",
        "What a vet says about Wonder Paws",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Picky dog? 94 of 100 dogs in our kitchen panel finished their Wonder Paws chew in under ten seconds. The "
        "other six wanted to be hand-fed. They were hand-fed.",
        "94 of 100 picky dogs said yes",
        "Wonder Paws, tested by dogs",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Week 1: he eats it. Week 3: he gets up without the groan. Week 6: he brings you the leash. That's what "
        "owners write to Wonder Paws, again and again.",
        "Week 6: he brings you the leash",
        "The Wonder Paws timeline",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "'Is it safe with his other tablets?' is the question Wonder Paws gets most. The chews are drug-free and "
        "checked by a third-party lab. Bring the label to your vet; we made it easy to read.",
        "Your safety questions, answered",
        "Third-party lab tested",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Rosie is eleven. Before Wonder Paws she waited at the bottom of the stairs. Swipe to see where she sleeps "
        "now, and yes, that's my pillow.",
        "Rosie got her pillow back",
        "Before and after eight weeks",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Why is Wonder Paws more expensive than the chews at the checkout? Because a dose that works costs more than "
        "a flavor that sells. It comes to 89 cents a day.",
        "89 cents a day, and why",
        "What you pay for in each chew",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "6,214 reviews, 4.8 stars. We read every one of them, and the one-star ones twice. Here is what people "
        "wish they'd known before their first bag of Wonder Paws.",
        "What 6,214 owners say",
        "Read the reviews, all of them",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Watch how a Wonder Paws chew is made: cold-pressed, so that the mussel keeps its omega-3, then cut in the "
        "shape of a paw because we couldn't resist.",
        "How Wonder Paws chews are made",
        "Cold-pressed in Vermont",
        "WATCH_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        '"My vet asked what I\'d changed. I said Wonder Paws. She wrote it down." Marcus and Duke, Texas',
        "'What did you change?'",
        "Duke's vet wanted to know",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "One Wonder Paws chew for dogs under 25 lb, two up to 75, three for the giants. No measuring, no powder, no "
        "peanut-butter tricks.",
        "One chew, two chews, giant chews",
        "Find your dog's dose",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "The 60-day Wonder Paws promise: if your dog doesn't move better, keep the bag and we send the money back. "
        "Three in a hundred ask. We ask them why.",
        "Better walks or your money back",
        "The 60-day promise",
        "SHOP_NOW",
        _PAGE,
    ),
)

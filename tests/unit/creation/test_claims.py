"""A copy against its product: each check fires on what is invented, and on nothing that only looks like it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viraltracker.creation import claims, money
from viraltracker.creation.claims import Copy
from viraltracker.creation.products import Offer, Product

TODAY = date(2026, 11, 26)
CHEWS = Product(
    id="1",
    brand_id="2",
    name="Wonder Paws Hip + Joint Chews",
    price=Decimal("59"),
    currency="USD",
    facts=(
        "600 mg glucosamine in every chew",
        "About 89 cents a day",
        "94 of 100 dogs finished theirs",
        "4.8 stars from 6,214 reviews",
        "Award-winning recipe",
        "Not a cure for arthritis",
        "Free shipping over $50",
        "60-day promise: keep the bag and we send the money back",
    ),
    benefits=("Stairs without the groan",),
    hooks=("Is your dog slowing down?",),
    offers=(
        Offer(text="3 bags with travel tin, was $177", price=Decimal("124"), valid_until=date(2026, 12, 6)),
        Offer(text="Subscribe and pay 25% less"),
        Offer(text="Take 20% off any order", code="THANKYOU20", valid_until=date(2026, 11, 25)),
        Offer(text="2 bags for $99", valid_until=date(2026, 11, 25)),
    ),
    banned_claims=("cure", "pain-free", "replaces the vet"),
)
BARE = Product(id="1", brand_id="2", name="Chews", currency="USD", facts=("Made in Vermont",))


def named(text: str, product: Product = CHEWS, *, foreign: Sequence[str] = ()) -> set[tuple[str, str]]:
    return {
        (found.name, found.words) for found in claims.check(Copy(body=text), product, TODAY, foreign_brands=foreign)
    }


@pytest.mark.parametrize(
    "text",
    [
        "$59 for 60 chews", "59,00 $", "USD 59", "US$59", "from $59", "$124 for three bags", "was $177",
        "89 cents a day", "89¢ a day", "25% less when you subscribe", "25 percent off", "Free shipping",
        "60-day money-back guarantee", "Your money back, guaranteed", "94 of 100 dogs", "94% of dogs",
        "4.8 stars from 6,214 reviews", "6214 reviews", "Award winning chews", "600mg glucosamine", "On sale now",
        "Is your dog slowing down?", "Stairs without the groan",
    ],
)  # fmt: skip
def test_what_the_product_states_may_be_said_in_any_spelling(text: str) -> None:
    assert named(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "Size 42", "Size EUR 42", "US 10", "for dogs aged 7 to 12", "ages 3-5", "Nov 26, 2026", "12/05/2026",
        "from 12.05. to 14.05.", "only 12.30", "24 hours", "open 24/7", "100 ml", "500 g", "25 lb", "under 25 pounds",
        "20 ft leash", "10 x 20 cm", "Week 6", "14 chews for 14 days", "3 chews for 2 weeks", "2 for 2 dogs",
        "GEL 50 ml",
        "TRY 3 TODAY", "TOP 10 reasons", "5 won the race", "grain-free, drug-free and free of corn", "feel free to ask",
        "No code needed", "your dog's best friend", "Look your best", "It's a treat", "Spring is here", "Shop now",
        "one bag for one dog", "Learn more", "", " ", "$", "¥ €",
    ],
)  # fmt: skip
@pytest.mark.parametrize("product", [CHEWS, BARE], ids=["chews", "bare"])
def test_sizes_ages_dates_times_and_plain_words_are_no_claims(product: Product, text: str) -> None:
    assert named(text, product) == set()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Only $19.99", "$19.99"),
        ("19,99 €", "19,99 €"),
        ("USD 20", "USD 20"),
        ("20 USD", "20 USD"),
        ("$1,299.50", "$1,299.50"),
        ("1.299,00 kr", "1.299,00 kr"),
        ("1 299 kr", "1 299 kr"),
        ("¥1,980", "¥1,980"),
        ("Rs. 500", "Rs. 500"),
        ("R$ 49,90", "R$ 49,90"),
        ("CHF 20.-", "CHF 20"),
        ("19,-", "19,-"),
        ("199:-", "199:-"),
        ("A$30", "A$30"),
        ("C$59", "C$59"),
        ("€59", "€59"),
        ("twenty dollars", "twenty dollars"),
        ("20 bucks", "20 bucks"),
        ("99¢", "99¢"),
        ("now 19.99", "19.99"),
        ("Nur 19,99 €", "19,99 €"),
        ("statt 29,95", "29,95"),
        ("$20k", "$20k"),
        ("＄１９", "$19"),
        ("$\u200b19", "$19"),
        ("between $59–98", "98"),
        ("from 30 to 59 $ or 20–59 $", "20"),
        ("only two for £5", "£5"),
    ],
)
def test_a_price_that_the_product_does_not_state_is_invented(text: str, words: str) -> None:
    assert ("invented_price", words) in named(text)


@pytest.mark.parametrize(
    "text",
    [
        "half price", "Half off", "½ price", "2 for 1", "two for one", "3 for 2", "2×1 gratis", "BOGO", "50% off",
        "fifty percent off", "−30 %", "-30%", "Up to 50%", "Save up to 60%", "extra 15% off", "$5 off", "Save $10",
        "Buy one, get one free", "Buy 2 get 1 free", "Code SAVE10", "90-day money-back guarantee", "lifetime warranty",
        "Try it free", "free gift", "zum halben Preis", "zwei zum Preis von einem", "kostenlos testen",
    ],
)  # fmt: skip
@pytest.mark.parametrize("product", [CHEWS, BARE], ids=["chews", "bare"])
def test_an_offer_that_the_product_does_not_state_is_invented(product: Product, text: str) -> None:
    assert {name for name, _ in named(text, product)} == {"invented_offer"}


@pytest.mark.parametrize(
    "text",
    [
        "Free shipping", "Free express delivery", "Ships free", "shipping included", "versandkostenfrei",
        "Livraison gratuite", "Envío gratis", "Satisfaction guaranteed", "risk-free", "full refund",
        "Geld-zurück-Garantie", "satisfait ou remboursé", "Black Friday sale", "Ends Sunday", "Last chance",
        "Only 3 left", "while supplies last", "subscribe and save",
    ],
)  # fmt: skip
def test_shipping_guarantees_and_hurry_need_an_offer_that_says_so(text: str) -> None:
    assert {name for name, _ in named(text, BARE)} == {"invented_offer"}


@pytest.mark.parametrize("text", ["20% off", "code THANKYOU20", "THANKYOU20", "2 bags for $99"])
def test_an_offer_that_has_ended_is_told_from_an_invented_one(text: str) -> None:
    assert {name for name, _ in named(text)} == {"expired_offer"}
    before = claims.check(Copy(body=text), CHEWS, date(2026, 11, 25))
    assert before == (), "on its last day it still holds"


def test_what_an_offer_saves_may_be_said_as_long_as_it_is_not_rounded_up() -> None:
    one = BARE.model_copy(update={"price": Decimal("177"), "offers": (Offer(text="3 bags", price=Decimal("124")),)})
    assert named("Save $53, that is 29% off", one) == set()
    assert named("30% off", one) == {("invented_offer", "30%")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It cures him", "cures"),
        ("a CURE", "CURE"),
        ("Curing since 1999", "Curing"),
        ("Pain free walks", "Pain free"),
        ("painfree", "painfree"),
        ("páin–frée", "páin–frée"),
        ("p\u00adain-free", "pain-free"),
        ("It replaces   the VET!", "replaces   the VET"),
    ],
)
def test_a_banned_claim_is_found_in_any_spelling(text: str, words: str) -> None:
    assert ("banned_claim", words) in named(text)


@pytest.mark.parametrize("text", ["secure", "obscure", "the cured meat"])
def test_a_banned_word_within_another_is_not_the_word(text: str) -> None:
    assert ("banned_claim" in {name for name, _ in named(text)}) is (text == "the cured meat")


def test_a_banned_claim_is_found_where_words_have_no_spaces() -> None:
    thai = BARE.model_copy(update={"banned_claims": ("หายขาด", "治る")})
    assert named("กินแล้วหายขาดแน่นอน", thai)
    assert named("一週間で治ることも", thai)


@pytest.mark.parametrize(
    "text",
    [
        "The best chew for dogs", "#1 in America", "World's first", "clinically proven", "Vet recommended",
        "FDA approved",
        "relieves joint pain", "treats anxiety", "No side effects", "boosts your immune system", "lose 20 pounds",
        "100% natural", "97 of 100 dogs", "9 out of 10 vets", "4.9 stars", "10,000+ happy customers", "miracle",
        "klinisch bewiesen", "das beste Kausnack", "A cure for arthritis",
    ],
)  # fmt: skip
def test_superlatives_proof_and_medicine_need_a_fact(text: str) -> None:
    """And a fact that denies a claim does not state it."""
    assert "unsupported_claim" in {name for name, _ in named(text)}


def test_a_fact_that_states_a_claim_in_another_form_lets_it_be_said() -> None:
    proven = BARE.model_copy(update={"facts": ("Clinically proven to relieve joint pain", "Recommended by vets")})
    assert named("Relieves joint pain, clinically proven. Vet recommended.", proven) == set()


def test_another_brand_is_found_and_the_products_own_name_is_not_one() -> None:
    foreign = ["Petco", "Zesty Paws", "Paws", "On", ""]
    assert named("Better than PETCO's and Zesty-Paws™", foreign=foreign) == {
        ("foreign_brand", "PETCO"),
        ("foreign_brand", "Zesty-Paws"),
    }
    assert named("Wonder Paws Hip + Joint Chews on the go", foreign=foreign) == set()
    assert named("Wonder Paws on On", foreign=["On"]) == {("foreign_brand", "On")}


def test_every_part_of_an_ad_is_read_and_named() -> None:
    copy = Copy(headline="$1", body="$2", cta="$3", picture=("$4", "$59", "$5"))
    found = [(each.where, each.words) for each in claims.check(copy, CHEWS, TODAY)]
    assert found == [("headline", "$1"), ("body", "$2"), ("cta", "$3"), ("picture", "$4"), ("picture", "$5")]
    assert {each.reason for each in claims.check(copy, CHEWS, TODAY)} == {"The product states no such price."}


def test_lines_that_no_ad_could_use_are_named_with_their_reason() -> None:
    """A hook cannot vouch for the price in itself."""
    wrong = CHEWS.model_copy(update={"hooks": ("Now $39!", "Is your dog slowing down?")})
    assert [(line, each.name) for line, each in claims.in_product(wrong, TODAY)] == [("Now $39!", "invented_price")]


CURRENCIES = sorted(
    ["USD", "EUR", "GBP", "JPY", "AUD", "CAD", "NZD", "INR", "CHF", "SEK", "PLN", "BRL", "KRW", "KWD", "ZAR"]
)


@given(
    currency=st.sampled_from(CURRENCIES),
    cents=st.integers(1, 99_999_999),
    frame=st.sampled_from(["{}", "Now {}!", "Only {} today", "For {}, three bags.", "Price: {}"]),
)
def test_a_products_own_price_is_never_invented_and_another_always_is(currency: str, cents: int, frame: str) -> None:
    """In every currency, as the project writes money itself."""
    price = Decimal(cents).scaleb(-money.decimals(currency))
    product = Product(id="1", brand_id="2", name="Chews", price=price, currency=currency, facts=("A fact",))
    assert named(frame.format(money.written(price, currency)), product) == set()
    dearer = money.written(price + 1, currency)
    assert {name for name, _ in named(frame.format(dearer), product)} == {"invented_price"}


@given(
    share=st.integers(1, 99), sign=st.sampled_from(["%", " %", " percent"]), tail=st.sampled_from(["off", "discount"])
)
def test_a_discount_is_allowed_exactly_where_an_offer_states_it(share: int, sign: str, tail: str) -> None:
    said = f"{share}{sign} {tail}"
    stating = BARE.model_copy(update={"offers": (Offer(text=f"Save {share}% on all"),)})
    assert named(said, stating) == set()
    other = BARE.model_copy(update={"offers": (Offer(text=f"Save {share + 1}% on all"),)})
    assert {name for name, _ in named(said, other)} == {"invented_offer"}


@given(text=st.text(max_size=300), lines=st.lists(st.text(min_size=1, max_size=40), max_size=4))
def test_no_text_breaks_a_check(text: str, lines: list[str]) -> None:
    """Copies come from models and pictures; whatever is in them, findings are words of the text as it is read."""
    product = CHEWS.model_copy(update={"banned_claims": tuple(lines), "facts": tuple(lines), "hooks": tuple(lines)})
    for found in claims.check(Copy(headline=text, picture=(text,)), product, TODAY, foreign_brands=lines):
        assert found.words

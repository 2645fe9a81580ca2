"""One page has one address, whatever campaign tags lead to it; two products never share one."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viraltracker.creatives.landing.canonical import canonical_url


@pytest.mark.parametrize(
    ("link", "page"),
    [
        ("HTTPS://Shop.Example.COM:443", "https://shop.example.com/"),
        ("http://shop.test:80/a#reviews", "http://shop.test/a"),
        ("http://shop.test:8080/a", "http://shop.test:8080/a"),
        ("https://shop.test./a", "https://shop.test/a"),
        ("https://shop.test/Chews/", "https://shop.test/Chews/"),
        ("https://shop.test/Chews", "https://shop.test/Chews"),
        ("https://shop.test/?variant=2&color=red", "https://shop.test/?color=red&variant=2"),
        ("https://shop.test/p?utm_source=fb&UTM_Medium=paid&fbclid=IwAR&variant=2", "https://shop.test/p?variant=2"),
        ("https://shop.test/p?gclid=1&gbraid=2&wbraid=3&msclkid=4&ttclid=5&twclid=6&igshid=7", "https://shop.test/p"),
        ("https://shop.test/p?mc_cid=1&mc_eid=2&_hsenc=3&_hsmi=4&vero_id=5&hsa_cam=6", "https://shop.test/p"),
        ("https://shop.test/p?ad={{ad.id}}&set=%7B%7Badset.name%7D%7D&size=2", "https://shop.test/p?size=2"),
        ("https://shop.test/p?ad_id=7", "https://shop.test/p?ad_id=7"),
        ("https://shop.test/p?a=&b&&", "https://shop.test/p?a=&b"),
        ("https://shop.test/p?", "https://shop.test/p"),
        ("https://shop.test/caf%c3%a9%7E", "https://shop.test/caf%C3%A9~"),
        ("https://shop.test/café?q=a b", "https://shop.test/caf%C3%A9?q=a%20b"),
        ("https://shop.test/100%", "https://shop.test/100%25"),
        ("https://shop.test/a%2Fb", "https://shop.test/a%2Fb"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://XN--BCHER-KVA.example/", "https://xn--bcher-kva.example/"),
        ("http://[2A03:2880::1]:80/", "http://[2a03:2880::1]/"),
        ("http://[2a03:2880::1]:81/", "http://[2a03:2880::1]:81/"),
        ("  https://shop.test/\n", "https://shop.test/"),
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Fshop.test%2Fp%3Fv%3D1%26fbclid%3D2&h=x", "https://shop.test/p?v=1"),
        ("https://l.instagram.com/?u=https%3A%2F%2Fshop.test%2F", "https://shop.test/"),
        ("https://l.facebook.com/help", "https://l.facebook.com/help"),
    ],
)  # fmt: skip
def test_the_page_that_a_link_means(link: str, page: str) -> None:
    assert canonical_url(link) == page


@pytest.mark.parametrize(
    "link",
    [
        "",
        "shop.test/p",
        "mailto:shop@example.com",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://",
        "https://?q",
        "https://user:pass@shop.test/",
        "https://shop.test@evil.test/",
        "http://good.test\\@evil.test/",
        "https://shop .test/",
        "https://shop..test/",
        "https://-shop.test/",
        "https://shop.test:0/",
        "https://shop.test:99999/",
        "https://shop.test:x/",
        "http://[::1",
        "https://" + "a" * 300 + ".test/",
        "https://shop.test/" + "a" * 4000,
        "https://l.facebook.com/l.php?u=javascript%3Aalert(1)",
        "https://l.facebook.com/l.php?u=https://l.facebook.com/l.php?u=https://l.facebook.com/l.php?u=https://shop.test",
    ],
)  # fmt: skip
def test_what_is_no_page_on_the_web(link: str) -> None:
    assert canonical_url(link) is None


words = st.text(st.characters(codec="utf-8"), max_size=12)
parameters = st.lists(
    st.one_of(
        st.tuples(words, words).map("=".join),
        words,
        st.sampled_from(["utm_source=x", "fbclid=1", "size=2", "a=%2", "b=%35", "%7b%7b=1", "c={{ad.id}}", "d=+%20+"]),
    ),
    max_size=6,
)
links = st.builds(
    lambda scheme, host, path, query: f"{scheme}://{host}/{path}?{query}",
    st.sampled_from(["http", "https", "HTTPS"]),
    st.sampled_from(["shop.test", "Shop.Test:443", "bücher.example", "l.facebook.com", "[::1]", "127.0.0.1:8080"]),
    words,
    parameters.map("&".join),
)


@given(st.one_of(links, st.text()))
def test_the_address_of_an_address_is_itself(link: str) -> None:
    """Or one page would be two, and each run would fetch another one."""
    page = canonical_url(link)
    assert page is None or canonical_url(page) == page


@given(parameters.map(lambda given: [p for p in given if not set(p) & set("&#")]), st.randoms(use_true_random=False))
def test_the_order_of_parameters_does_not_matter(given: list[str], order: random.Random) -> None:
    shuffled = list(given)
    order.shuffle(shuffled)
    root = "https://shop.test/p?"
    assert canonical_url(root + "&".join([*given, "z"])) == canonical_url(root + "&".join([*shuffled, "z"]))

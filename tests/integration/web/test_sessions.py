"""Signing in over real HTTP: routes, cookies, renewal, and what other sites may not do."""

from __future__ import annotations

import re
from http.cookies import SimpleCookie

import httpx
import pytest

from viraltracker.store import client, members
from viraltracker.store.auth import Tokens
from viraltracker.web.sessions import COOKIE, Sessions, from_cookie, to_cookie

from .conftest import PASSWORD, Deployment, Submit

HTTPS = {"X-Forwarded-Proto": "https"}


def sign_in(
    deployment: Deployment, submit: Submit, email: str, password: str = PASSWORD
) -> tuple[httpx.Client, httpx.Response]:
    browser = deployment.browser()
    return browser, submit(browser, "/sign-in", email=email, password=password)


def text_of(answer: httpx.Response) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", answer.text, flags=re.DOTALL).split())


def link_path(deployment: Deployment, email: str) -> str:
    mail = [mail for mail in deployment.service.outbox if mail.to == email][-1]
    return mail.link("")


def open_link(deployment: Deployment, submit: Submit, email: str, password: str) -> tuple[httpx.Client, httpx.Response]:
    """Opens the newest mail's link in a new browser and sends its form."""
    browser = deployment.browser()
    shown = browser.get(link_path(deployment, email))
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown.text))
    return browser, submit(browser, "/confirm", password=password, **hidden)


@pytest.mark.parametrize("path", ["/", "/members?organization=x", "/ad_intelligence", "/nowhere"])
def test_every_page_leads_to_the_sign_in_and_back_to_the_page(
    deployment: Deployment, submit: Submit, organization: str, path: str
) -> None:
    email, browser = deployment.person("viewer", organization), deployment.browser()
    answer = browser.get(path)
    assert answer.status_code == 303
    asked = browser.get(answer.headers["location"])
    assert "Sign in" in asked.text
    assert "the page" not in asked.text
    hidden = re.findall(r'name="next" value="([^"]*)"', asked.text)
    arrived = submit(browser, "/sign-in", email=email, password=PASSWORD, **({"next": hidden[0]} if hidden else {}))
    assert (arrived.status_code, arrived.headers["location"]) == (303, path)
    assert browser.get(path).text == "the page"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    deployment: Deployment, submit: Submit, organization: str
) -> None:
    """And goes over https alone wherever the sign-in did."""
    email = deployment.person("viewer", organization)
    for headers, secure in (({}, ""), (HTTPS, True)):
        browser = deployment.browser(**headers)
        answer = submit(browser, "/sign-in", email=email, password=PASSWORD)
        flags = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
        assert (flags["httponly"], flags["samesite"], flags["path"], flags["secure"], flags["domain"]) == (
            True,
            "Lax",
            "/",
            secure,
            "",
        )
        assert int(flags["max-age"]) > 24 * 3600, "it survives the browser's end"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("known", "password"), [(True, "not hers at all"), (False, PASSWORD)], ids=["wrong password", "unknown address"]
)
def test_a_refused_sign_in_does_not_tell_who_has_an_account(
    deployment: Deployment, submit: Submit, known: bool, password: str
) -> None:
    email = deployment.person() if known else "nobody@example.com"
    browser, answer = sign_in(deployment, submit, email, password)
    assert answer.status_code == 403
    assert "The e-mail address or the password is wrong." in text_of(answer)
    assert COOKIE not in browser.cookies
    assert password not in answer.text


def test_too_many_attempts_are_said(deployment: Deployment, submit: Submit) -> None:
    deployment.service.busy = True
    _, answer = sign_in(deployment, submit, "somebody@example.com")
    assert answer.status_code == 429
    assert "wait a few minutes" in text_of(answer)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-site"}],
    ids=["none", "another site", "hidden", "a sister site"],
)
def test_forms_of_other_sites_are_refused(
    deployment: Deployment, submit: Submit, organization: str, headers: dict[str, str]
) -> None:
    """Neither signing somebody in as another, nor out, nor changing anything."""
    email = deployment.person("viewer", organization)
    browser, _ = sign_in(deployment, submit, email)
    if "Sec-Fetch-Site" in headers:
        headers = headers | {"Origin": deployment.url}
    mails = len(deployment.service.outbox)
    stranger = deployment.browser()
    for who, path, fields in (
        (stranger, "/sign-in", {"email": email, "password": PASSWORD}),
        (stranger, "/forgot", {"email": email}),
        (browser, "/sign-out", {}),
        (browser, "/password", {"password": "another long password"}),
        (browser, "/organization", {"name": "Mine"}),
    ):
        answer = who.post(path, data=fields, headers=headers)
        assert answer.status_code == 403, path
        assert "set-cookie" not in answer.headers, path
    assert browser.get("/").text == "the page"
    assert sign_in(deployment, submit, email)[1].status_code == 303, "the password is what it was"
    assert len(deployment.service.outbox) == mails


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "x"],
)
def test_the_sign_in_leads_nowhere_else(
    deployment: Deployment, submit: Submit, organization: str, elsewhere: str
) -> None:
    email, browser = deployment.person("viewer", organization), deployment.browser()
    assert "evil" not in browser.get("/sign-in", params={"next": elsewhere}).text
    answer = submit(browser, "/sign-in", email=email, password=PASSWORD, next=elsewhere)
    assert answer.headers["location"] == "/"


def test_a_session_is_renewed_before_it_ends_and_the_cookie_follows(
    deployment: Deployment, submit: Submit, organization: str, gateway: tuple[str, str], pool: httpx.Client
) -> None:
    """Also one that was renewed meanwhile by a page that stayed open, and also by a process that knew nothing of it."""
    deployment.service.access_seconds = 60  # always near its end
    email = deployment.person("viewer", organization)
    browser, _ = sign_in(deployment, submit, email)
    first = browser.cookies[COOKIE]
    deployment.service.access_seconds = 3600
    open_page = deployment.sessions.current(first)
    assert open_page is not None
    assert to_cookie(open_page) != first
    assert deployment.sessions.current(first) == open_page, "renewed once, however often it is asked for"

    picture = browser.get("/picture", headers={"Accept": "image/*"})
    assert from_cookie(SimpleCookie(picture.headers["set-cookie"])[COOKIE].value) == open_page
    assert browser.cookies[COOKIE] == to_cookie(open_page)
    assert "set-cookie" not in browser.get("/").headers
    restarted = Sessions(deployment.sessions.auth)
    assert restarted.current(browser.cookies[COOKIE]) == open_page


def test_a_stolen_old_token_ends_the_session(deployment: Deployment, submit: Submit, organization: str) -> None:
    """In a process that does not know it, so that the service itself must notice."""
    email = deployment.person("viewer", organization)
    browser, _ = sign_in(deployment, submit, email)
    stolen = from_cookie(browser.cookies[COOKIE])
    assert stolen is not None
    deployment.service.reuse_seconds = 0
    for _ in range(2):
        renewed = deployment.sessions.renewed(browser.cookies[COOKIE])
        assert renewed is not None
    elsewhere = Sessions(deployment.sessions.auth)
    assert elsewhere.renewed(to_cookie(stolen)) is None
    assert deployment.sessions.renewed(browser.cookies[COOKIE]) is None
    assert browser.get("/").headers["location"] == "/sign-in"


def test_nobody_comes_in_by_what_a_token_says_of_itself(
    deployment: Deployment, submit: Submit, organization: str
) -> None:
    """The claims of a signed-in person with another refresh token find nobody's session."""
    email = deployment.person("viewer", organization)
    browser, _ = sign_in(deployment, submit, email)
    real = from_cookie(browser.cookies[COOKIE])
    assert real is not None
    deployment.sessions.renewed(browser.cookies[COOKIE])
    forged = to_cookie(Tokens(access=f"{real.access.rsplit('.', 1)[0]}.AAAA", refresh="guessed-token"))
    assert deployment.sessions.newest(forged) == from_cookie(forged)
    assert deployment.sessions.renewed(forged) is None
    assert deployment.sessions.current("nonsense") is None


def test_signing_out_ends_the_session_here_and_at_the_service(
    deployment: Deployment, submit: Submit, organization: str
) -> None:
    email = deployment.person("viewer", organization)
    browser, _ = sign_in(deployment, submit, email)
    cookie = browser.cookies[COOKIE]
    other_browser, _ = sign_in(deployment, submit, email)
    assert browser.get("/sign-out").status_code == 200
    assert COOKIE in browser.cookies, "looking at the page does nothing"
    gone = submit(browser, "/sign-out")
    assert gone.headers["location"] == "/sign-in"
    assert COOKIE not in browser.cookies
    assert deployment.sessions.current(cookie) is None, "a page still open with the old cookie ends too"
    assert Sessions(deployment.sessions.auth).renewed(cookie) is None, "a copy of the cookie cannot be renewed"
    assert other_browser.get("/").text == "the page"


def test_a_forgotten_password_is_reset_by_the_mail_alone(
    deployment: Deployment, submit: Submit, organization: str
) -> None:
    """The link works once, is not used up by looking, ends other sessions, and its page says what is wrong."""
    email = deployment.person("viewer", organization)
    old, _ = sign_in(deployment, submit, email)
    browser = deployment.browser()
    said = text_of(submit(browser, "/forgot", email=email.upper()))
    assert text_of(submit(browser, "/forgot", email="nobody@example.com")) == said
    assert text_of(submit(browser, "/forgot", email=email)) == said, "asking again tells nothing either"
    browser.get(link_path(deployment, email))
    short = open_link(deployment, submit, email, "short")[1]
    assert short.status_code == 400
    assert "at least 8 characters" in text_of(short)

    browser, answer = open_link(deployment, submit, email, "a brand new password")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/").text == "the page"
    assert deployment.sessions.renewed(old.cookies[COOKIE]) is None
    assert sign_in(deployment, submit, email)[1].status_code == 403
    assert sign_in(deployment, submit, email, "a brand new password")[1].status_code == 303
    again = open_link(deployment, submit, email, "yet another password")[1]
    assert again.status_code == 403
    assert "ask for a new one" in text_of(again)


def test_an_invited_person_joins_by_mail_and_an_impostor_does_not(
    deployment: Deployment, submit: Submit, organization: str, pool: httpx.Client
) -> None:
    """Somebody else's sign-up with the invited address leaves them nothing, not even after it was confirmed."""
    owner = deployment.sessions.auth.sign_in(deployment.person("owner", organization), PASSWORD)
    db = client.connect(deployment.sessions.auth.url, deployment.sessions.auth.key, pool, jwt=owner.access)
    email = "newcomer@example.com"
    members.invite(db, organization, email, "editor")
    deployment.service.mail_seconds = 0
    with httpx.Client(base_url=deployment.sessions.auth.url, headers={"apikey": deployment.sessions.auth.key}) as http:
        assert http.post("/auth/v1/signup", json={"email": email, "password": "the impostor's"}).status_code == 200
    refused = sign_in(deployment, submit, email, "the impostor's")[1]
    assert "Confirm your address first" in text_of(refused)

    said = text_of(submit(deployment.browser(), "/join", email=email))
    assert text_of(submit(deployment.browser(), "/join", email=deployment.person())) == said
    browser, answer = open_link(deployment, submit, email, PASSWORD)
    assert answer.headers["location"] == "/"
    assert browser.get("/").text == "the page"
    assert {m.email: m.role for m in members.everybody(db, organization)}[email] == "editor"
    assert sign_in(deployment, submit, email, "the impostor's")[1].status_code == 403


def test_a_dead_service_is_said_and_does_not_sign_out(
    deployment: Deployment, submit: Submit, organization: str, pool: httpx.Client
) -> None:
    email = deployment.person("viewer", organization)
    browser, _ = sign_in(deployment, submit, email)
    deployment.service.busy = True
    cookie = browser.cookies[COOKIE]
    assert deployment.sessions.renewed(cookie) == from_cookie(cookie), "good until it ends"
    deployment.service.busy = False
    assert browser.get("/").text == "the page"

"""The pages around signing in, as plain HTML that works without script."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Literal

from viraltracker.store.auth import LONGEST_PASSWORD_BYTES, SHORTEST_PASSWORD

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Field:
    """A line to fill in; `hint` stands below it."""

    name: str
    label: str
    kind: Literal["email", "password", "text"]
    autocomplete: str
    hint: str = ""
    limits: str = ""


@dataclass(frozen=True)
class Form:
    """A page with one form that posts to `action`; `links` are (address, words) below it."""

    title: str
    lead: str
    action: str
    button: str
    fields: Sequence[Field] = ()
    links: Sequence[tuple[str, str]] = ()


EMAIL = Field("email", "E-mail", "email", "username", limits='maxlength="254"')
PASSWORD = Field("password", "Password", "password", "current-password")
NEW_PASSWORD = Field(
    "password",
    "New password",
    "password",
    "new-password",
    hint=f"At least {SHORTEST_PASSWORD} characters.",
    limits=f'minlength="{SHORTEST_PASSWORD}" maxlength="{LONGEST_PASSWORD_BYTES}"',
)
BACK = (("/sign-in", "Back to sign-in"),)

SIGN_IN = Form(
    "Sign in",
    "Your ad accounts, analysed.",
    "/sign-in",
    "Sign in",
    (EMAIL, PASSWORD),
    (("/forgot", "Forgotten your password?"), ("/join", "Invited? Join here")),
)
JOIN = Form(
    "Join",
    "Type the address that you were invited with. We mail you a link to choose your password.",
    "/join",
    "Send the link",
    (EMAIL,),
    BACK,
)
FORGOT = Form(
    "Forgotten your password?",
    "Type your address. We mail you a link to choose a new one.",
    "/forgot",
    "Send the link",
    (EMAIL,),
    BACK,
)
CONFIRM = Form(
    "Choose your password",
    "This confirms your address, and signs you in.",
    "/confirm",
    "Save and sign in",
    (NEW_PASSWORD,),
    BACK,
)
CHANGE = Form(
    "Choose your password",
    "Your other browsers are signed out.",
    "/password",
    "Save",
    (NEW_PASSWORD,),
    (("/", "Back to the app"),),
)
ORGANIZATION = Form(
    "Name your organisation",
    "You are the first here, so you become its owner. Everybody else joins by invitation.",
    "/organization",
    "Create",
    (Field("name", "Name", "text", "organization", limits='maxlength="200"'),),
)
SIGN_OUT = Form("Sign out", "This browser forgets you.", "/sign-out", "Sign out", (), (("/", "Back to the app"),))


def draw(
    form: Form,
    *,
    problem: str = "",
    done: str = "",
    given: Mapping[str, str] | None = None,
    hidden: Mapping[str, str] | None = None,
) -> str:
    """The page. `given` fills fields in again (never a password), `done` stands in the form's place."""
    notes = "".join(
        f'<p class="note {tone}" role="{role}">{escape(text)}</p>'
        for tone, role, text in (("bad", "alert", problem), ("good", "status", done))
        if text
    )
    links = "".join(f'<a href="{escape(address)}">{escape(words)}</a>' for address, words in form.links)
    lead = "" if done else f"<p>{escape(form.lead)}</p>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(form.title)} · ViralTracker</title>"
        f'<link rel="icon" href="{_picture("mark.svg")}"><style>{_style()}</style></head><body><main>'
        f'<img class="logo" src="{_picture("logo.svg")}" alt="ViralTracker"><section>'
        f"<h1>{escape(form.title)}</h1>{lead}{notes}{'' if done else _form(form, given or {}, hidden or {})}"
        f"{f'<nav>{links}</nav>' if links else ''}</section></main></body></html>"
    )


def _form(form: Form, given: Mapping[str, str], hidden: Mapping[str, str]) -> str:
    kept = "".join(f'<input type="hidden" name="{escape(n)}" value="{escape(v)}">' for n, v in hidden.items())
    first = next((field.name for field in form.fields if field.kind == "password" or not given.get(field.name)), "")
    fields = "".join(_field(field, given.get(field.name, ""), focus=field.name == first) for field in form.fields)
    return f'<form method="post" action="{form.action}">{kept}{fields}<button>{escape(form.button)}</button></form>'


def _field(field: Field, value: str, *, focus: bool) -> str:
    shown = "" if field.kind == "password" else f' value="{escape(value)}"'
    hint = f'<small id="{field.name}-hint">{escape(field.hint)}</small>' if field.hint else ""
    described = f' aria-describedby="{field.name}-hint"' if field.hint else ""
    return (
        f'<label for="{field.name}">{escape(field.label)}</label>'
        f'<input id="{field.name}" name="{field.name}" type="{field.kind}" autocomplete="{field.autocomplete}"'
        f" {field.limits} required{described}{shown}{' autofocus' if focus else ''}>{hint}"
    )


@cache
def _style() -> str:
    return (_HERE / "sign_in.css").read_text(encoding="utf-8")


@cache
def _picture(name: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode((_HERE / name).read_bytes()).decode()

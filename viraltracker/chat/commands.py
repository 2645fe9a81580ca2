"""What a line of the chat asks for, by rules: commands that begin with a slash, and plain phrases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

from viraltracker.chat import brand_names, periods, phrases
from viraltracker.chat.periods import Recurrence
from viraltracker.chat.phrases import COMMANDS, Name
from viraltracker.store.brands import Brand

Order = Literal["winners", "losers", "spend"]

LONGEST_LINE = 500


@dataclass(frozen=True)
class Intent:
    """One thing to do. `brand` and `days` are None where the line leaves them open, `subject` is an ad or a note."""

    name: Name
    brand: Brand | None = None
    days: int | None = None
    subject: str = ""
    number: int | None = None
    order: Order = "winners"
    job_type: str | None = None
    recurrence: Recurrence | None = None


@dataclass(frozen=True)
class Choice:
    """A way on: what its button says, and the line that it stands for."""

    label: str
    line: str


@dataclass(frozen=True)
class Unclear:
    """The line can mean several things, or nothing that is known; says so and offers choices."""

    sentence: str
    choices: tuple[Choice, ...] = ()


EXAMPLES = (
    Choice("What should I do?", "What should I do?"),
    Choice("Which ads are winning?", "Which ads are winning?"),
    Choice("How much did we spend last week?", "How much did we spend last week?"),
    Choice("Everything I can answer", "/help"),
)

_QUOTED = re.compile(r"[\"“”«»](?P<text>[^\"“”«»]{1,300})[\"“”«»]")
_EVERY_FEW = re.compile(r"\b(?:every|each)\s+\d")
_SPACES = re.compile(r"\s+")


def parse(line: str, brands: Sequence[Brand], current: Brand | None = None) -> Intent | Unclear:
    """What the line asks for. `current` is the brand the person looks at; it settles names that fit several brands."""
    text = _SPACES.sub(" ", line).strip()
    if not text or len(text) > LONGEST_LINE:
        sentence = "Ask me something." if not text else f"That is too long for me: at most {LONGEST_LINE} characters."
        return Unclear(sentence, EXAMPLES)
    command, text = _take_command(text)
    if isinstance(command, Unclear):
        return command
    if command in ("rec_done", "rec_ignore", "rec_note"):
        return _numbered(command, text)
    quoted = _QUOTED.search(text)
    subject = quoted["text"].strip() if quoted else ""
    bare = _QUOTED.sub(" ", text) if quoted else text
    brand, bare = _take_brand(line, bare, brands, current)
    if isinstance(brand, Unclear):
        return brand
    lowered = bare.casefold().strip()
    if command is None:
        lowered = phrases.spelled(lowered)
    windowless = _names_an_ad(command, lowered) or _EVERY_FEW.search(lowered)
    window, rest = (None, lowered) if windowless else periods.take_window(lowered)
    if window is not None and window.problem is not None:
        return _other_windows(window.problem)
    name = command or phrases.meant(rest)
    if name is None:
        return _unknown(rest, brand, window.days if window is not None else None)
    if name in ("rec_done", "rec_ignore", "rec_note"):
        return _numbered(name, bare)
    days = window.days if window is not None else None
    found = _complete(Intent(name, brand, days, subject), bare, rest, command is not None)
    if isinstance(found, Intent) and brand is None and name in ("analyze", "recommend"):
        stranger = _stranger(rest, command is not None)
        if stranger:
            return _no_such_brand(stranger, line, brands)
    return found


def _names_an_ad(command: Name | None, text: str) -> bool:
    """Whether what follows the command is an ad's name, in which days are no window; "/why last week" has none."""
    return command in ("why", "ad") and bool(periods.take_window(text)[1].strip())


def _take_command(text: str) -> tuple[Name | Unclear | None, str]:
    if not text.startswith("/"):
        return None, text
    word, _, rest = text[1:].partition(" ")
    wanted = word.casefold().replace("-", "_")
    if wanted in COMMANDS:
        return COMMANDS[wanted], rest.strip()
    near = get_close_matches(wanted, COMMANDS, n=2, cutoff=0.7)
    choices = tuple(Choice(f"/{other}", f"/{other} {rest}".strip()) for other in near) or EXAMPLES
    return Unclear(f"There is no command “/{word}”. /help lists those there are.", choices), rest


def _take_brand(
    line: str, bare: str, brands: Sequence[Brand], current: Brand | None
) -> tuple[Brand | Unclear | None, str]:
    """The brand that is named, and the line without its name."""
    found = brand_names.mentions(bare, brands)
    if not found:
        return None, bare
    first = next((mention for mention in found if mention.brand == current), found[0])
    if len(found) > 1 and first.brand != current:
        names = [mention.brand.name for mention in found]
        choices = tuple(
            Choice(
                mention.brand.name,
                line.replace(
                    bare[mention.start : mention.end],
                    mention.brand.id if names.count(mention.brand.name) > 1 else mention.brand.name,
                ),
            )
            for mention in found
        )
        return Unclear("Which brand do you mean?", choices), bare
    return first.brand, f"{bare[: first.start]} {bare[first.end :]}"


def _complete(intent: Intent, bare: str, rest: str, command: bool) -> Intent | Unclear:
    """The parts that only some intents have."""
    match intent.name:
        case "schedule":
            return _schedule(intent, rest)
        case "classify" | "sync" | "coverage":
            recurrence, _ = periods.take_recurrence(rest)
            return _schedule(intent, rest) if recurrence else intent
        case "top":
            number = re.search(r"\b(\d{1,2})\b", rest)
            count = int(number.group(1)) if number else None
            order: Order = "winners"
            if phrases.LOSERS.search(rest):
                order = "losers"
            elif phrases.SPENDERS.search(rest):
                order = "spend"
            return replace(intent, number=count, order=order)
        case "labels":
            kind = next((name for name, pattern in phrases.LABEL_KINDS if pattern.search(rest)), "")
            return replace(intent, subject=kind)
        case "why" if command and not intent.subject and not rest.strip(" ?!."):
            return replace(intent, name="moved")
        case "why" | "ad":
            return replace(intent, subject=intent.subject or _ad_in(bare, command))
        case "analyze" | "recommend" | "spend":
            number = re.search(r"(?:^|\s)(\d{1,2})(?:\s|$)", rest) if command and intent.days is None else None
            if number and not 1 <= int(number.group(1)) <= periods.LONGEST_DAYS:
                return Unclear(f"A window has 1 to {periods.LONGEST_DAYS} days.")
            return replace(intent, days=int(number.group(1)) if number else intent.days)
        case _:
            return intent


def _schedule(intent: Intent, rest: str) -> Intent | Unclear:
    recurrence, left = periods.take_recurrence(rest)
    job_type = next((name for name, pattern in phrases.JOBS if pattern.search(left)), None)
    if recurrence is None and job_type is None:
        return replace(intent, name="schedule")
    if recurrence is None or job_type is None:
        missing = "How often?" if recurrence is None else "What should run?"
        verb = {"meta_sync": "Sync", "ad_classification": "Classify", "ad_intelligence_analysis": "Analyze"}
        when = recurrence.words if recurrence else "every morning at 6"
        verbs = [verb[job_type]] if job_type else list(verb.values())
        choices = tuple(Choice(f"{word} {when}", f"{word} {when}") for word in verbs)
        return Unclear(f"{missing} For example “{choices[0].line.lower()}”.", choices)
    return replace(intent, name="schedule", job_type=job_type, recurrence=recurrence)


def _ad_in(bare: str, command: bool) -> str:
    """The ad's name in a question about one, as it was typed."""
    text = bare.strip(" ?!.")
    if command:
        return text
    match = next((match for pattern in phrases.AD if (match := pattern.search(text))), None)
    ad = match["ad"].strip() if match else ""
    return "" if ad.casefold() in ("it", "this", "that", "this ad", "that ad") else ad


def _numbered(name: Name, text: str) -> Intent | Unclear:
    match = re.search(r"(?<![\w.])#?(\d{1,3})\b[\s:,.–-]*(.*)$", text)
    if match is None:
        return Unclear(
            f"Which one? Say its number as in the list: “/{name} 2”.", (Choice("Show the list", "/recommend"),)
        )
    return Intent(name, subject=_words_after(name, match.group(2)), number=int(match.group(1)))


def _words_after(name: Name, text: str) -> str:
    """The reason or note behind the number; "mark 2 as done" has none."""
    return "" if name == "rec_done" else re.sub(r"(?i)^because\s+", "", text.strip())[:300]


def _stranger(rest: str, command: bool) -> str:
    """A name in the line that no brand has, for example the Foo Bar account."""
    match = phrases.ACCOUNT_OF.search(rest) or phrases.DOING.search(rest)
    text: str = match["name"] if match else rest if command else ""
    left = re.sub(r"[\W\d_]+", " ", phrases.FILLER.sub(" ", text)).strip()
    ours = all(word in brand_names.NOT_NAMES or word in phrases.EVERYDAY for word in left.split())
    return "" if ours or len(left) < brand_names.SHORTEST else left


def _no_such_brand(name: str, line: str, brands: Sequence[Brand]) -> Unclear:
    lowered = line.casefold()
    start = lowered.find(name)
    choices = tuple(
        Choice(
            brand.name,
            line[:start] + brand.name + line[start + len(name) :] if start >= 0 else f"/analyze {brand.name}",
        )
        for brand in brand_names.nearest(name, brands)[:5]
    )
    return Unclear(
        f"I know no brand “{name}”. Which one do you mean?" if choices else "There is no brand yet.", choices
    )


def _unknown(rest: str, brand: Brand | None, days: int | None) -> Unclear | Intent:
    """A brand or a window alone asks how it went."""
    if (brand or days) and not re.sub(r"[\W_]+", "", phrases.FILLER.sub(" ", rest)):
        return Intent("analyze", brand, days)
    return Unclear(
        "I did not understand that. I answer questions about the ad account from what is stored, for example:", EXAMPLES
    )


def _other_windows(problem: str) -> Unclear:
    choices = tuple(Choice(f"Last {days} days", f"/analyze last {days} days") for days in (7, 14, 30, 90))
    return Unclear(f"{problem} Which one fits?", choices)

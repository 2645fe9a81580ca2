"""The words of a landing page as a visitor sees them. The page is untrusted: whatever it is, reading ends soon."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Final

from viraltracker.creatives.input_hash import normalised

LONGEST_HTML: Final = 1_000_000
"""Characters read of a page without its scripts and styles; most pages have a tenth of it."""
LONGEST_TEXT: Final = 20_000
"""Characters kept of the text, as of any field that a reading sees."""
LONGEST_LINE: Final = 1_000
"""Characters kept of a title, a heading or a description."""
FOLD: Final = 600
"""Characters of text that a visitor sees before scrolling, about."""

MOST_ATTRIBUTES: Final = 40
"""Of one tag. The parser's time grows with their square: two megabytes of them in one tag would hold it for minutes."""
MOST_ELEMENTS: Final = 8_000
"""Above this the main text is not looked for, whose time grows faster than the page; all visible text counts."""

_HEADINGS: Final = 20
"""First-level headings looked at for one with words in it; a logo is often the first."""

_NEVER_SEEN: Final = frozenset(
    ("script", "style", "noscript", "template", "iframe", "object", "svg", "canvas", "math", "audio", "video", "head")
)
_BLOCKS: Final = frozenset(
    {
        "address", "article", "aside", "blockquote", "br", "button", "dd", "details", "div", "dl", "dt", "fieldset",
        "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main",
        "nav", "ol", "option", "p", "pre", "section", "summary", "table", "td", "th", "tr", "ul",
    }
)  # fmt: skip
_HIDING_STYLE = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0*(?:\.0+)?(?:px|r?em|pt|%)?\s*(?:!|;|$))",
    re.IGNORECASE,
)
# As HTML's own tokenizer sees attributes. Possessive, and a match wherever a tag begins, so that each character is
# looked at once or twice whatever the page is.
_ATTRIBUTE: Final = r"""(?:[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+))?+)"""
_TAG = re.compile(rf"(<[a-zA-Z][^\s/>]*+{_ATTRIBUTE}{{0,{MOST_ATTRIBUTES}}}+){_ATTRIBUTE}*+")
_UNSEEN_TEXT = re.compile(r"<!--|<(?:script|style)\b", re.IGNORECASE)


@dataclass(frozen=True)
class PageText:
    """What a page says, normalised; each part is empty where the page has none.

    `heading` is the first visible h1, `above_fold` the heading and the first 600 characters or so of the text.
    """

    title: str
    description: str
    heading: str
    text: str
    above_fold: str

    @property
    def is_empty(self) -> bool:
        """Nothing to read, as on a page that only its scripts would draw."""
        return not (self.heading or self.text)


def content_hash(page: PageText) -> str:
    """SHA-256, in hex, of what a reading sees, as canonical JSON: sorted keys, no spaces, UTF-8. Never of markup."""
    content = {name: value for name, value in asdict(page).items() if name != "above_fold"}
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def read_html(html: str, url: str) -> PageText:
    """The words of a page found at `url`: its main text without menus, or all visible text where no main text is found.

    Scripts, styles, comments and what is hidden by an attribute or an inline style never count. Never raises for what
    a page may hold; a page that is none at all is empty.
    """
    body = _parsed(html)
    if body is None:
        return PageText("", "", "", "", "")
    title = _line(_first(body, ".//head/title"))
    description = _line(_meta(body, "description") or _meta(body, "og:description"))
    title = title or _line(_meta(body, "og:title"))
    _drop_unseen(body)
    heading = next(filter(None, (_line(" ".join(_words(h1))) for h1 in islice(body.iter("h1"), _HEADINGS))), "")
    text = normalised(_main_text(body, url))[:LONGEST_TEXT] or normalised("".join(_words(body)))[:LONGEST_TEXT]
    return PageText(title, description, heading, text, _above_fold(heading, text))


def _parsed(html: str) -> Any:
    """The root element, or None for what is no page. `Any`: the parser's library has no types."""
    from lxml import etree  # type: ignore[import-untyped] # noqa: PLC0415 - takes its time, for this alone
    from lxml import html as lxml_html  # noqa: PLC0415

    clean = "".join(_seen(html.replace("\x00", "")))[:LONGEST_HTML]
    if not clean.strip():
        return None
    parser = lxml_html.HTMLParser(
        remove_comments=True, remove_pis=True, no_network=True, huge_tree=False, encoding="utf-8"
    )
    try:
        return lxml_html.document_fromstring(_TAG.sub(r"\1", clean).encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def _seen(html: str) -> Iterator[str]:
    """The page without comments, scripts and styles, which may hold what looks like tags; one pass."""
    done = 0
    while (found := _UNSEEN_TEXT.search(html, done)) is not None:
        yield html[done : found.start()]
        yield " "
        opening = found[0].lower()
        ending = _ENDINGS[opening].search(html, found.end())
        if ending is None:
            return
        done = ending.end()
    yield html[done:]


_ENDINGS: Final = {
    "<!--": re.compile("--!?>"),
    "<script": re.compile(r"</script[^>]*+>", re.IGNORECASE),
    "<style": re.compile(r"</style[^>]*+>", re.IGNORECASE),
}


def _first(root: Any, path: str) -> str:
    found = root.find(path)
    return "" if found is None else str(found.text_content())


def _meta(root: Any, name: str) -> str:
    for meta in root.iter("meta"):
        if (meta.get("name") or meta.get("property") or "").strip().lower() == name:
            return str(meta.get("content") or "")
    return ""


def _line(text: str) -> str:
    """Normalised, on one line."""
    return normalised(" ".join(text[: 4 * LONGEST_LINE].split()))[:LONGEST_LINE].strip()


def _drop_unseen(root: Any) -> None:
    """Empties what a visitor does not see. Taken out, its place would have to join the texts around it, each time."""
    for element in list(root.iter()):
        if isinstance(element.tag, str) and (element.tag in _NEVER_SEEN or _hidden(element)):
            element.clear(keep_tail=True)
            element.tag = "span"


def _hidden(element: Any) -> bool:
    get = element.get
    return (
        get("hidden") is not None
        or (get("aria-hidden") or "").strip().lower() == "true"
        or _HIDING_STYLE.search((get("style") or "")[:2_000]) is not None
    )


def _words(root: Any) -> Iterator[str]:
    """Text in the order of the page, a line break around each block; no recursion."""
    from lxml import etree  # noqa: PLC0415

    size = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        block = element.tag in _BLOCKS
        piece = element.text if event == "start" else (element.tail if element is not root else None)
        if block:
            yield "\n"
        if piece:
            size += len(piece)
            yield piece
        if size > 4 * LONGEST_TEXT:
            return


def _main_text(root: Any, url: str) -> str:
    """Trafilatura's main text, or an empty string where it finds none or would take too long."""
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        return ""
    import trafilatura  # noqa: PLC0415 - takes most of a second, and only pages need it
    from trafilatura.settings import Document  # noqa: PLC0415

    # It warns of each page without main text, which is no fault of ours.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    # Not its `extract`, which ends in an NFC of the whole text: runs of combining characters would hold that for
    # minutes, and they cannot be cut before, since it still replaces character references on the way.
    found = trafilatura.bare_extraction(
        root, url=url, fast=True, favor_recall=True, include_comments=False, include_tables=True
    )
    return (found.text or "") if isinstance(found, Document) else ""


def _above_fold(heading: str, text: str) -> str:
    """The heading and the beginning of the text, cut between words; the heading once."""
    start = text if text.startswith(heading) else f"{heading}\n{text}"
    longest = FOLD + len(heading)
    if len(start) <= longest:
        return start.strip()
    cut = start[: longest + 1]
    return (cut.rsplit(None, 1)[0] if len(cut.split()) > 1 else cut[:longest]).strip()

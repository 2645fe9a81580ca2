"""Which page a link means: its address without what only says who clicked.

Two ads that lead to one page with other campaign tags share it, so that it is fetched and read once.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, quote, unquote_plus, urlsplit

import httpx

LONGEST: Final = 4_000
"""Characters of an address; servers refuse longer ones."""

TRACKING_PREFIXES: Final = (
    "utm_",  # everybody's campaign tags
    "hsa_",  # HubSpot ads
    "vero_",  # Vero
    "mtm_",  # Matomo
    "matomo_",
    "piwik_",  # as Matomo was called
    "__hs",  # HubSpot's visitor
    "_hs",  # HubSpot's mails
    "_branch_",  # Branch
)
"""Names of parameters that begin so say where a visitor came from, never what a page shows."""

TRACKING: Final = frozenset(
    {
        # Meta
        "fbclid", "fb_action_ids", "fb_action_types", "fb_source", "fb_ref", "fbadid", "igsh", "igshid", "ig_rid",
        # Google
        "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "gad_source", "gad_campaignid", "srsltid", "_ga", "_gl",
        # Microsoft, TikTok, X, LinkedIn, Pinterest, Snapchat, Reddit, Yandex, Taboola, Outbrain
        "msclkid", "ttclid", "twclid", "li_fat_id", "epik", "sccid", "rdt_cid", "yclid", "ymclid", "ysclid",
        "tblci", "dicbo", "oborigurl",
        # Mail and analytics: Mailchimp, Klaviyo, Marketo, HubSpot, Omeda, Adobe, Wicked Reports, Impact
        "mc_cid", "mc_eid", "mc_tc", "_kx", "mkt_tok", "hsctatracking", "oly_anon_id", "oly_enc_id", "s_cid",
        "wickedid", "irclickid", "irgwc", "_openstat",
        "pk_campaign", "pk_kwd", "pk_keyword", "pk_source", "pk_medium", "pk_content", "pk_cid",
    }
)  # fmt: skip
"""Further names of parameters that only track, in lower case. A closed list: what is not in it may choose a product."""

_SHIMS: Final = frozenset({"l.facebook.com", "lm.facebook.com", "l.instagram.com"})
"""Meta's own doors out; the page behind stands in their parameter `u`."""
_SHIM_DEPTH: Final = 3

_BLANK: Final = " \t\r\n\f"
_PORTS: Final = {"http": 80, "https": 443}
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,30}|[0-9a-f:.]*:[0-9a-f:.]*")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PIECE = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~/:@!$&'()*+,;=?]")


def canonical_url(link: str) -> str | None:
    """The address of the page that a link leads to; None when it is no address on the web.

    Scheme and host in lower case, the host in IDNA; the default port, the fragment and the tracking parameters off,
    those included whose value is a placeholder for Meta to fill (`{{ad.id}}`); the remaining ones sorted, each spelt as
    it was, since they choose the product. Percent-encoding has one spelling. An empty path becomes `/`; any other
    keeps or lacks its last slash, because some servers answer to only one of the two. Applied to its own result it
    changes nothing. An address with a user or a password in it is None: it would not be a page for everybody.
    """
    target = link
    for _ in range(_SHIM_DEPTH):
        found = _behind_shim(target)
        if found is None:
            return _canonical(target)
        target = found
    return None


def _behind_shim(link: str) -> str | None:
    """The link in a link of Meta's door; None when it is not one."""
    try:
        parts = urlsplit(link.strip(_BLANK))
        if (parts.hostname or "") not in _SHIMS:
            return None
        return dict(parse_qsl(parts.query)).get("u")
    except ValueError:
        return None


def _canonical(link: str) -> str | None:
    try:
        parts = urlsplit(link.strip(_BLANK))
        scheme, port = parts.scheme.lower(), parts.port
        if scheme not in _PORTS or "@" in parts.netloc or not parts.hostname or port == 0:
            return None
        host = _idna(parts.hostname)
    except (ValueError, httpx.InvalidURL):
        return None
    if host is None:
        return None
    netloc = host if port is None or port == _PORTS[scheme] else f"{host}:{port}"
    path = _spelt(parts.path) or "/"
    query = "&".join(sorted(filter(_chooses, map(_spelt, parts.query.split("&")))))
    url = f"{scheme}://{netloc}{path}" + (f"?{query}" if query else "")
    return url if len(url) <= LONGEST else None


def _idna(hostname: str) -> str | None:
    """A host as name servers know it, an IPv6 address in brackets; None when there can be no such host."""
    bare = hostname.rstrip(".")
    host = httpx.URL(scheme="http", host=bare).raw_host.decode("ascii").lower()
    if not _HOST.fullmatch(host):
        return None
    return f"[{host}]" if ":" in host else host


def _spelt(text: str) -> str:
    """One spelling of percent-encoded text: what needs none has none, and hexadecimal digits are capitals."""
    return _PIECE.sub(_encoded, text)


def _encoded(found: re.Match[str]) -> str:
    piece = found[0]
    if len(piece) == 1:
        return quote(piece, safe="", errors="replace")
    character = chr(int(piece[1:], 16))
    return character if character in _UNRESERVED else piece.upper()


def _chooses(parameter: str) -> bool:
    """Whether a parameter says which page, and not who comes."""
    if not parameter:
        return False
    name, _, value = (unquote_plus(part) for part in parameter.partition("="))
    lowered = name.strip().lower()
    return not (lowered in TRACKING or lowered.startswith(TRACKING_PREFIXES) or ("{{" in value and "}}" in value))

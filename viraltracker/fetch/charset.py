"""Decodes a page's bytes by what the page says of itself, from a closed list of encodings.

Python knows codecs that are none of the web's (zip, rot13, unicode_escape, utf-7); a name from a page never reaches
them.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

_HEAD_BYTES: Final = 1024
"""A page has to name its encoding within these, as browsers want it."""

_BY_LABEL: Final = {
    **dict.fromkeys(("utf-8", "utf8", "unicode-1-1-utf-8"), "utf-8"),
    # What calls itself Latin-1 or ASCII is Windows-1252 on the web.
    **dict.fromkeys(("ascii", "us-ascii", "iso-8859-1", "iso8859-1", "latin1", "windows-1252", "cp1252"), "cp1252"),
    **dict.fromkeys(("iso-8859-9", "latin5", "windows-1254"), "cp1254"),
    **{f"iso-8859-{n}": f"iso8859_{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"windows-{n}": f"cp{n}" for n in (1250, 1251, 1253, 1255, 1256, 1257, 1258)},
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "x-gbk"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "windows-31j", "x-sjis"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "windows-949"), "cp949"),
    **dict.fromkeys(("utf-16", "utf-16le"), "utf-16-le"),
    "utf-16be": "utf-16-be",
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
    "koi8-r": "koi8_r",
    "koi8-u": "koi8_u",
    "macintosh": "mac_roman",
    "tis-620": "cp874",
    "windows-874": "cp874",
}

_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_IN_META = re.compile(rb"<meta\b[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)


def decoded(body: bytes, content_type: str) -> str:
    """The text of `body`: by its byte order mark, else the header's charset, else the page's own, else UTF-8 where it
    fits, else Windows-1252. What the encoding does not know becomes U+FFFD."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    declared = _declared(body, content_type)
    if declared is not None:
        return body.decode(declared, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def _declared(body: bytes, content_type: str) -> str | None:
    in_header = _IN_HEADER.search(content_type)
    if in_header is not None and (name := _BY_LABEL.get(in_header[1].lower())):
        return name
    in_meta = _IN_META.search(body[:_HEAD_BYTES])
    name = _BY_LABEL.get(in_meta[1].decode("ascii").lower()) if in_meta is not None else None
    # A page whose ASCII could be read so far is not in an encoding of two-byte units, whatever it says.
    return "utf-8" if name in {"utf-16-le", "utf-16-be"} else name

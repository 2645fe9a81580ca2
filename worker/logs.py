"""What the worker writes to its log: one JSON object a line, with the run and the job that it is about."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

Format = Literal["json", "text"]

_about: ContextVar[Mapping[str, str]] = ContextVar("about", default={})  # noqa: B039 - never changed, only replaced


@contextmanager
def about(**names: str) -> Iterator[None]:
    """Every line that this thread logs within says these names, for example `run_id`."""
    token = _about.set({**_about.get(), **names})
    try:
        yield
    finally:
        _about.reset(token)


TALKATIVE = ("httpx", "httpx2", "httpcore", "httpcore2", "anthropic", "google_genai", "apify_client")
"""Libraries that log each request, with addresses that work without a key, and at DEBUG what was sent."""


def set_up(level: str, style: Format, **everywhere: str) -> None:
    """Sends the process's log to stderr; `everywhere` stands in each line, for example `worker_id`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(everywhere) if style == "json" else TextLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


class JsonLines(logging.Formatter):
    """For machines that collect logs."""

    def __init__(self, everywhere: Mapping[str, str]) -> None:
        super().__init__()
        self._everywhere = dict(everywhere)

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever is in the message."""
        line: dict[str, str] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._everywhere,
            **_about.get(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class TextLines(logging.Formatter):
    """For a person at a terminal."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The message, then what it is about."""
        said = super().format(record)
        names = " ".join(f"{name}={value}" for name, value in _about.get().items())
        return f"{said} [{names}]" if names else said

"""Puts made ads into a channel of Slack, through Slack's own SDK: one message with a picture of all, and the zip.

Errors: https://docs.slack.dev/reference/methods/files.completeUploadExternal
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from viraltracker.creation import parcels
from viraltracker.creation.parcels import Parcel
from viraltracker.creation.sending import MayHaveArrived
from viraltracker.errors import ConfigurationError, RateLimited, Refused, Unavailable, ViralTrackerError
from viraltracker.store.deliveries import Kind

TIMEOUT_S: Final = 120
"""For one request; the zip goes up in one."""
USUAL_WAIT: Final = timedelta(seconds=60)
_CODE: Final = re.compile(r"[a-z_]{1,60}")

_BAD_TOKEN: Final = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type"}
)
_NO_CHANNEL: Final = frozenset({"channel_not_found", "not_in_channel", "invalid_channel"})
_LATER: Final = frozenset(
    {"service_unavailable", "team_added_to_org", "internal_error", "fatal_error", "request_timeout", "file_not_found"}
)
_PERHAPS_DONE: Final = frozenset({"service_unavailable", "internal_error", "fatal_error"})
"""Slack: "it's possible some aspect of the operation succeeded before the error was raised"."""


@dataclass(frozen=True)
class SlackChannel:
    """A channel that a bot is in. `url` is that of Slack's Web API."""

    token: str = field(repr=False)
    channel: str
    url: str
    kind: Kind = "slack"

    @property
    def to(self) -> tuple[str, ...]:
        """The channel's id."""
        return (self.channel,)

    def send(self, parcel: Parcel, delivery_id: str, begin: Callable[[], None]) -> str | None:  # noqa: ARG002 - Slack knows no id of ours
        """One message. What was uploaded is nobody's to see until it is shared with the channel, the last step."""
        files: list[dict[str, Any]] = [
            {"filename": parcel.zipped.file_name, "file": parcel.zipped.data, "title": parcel.zipped.file_name}
        ]
        if parcel.sheet is not None:
            shown = parcel.subject
            files.insert(0, {"filename": "ads.jpg", "file": parcel.sheet, "title": shown, "alt_txt": shown})
        client = _Client(
            begin, token=self.token, base_url=self.url, timeout=TIMEOUT_S, retry_handlers=[], logger=_mute()
        )
        try:
            client.files_upload_v2(channel=self.channel, initial_comment=message(parcel), file_uploads=files)
        except SlackApiError as error:
            raise self._said(error.response, client.begun) from None
        except (SlackClientError, OSError, HTTPException, ValueError) as error:
            if isinstance(error, HTTPError):
                error.close()  # it holds the connection that nobody reads to its end
            if client.begun:
                raise self._perhaps() from None
            raise Unavailable("Slack did not take the upload; it is tried again.") from None
        return None

    def _said(self, response: Any, begun: bool) -> ViralTrackerError:
        """The error of ours for an answer that is not ok. Nothing of its text is repeated but Slack's short code."""
        status = int(getattr(response, "status_code", 0))
        said = response.get("error") if isinstance(getattr(response, "data", None), dict) else None
        code = said if isinstance(said, str) and _CODE.fullmatch(said) else ""
        if status == 429 or code == "ratelimited":
            return RateLimited("Slack asks to wait; it is tried again after that.", retry_after=_wait(response.headers))
        if begun and (code in _PERHAPS_DONE or not code):
            return self._perhaps()
        if code in _LATER or not code:
            return Unavailable("Slack did not take the upload; it is tried again.")
        if code in _BAD_TOKEN:
            return ConfigurationError(
                f"Slack refused the token ({code}): copy the bot token of the app (xoxb-…) to SLACK_BOT_TOKEN and "
                "start the worker again."
            )
        if code == "missing_scope":
            return ConfigurationError(
                "The Slack app may not upload files: give its bot the scope files:write, install it again, and copy "
                "the token that makes to SLACK_BOT_TOKEN."
            )
        if code in _NO_CHANNEL:
            return ConfigurationError(
                f"Slack does not let the bot into the channel {self.channel} ({code}): type /invite and the app's name "
                "there, and see that SLACK_CHANNEL is the channel's id."
            )
        if code == "is_archived":
            return ConfigurationError(
                f"The channel {self.channel} is archived: set SLACK_CHANNEL to another one, or bring it back in Slack."
            )
        return Refused(f"Slack refused the upload ({code}); ask an administrator of the workspace.")

    def _perhaps(self) -> MayHaveArrived:
        return MayHaveArrived(
            f"The connection to Slack broke at the last step, so it may have been sent: look into the channel "
            f"{self.channel}, and send it again from New ads if it is not there."
        )


class _Client(WebClient):
    """Slack's client, which says before it shares: `begun` is True from then on."""

    def __init__(self, begin: Callable[[], None], **options: Any) -> None:
        super().__init__(**options)
        self._begin = begin
        self.begun = False

    def files_completeUploadExternal(self, **arguments: Any) -> SlackResponse:  # noqa: N802 - Slack's name
        self._begin()
        self.begun = True
        return super().files_completeUploadExternal(**arguments)


def message(parcel: Parcel) -> str:
    """The message's text in Slack's own markup."""
    lines = [f"*{_plain(parcel.counted)}* of {_plain(parcel.product)} for {_plain(parcel.brand)}", ""]
    lines += [f"{place}. {_plain(ad.headline)} · `{ad.token}`" for place, ad in enumerate(parcel.ads, start=1)]
    lines += ["", "Keep the token in the ad's name at Meta: results find their way back by it."]
    lines += [f"_{_plain(label)}_" for label in parcel.made_how]
    lines.append(f"<{_plain(parcel.link)}|Open on New ads>" if parcel.link else _plain(parcel.without_link))
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text from outside: no link, no mention of a channel or a person."""
    return parcels.one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _wait(headers: Any) -> timedelta:
    said = next((str(value) for name, value in dict(headers).items() if name.lower() == "retry-after"), "")
    return timedelta(seconds=min(int(said), 3600)) if said.isdigit() else USUAL_WAIT


def _mute() -> logging.Logger:
    """Slack's client logs what it sends and what it got; what matters of that is in the delivery."""
    logger = logging.Logger("slack", logging.CRITICAL)
    logger.disabled = True
    return logger

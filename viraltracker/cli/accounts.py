"""connect: an ad account and its token, checked with Meta before anything is stored."""

from __future__ import annotations

import re
import sys
from typing import Annotated, Final

import httpx
import typer

from viraltracker import settings
from viraltracker.cli import output, session
from viraltracker.cli.app import JsonOption, app
from viraltracker.errors import BadInput, NeedsReauth
from viraltracker.meta.client import GraphClient, Row
from viraltracker.settings import Settings
from viraltracker.store import accounts, brands

_ACCOUNT: Final = re.compile(r"(?:act_)?([0-9]{1,20})")


@app.command()
def connect(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="act_… as in the address of Ads Manager.")],
    brand: Annotated[str, typer.Option(help="The brand it belongs to; made when it is missing.")],
    as_json: JsonOption = False,
) -> None:
    """Connect an ad account, or give a connected one a new token.

    The token is read from META_ACCESS_TOKEN, or asked for without showing it. It needs the permission ads_read.
    """
    found = _ACCOUNT.fullmatch(account.strip())
    if found is None:
        raise typer.BadParameter("an ad account is act_ and its number, as in the address of Ads Manager")
    account_id = f"act_{found[1]}"
    configured = settings.load()
    token = configured.meta_access_token or _asked_token()
    seen = _checked(configured, account_id, token)
    with session.opened() as opened:
        owner = brands.ensure(opened.db, brand)
        known = {each.account_id: each.source for each in accounts.of_brand(opened.service, owner.id)}
        if known.get(account_id) == "demo":
            raise BadInput(f"{account_id} is the demo account of {owner.name}; it needs no token.")
        accounts.connect(opened.service, owner.id, account_id, source="meta", access_token=token)
    answer = {
        "brand": owner.name,
        "account_id": account_id,
        "name": seen.get("name"),
        "currency": seen.get("currency"),
        "timezone": seen.get("timezone_name"),
    }
    if as_json:
        output.print_json(answer)
        return
    output.say(f"{answer['name'] or account_id} ({answer['currency']}, {answer['timezone']}) is connected.")
    output.say(f'Read it with `viraltracker jobs create meta_sync --brand "{owner.name}"` and a running worker.')


def _asked_token() -> str:
    if not sys.stdin.isatty():
        raise BadInput("There is no access token: set META_ACCESS_TOKEN, or run this on a terminal to be asked for it.")
    typed: str = typer.prompt("Access token", hide_input=True, err=True)
    return typed.strip()


def _checked(configured: Settings, account_id: str, token: str) -> Row:
    """The account as Meta shows it to this token. Raises BadInput for a token that does not work."""
    timeout = httpx.Timeout(configured.meta_read_timeout, connect=configured.meta_connect_timeout)
    with (
        httpx.Client(timeout=timeout) as http,
        GraphClient(
            configured.meta_graph_url,
            configured.meta_api_version,
            token,
            http=http,
            app_secret=configured.meta_app_secret,
            timeout=timeout,
        ) as graph,
    ):
        try:
            return graph.account(account_id)
        except NeedsReauth as error:
            raise BadInput(
                f"Meta does not take this access token for {account_id}: make a new one with ads_read and try again."
            ) from error

"""The Graph API of an ad account, as a handler reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from viraltracker.errors import BadInput, ConfigurationError, NeedsReauth
from viraltracker.fetch.address_policy import AddressPolicy
from viraltracker.jobs.context import JobContext
from viraltracker.meta.client import GraphClient
from viraltracker.store import accounts
from viraltracker.store.accounts import AdAccount

_NO_SANDBOX = "The demo account needs the sandbox, which only the embedded stack starts: run `viraltracker up`."


def accounts_of(context: JobContext) -> list[AdAccount]:
    """The brand's accounts; BadInput when none is connected."""
    found = accounts.of_brand(context.db, context.brand_id)
    if not found:
        raise BadInput("This brand has no ad account: connect one, load the demo, or import a file.")
    return found


@contextmanager
def client(context: JobContext, account: AdAccount) -> Iterator[GraphClient]:
    """A client for the account's token, or META_ACCESS_TOKEN where it has none; it stops with the run.

    The demo account lives in the sandbox, whose exact address the process that started it handed to this worker; it is
    the only local address downloads may go to, and never comes from a row.
    """
    services = context.services
    token = account.access_token
    if token is None and account.source == "meta":
        token = services.settings.meta_access_token
    if token is None:
        raise NeedsReauth(f"There is no access token for {account.account_id}; connect the account again.")
    if account.source == "demo":
        if services.sandbox_url is None:
            raise ConfigurationError(_NO_SANDBOX)
        base_url, policy = services.sandbox_url, AddressPolicy(allowed_local=_local(services.sandbox_url))
        secret = None
    else:
        base_url, policy, secret = services.settings.meta_graph_url, AddressPolicy(), services.settings.meta_app_secret
    with GraphClient(
        base_url,
        services.settings.meta_api_version,
        token,
        http=services.http,
        app_secret=secret,
        timeout=httpx.Timeout(services.settings.meta_read_timeout, connect=services.settings.meta_connect_timeout),
        policy=policy,
        guard=context.guard,
    ) as graph:
        yield graph


@contextmanager
def library_client(context: JobContext) -> Iterator[GraphClient]:
    """A client for the public Ad Library, with the token of one of the brand's accounts, or META_ACCESS_TOKEN."""
    found = accounts.of_brand(context.db, context.brand_id)
    with_token = [account for account in found if account.access_token is not None]
    for account in with_token or found:
        with client(context, account) as graph:
            yield graph
        return
    if context.services.settings.meta_access_token is None:
        raise ConfigurationError(
            "Searching the Ad Library needs an access token: connect an ad account, set META_ACCESS_TOKEN for the "
            "worker, or upload an export on Templates."
        )
    anybody = AdAccount(context.brand_id, "the Ad Library", "meta", None, None, "active", None)
    with client(context, anybody) as graph:
        yield graph


def is_demo(context: JobContext) -> bool:
    """Whether the brand has the demo's account, and no other."""
    found = accounts.of_brand(context.db, context.brand_id)
    return bool(found) and all(account.source == "demo" for account in found)


def page_addresses(context: JobContext) -> AddressPolicy:
    """Where the brand's landing pages may be fetched: public addresses, and for the demo alone its own shop's.

    The demo's shop is at the sandbox, whose exact address the process that started it handed to this worker. A brand
    with any other account than the demo's has no such exception: its ads' links are somebody else's words.
    """
    if not is_demo(context):
        return AddressPolicy()
    if context.services.sandbox_url is None:
        raise ConfigurationError(_NO_SANDBOX)
    return AddressPolicy(allowed_local=_local(context.services.sandbox_url))


def _local(url: str) -> frozenset[tuple[str, int]]:
    parts = urlsplit(url)
    if parts.hostname is None or parts.port is None:
        raise ConfigurationError("The sandbox's address needs a host and a port.")
    return frozenset({(parts.hostname, parts.port)})

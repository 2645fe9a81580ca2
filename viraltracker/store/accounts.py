"""Ad accounts, their tokens, and the freshness of what was fetched from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from viraltracker.store.client import Database

Dataset = Literal["insights", "ads", "assets", "classification", "analysis"]


@dataclass(frozen=True)
class AdAccount:
    """An `ad_accounts` row with its token, which only the worker's key can read."""

    brand_id: str
    account_id: str
    source: Literal["meta", "demo"]
    currency: str | None
    timezone: str | None
    status: str
    access_token: str | None = field(repr=False)


def of_brand(db: Database, brand_id: str) -> list[AdAccount]:
    """The brand's accounts with their tokens; for the worker alone."""
    rows = db.rows("ad_accounts", where={"brand_id": brand_id}, key="account_id")
    secrets = {
        row["account_id"]: row["access_token"]
        for row in db.rows("ad_account_secrets", where={"brand_id": brand_id}, key="account_id")
    }
    return [
        AdAccount(
            brand_id=row["brand_id"],
            account_id=row["account_id"],
            source=row["source"],
            currency=row["currency"],
            timezone=row["timezone"],
            status=row["status"],
            access_token=secrets.get(row["account_id"]),
        )
        for row in rows
    ]


def connect(db: Database, brand_id: str, account_id: str, *, source: str, access_token: str) -> None:
    """Adds an account and its token, or replaces the token of one that is there."""
    key = "brand_id,account_id"
    account = {"brand_id": brand_id, "account_id": account_id, "source": source, "status": "active"}
    db.upsert("ad_accounts", account, on_conflict=key)
    secret = {"brand_id": brand_id, "account_id": account_id, "access_token": access_token}
    db.upsert("ad_account_secrets", secret, on_conflict=key)


def connect_as_person(db: Database, brand_id: str, account_id: str, access_token: str) -> None:
    """Adds a Meta ad account (`act_…`), or gives one that is there a new token, which nobody but the worker reads.

    Raises BadInput for an id or a token of the wrong form, Refused for a brand this identity may not write.
    """
    db.call("connect_account", p_brand=brand_id, p_account_id=account_id, p_token=access_token)


def update(db: Database, account: AdAccount, **fields: object) -> None:
    """Sets columns of the account's row, for example its currency or `status` and `status_reason`."""
    where = {"brand_id": account.brand_id, "account_id": account.account_id}
    db.update("ad_accounts", {**fields, "updated_at": "now()"}, where=where)


def note_dataset(db: Database, account: AdAccount, dataset: Dataset, error: str | None = None) -> None:
    """Records an attempt; without an error also the success."""
    db.call(
        "note_dataset",
        p_brand=account.brand_id,
        p_account=account.account_id,
        p_dataset=dataset,
        p_error=error,
    )


def snapshot_days(db: Database, account: AdAccount, *, since: date, seen_on: date) -> None:
    """Keeps what the account's days look like now, for the maturity of late purchases."""
    db.call(
        "snapshot_days",
        p_brand=account.brand_id,
        p_account=account.account_id,
        p_from=since,
        p_seen_on=seen_on,
    )

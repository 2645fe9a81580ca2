"""Packs the approved ads of a run, and sends them to Slack or by e-mail, each order once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from viraltracker import addresses, clock, settings
from viraltracker.errors import BadInput, ConfigurationError
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import ASKED_ELSEWHERE, JobType, Parameters, Result
from viraltracker.settings import Settings
from viraltracker.store import brands, creations, deliveries
from viraltracker.store.deliveries import Kind

if TYPE_CHECKING:
    from viraltracker.creation.deliveries import Outcome, SenderOf
    from viraltracker.creation.parcels import Parcel, Zipped
    from viraltracker.creation.products import Product
    from viraltracker.creation.sending import Sender

UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
KINDS: dict[str, tuple[Kind, ...]] = {"zip": (), "slack": ("slack",), "email": ("email",), "all": ("slack", "email")}

MOST_TRIED_AGAIN = 100
"""Times that anybody tries one delivery again."""


class AdDelivery(Parameters):
    """Parameters of `ad_delivery`. Runs with the same `order` are one: nothing of it is sent twice."""

    creation_run: str | None = Field(
        None, pattern=UUID, title="Run of made ads", description="Its id; the brand's newest unless given."
    )
    to: Literal["zip", "slack", "email", "all"] = Field(
        "all", title="Where to", description="zip packs only; all is Slack and e-mail."
    )
    recipients: str | None = Field(
        None,
        max_length=1000,
        title="Mail to",
        description="Addresses with commas between, at most 10; those of MAIL_TO unless given.",
    )
    order: str | None = Field(
        None, pattern=UUID, title="Order", description="Whose parts are sent once.", json_schema_extra=ASKED_ELSEWHERE
    )

    @model_validator(mode="after")
    def _can_be_mailed(self) -> Self:
        addresses.several(self.recipients or "")
        return self


def follow(context: JobContext, creation_run: str, to: str, recipients: str | None) -> None:
    """Sends the ads that this job makes, once it has succeeded; says beforehand what is not set up."""
    for kind in KINDS[to]:
        missing = not_set(context.services.settings, kind)
        if missing:
            context.log(f"{_not_set_up(kind, missing)} The ads are made all the same.", level="warning", step="export")
    context.chain(
        TYPE.name,
        "Send new ads",
        {"creation_run": creation_run, "to": to, "recipients": recipients, "order": context.run_key},
    )


def not_set(configured: Settings, kind: Kind) -> list[str]:
    """Names of the variables that sending this way needs and that are not set."""
    values: dict[str, object] = {
        "SLACK_BOT_TOKEN": configured.slack_bot_token,
        "SLACK_CHANNEL": configured.slack_channel,
        "SMTP_URL": configured.smtp_url,
        "MAIL_FROM": configured.mail_from,
    }
    return [name for name in (settings.SLACK if kind == "slack" else settings.MAIL) if values[name] is None]


def run(context: JobContext, parameters: AdDelivery) -> Result:
    """What was packed, and how each delivery ended. Fails, with the reasons, where one was not sent."""
    from viraltracker.creation import deliveries as dispatching

    made = deliveries.run(context.db, context.brand_id, parameters.creation_run)
    kinds = KINDS[parameters.to]
    packing = _Packing(context, made, must_store=not kinds)
    if not kinds:
        packing.pack()
    claimed = context.control.run
    outcomes = dispatching.Dispatch(
        context.db,
        context.brand_id,
        made["id"],
        parameters.order or _first(context),
        context.run_key,
        context.guard,
        last=claimed.attempt >= claimed.max_attempts,
    ).send(packing.parcel, {kind: _sender_of(context, kind, parameters) for kind in kinds})
    for outcome in outcomes:
        _say(context, outcome)
    dispatching.raise_for(outcomes)
    return {"creation_run": made["id"]} | packing.counts | {outcome.kind: outcome.state for outcome in outcomes}


def _first(context: JobContext) -> str:
    """The run that this one tries again, however often: the same order, which is sent once."""
    run = context.run_key
    for _ in range(MOST_TRIED_AGAIN):
        rows = context.db.rows("scheduled_job_runs", columns="id,retry_of", where={"id": run})
        if not rows or rows[0]["retry_of"] is None:
            break
        run = rows[0]["retry_of"]
    return run


class _Packing:
    """The run's approved ads as they are now, packed when they are first asked for."""

    def __init__(self, context: JobContext, made: dict[str, Any], *, must_store: bool) -> None:
        self._context, self._made, self.must_store = context, made, must_store
        self.counts: dict[str, Any] = {}

    def pack(self) -> tuple[Product, list[dict[str, Any]], Zipped]:
        """Packs and stores them, and notes the zip with the run."""
        from viraltracker.creation import export, parcels, products

        context, made = self._context, self._made
        context.guard()
        context.progress(0, 1, "packing")
        every = products.of_brand(context.db, context.brand_id)
        product = next((each for each in every if each.id == made["product_id"]), None)
        if product is None:
            raise BadInput("The product of this run is gone.")
        ads = creations.gallery(context.db, context.brand_id, made["id"])["ads"]
        packed = parcels.zipped(
            context.services.storage,
            context.brand_id,
            product,
            ads,
            run_id=made["id"],
            destination_url=made["parameters"].get("destination_url"),
        )
        if packed.storage_key is None:
            if self.must_store:
                raise BadInput(f"The zip was not stored: {packed.lost}")
            context.log(f"The zip was not stored: {packed.lost}", level="warning", step="export")
        else:
            deliveries.note_export(context.db, context.brand_id, made["id"], packed.as_export(clock.now()))
        held_back = sum(ad["status"] == "approved" and export.held_back(ad) for ad in ads)
        self.counts = {"ads": len(packed.tokens), "held_back": held_back, "exports": [packed.file_name]}
        context.progress(1, 1, "packing")
        return product, ads, packed

    def parcel(self) -> Parcel:
        """What is sent of them."""
        from viraltracker.creation import parcels

        context, made = self._context, self._made
        product, ads, packed = self.pack()
        return parcels.parcel(
            context.services.storage,
            ads,
            packed,
            brand=brands.get(context.db, context.brand_id).name,
            product=product,
            run=made,
            url=parcels.link(context.services.settings.app_url, context.brand_id, made["id"]),
        )


def _sender_of(context: JobContext, kind: Kind, parameters: AdDelivery) -> SenderOf:
    return partial(_sender, context.services.settings, kind, parameters.recipients)


def _sender(configured: Settings, kind: Kind, recipients: str | None) -> Sender:
    from viraltracker.creation.mail import Mailer
    from viraltracker.creation.slack import SlackChannel

    missing = not_set(configured, kind)
    if missing:
        raise ConfigurationError(_not_set_up(kind, missing))
    if kind == "slack":
        return SlackChannel(configured.slack_bot_token or "", configured.slack_channel or "", configured.slack_url)
    to = addresses.several(recipients or "") or configured.mail_to
    if not to or configured.mail_from is None:
        raise ConfigurationError("There is nobody to mail to: name recipients, or set MAIL_TO for the worker.")
    return Mailer(addresses.mail_server(configured.smtp_url or ""), configured.mail_from, to)


def _not_set_up(kind: Kind, missing: list[str]) -> str:
    named = {"slack": "Slack", "email": "E-mail"}[kind]
    return f"{named} is not set up: set {' and '.join(missing)} for the worker, and start it again."


def _say(context: JobContext, outcome: Outcome) -> None:
    from viraltracker.creation.deliveries import NAMES

    name = NAMES[outcome.kind]
    if outcome.error is not None:
        context.log(f"{name}: {outcome.error.message}", level="warning", step=outcome.kind)
        return
    context.log(
        f"{name}: sent to {', '.join(outcome.to)}" if outcome.to else f"{name}: was sent before", step=outcome.kind
    )
    if outcome.note:
        context.log(f"{name}: {outcome.note}", level="warning", step=outcome.kind)


TYPE = JobType(
    name="ad_delivery",
    label="Send new ads",
    icon=":material/outbox:",
    description="Packs the approved ads of a run as a zip, and sends them to Slack or by e-mail.",
    parameters=AdDelivery,
    run=run,
)

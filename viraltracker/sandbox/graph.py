"""The Graph API of the sandbox: what a call is answered, apart from HTTP.

Nodes and edges as Meta serves them: `{node}`, `{account}/ads`, `/insights` (direct and as report runs),
`/adimages`, `?ids=`, and batches.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit

from viraltracker.sandbox import ad_library, filtering, graph_errors
from viraltracker.sandbox import fields as field_lists
from viraltracker.sandbox.demo import catalog, competitors
from viraltracker.sandbox.demo.account import DemoAccount, build_account
from viraltracker.sandbox.demo.competitors import CompetitorAd
from viraltracker.sandbox.demo.roster import AdPlan
from viraltracker.sandbox.faults import Fault
from viraltracker.sandbox.fields import Node
from viraltracker.sandbox.graph_errors import GraphError
from viraltracker.sandbox.insights import InsightsQuery, InsightsTable, read_query
from viraltracker.sandbox.links import Clock as NowClock
from viraltracker.sandbox.links import SignedLinks
from viraltracker.sandbox.objects import Objects, picture_library
from viraltracker.sandbox.paging import page_json

_VERSION = re.compile(r"v\d+\.\d+")
_BATCH_LIMIT = 50
_STATUSES_HIDDEN_UNASKED = frozenset({"ARCHIVED", "DELETED"})
"""Left out of an edge unless `effective_status` names them, as Meta does."""


class Clock(NowClock, Protocol):
    """What the sandbox needs from `viraltracker.clock`."""

    def today(self, zone: str) -> date:
        """The calendar day in an IANA zone."""


@dataclass(frozen=True)
class Call:
    """One Graph call; `path` without host and leading slash, `params` from query and body together."""

    method: str
    path: str
    params: Mapping[str, str]
    base_url: str
    token: str | None


@dataclass
class Report:
    """An asynchronous insights run; every poll moves it on, the third finds it completed."""

    report_id: str
    query: InsightsQuery
    polls: int = 0
    outcome: str = "completed"


class GraphApi:
    """Answers calls for the demo account as it is on the clock's present day, to the holder of `token`."""

    def __init__(
        self, clock: Clock, links: SignedLinks, *, until: date | None = None, token: str = catalog.TOKEN
    ) -> None:
        self._clock = clock
        self._links = links
        self._fixed_until = until
        self._token = token
        self._built: tuple[date, DemoAccount, InsightsTable] | None = None
        self._lock = threading.Lock()
        self._reports: dict[str, Report] = {}
        self._report_ids = itertools.count(6023920149050001)

    def account(self) -> tuple[DemoAccount, InsightsTable]:
        """The account up to yesterday (its own zone), built once a day."""
        today = self.today()
        with self._lock:
            if self._built is None or self._built[0] != today:
                account = build_account(self._fixed_until or today - timedelta(days=1), as_of=today)
                self._built = (today, account, InsightsTable(account))
            return self._built[1:]

    def today(self) -> date:
        """The account's present day."""
        return self._clock.today(catalog.TIME_ZONE)

    def answer(self, call: Call, fault: Fault | None = None) -> str:
        """The JSON text of a successful answer; raises GraphError for every other."""
        path = [part for part in call.path.split("/") if part]
        if path and _VERSION.fullmatch(path[0]):
            path = path[1:]
        if call.token is None:
            raise graph_errors.no_token()
        if call.token != self._token:
            raise graph_errors.bad_token()
        if not path:
            if call.method == "POST" and "batch" in call.params:
                return self._batch(call, fault)
            if "ids" in call.params:
                return json.dumps(self._many(call, fault))
            raise graph_errors.GraphError(2500, "An active access token must be used to query information", 400)
        if path == ["ads_archive"]:
            return self._archive(call, fault)
        if len(path) == 1:
            return json.dumps(self._node(path[0], call, fault))
        if len(path) == 2:
            return self._edge(path[0], path[1], call, fault)
        raise graph_errors.GraphError(2500, f"Unknown path components: /{'/'.join(path[2:])}")

    def _batch(self, call: Call, fault: Fault | None) -> str:
        try:
            parts = json.loads(call.params["batch"])
        except ValueError:
            raise graph_errors.invalid_parameter("batch parameter must be a JSON array") from None
        if len(parts) > _BATCH_LIMIT:
            raise graph_errors.invalid_parameter(
                f"Too many requests in batch message. Maximum batch size is {_BATCH_LIMIT}"
            )
        missing = set(fault.options.get("indexes", [0])) if fault and fault.kind == "null_batch_entries" else set()
        with_headers = call.params.get("include_headers", "true") != "false"
        replies: list[dict[str, object] | None] = []
        for index, part in enumerate(parts):
            if index in missing:
                replies.append(None)
                continue
            url = urlsplit(part["relative_url"])
            params = dict(parse_qsl(url.query, keep_blank_values=True))
            params |= dict(parse_qsl(part.get("body", ""), keep_blank_values=True))
            inner = Call(part["method"], url.path, params, call.base_url, params.get("access_token", call.token))
            try:
                status, body = 200, self.answer(inner, fault)
            except GraphError as error:
                status, body = error.status, json.dumps(error.payload("A" + "bQ" * 10))
            reply: dict[str, object] = {"code": status, "body": body}
            if with_headers:
                reply["headers"] = [{"name": "Content-Type", "value": "application/json"}]
            replies.append(reply)
        return json.dumps(replies)

    def _many(self, call: Call, fault: Fault | None) -> dict[str, object]:
        ids = [part.strip() for part in call.params["ids"].split(",") if part.strip()]
        if len(ids) > _BATCH_LIMIT:
            raise graph_errors.invalid_parameter(f"Too many IDs. Maximum: {_BATCH_LIMIT}. Provided: {len(ids)}.")
        return {object_id: self._node(object_id, call, fault) for object_id in ids}

    def _objects(self, call: Call) -> Objects:
        return Objects(self.account()[0], self._links, call.base_url)

    def _node(self, object_id: str, call: Call, fault: Fault | None) -> dict[str, object]:
        if call.method != "GET":
            raise graph_errors.GraphError(3, "(#3) Application does not have the capability to make this API call.")
        if object_id in self._reports:
            return self._poll(self._reports[object_id])
        node = self._find(object_id, self._objects(call), fault)
        if node is None:
            raise graph_errors.unknown_object(object_id)
        wanted = field_lists.parse(call.params.get("fields", "id"))
        return field_lists.project(node, wanted)

    def _find(self, object_id: str, objects: Objects, fault: Fault | None) -> Node | None:
        with_source = not (fault and fault.kind == "missing_source")
        found = itertools.chain(
            (partial(objects.ad, plan) for plan in objects.account.plans if plan.ad_id == object_id),
            (partial(objects.creative, c) for c in catalog.creatives() if c.creative_id == object_id),
            (partial(objects.post, c) for c in catalog.creatives() if objects.story_id(c) == object_id),
            (partial(objects.video, v, with_source=with_source) for v in catalog.CLIPS if v.video_id == object_id),
            (partial(objects.campaign, c) for c in catalog.CAMPAIGNS if c.campaign_id == object_id),
            (partial(objects.ad_set, s) for s in catalog.AD_SETS if s.ad_set_id == object_id),
        )
        if object_id == catalog.ACCOUNT_ID:
            return objects.account_node()
        make = next(found, None)
        return make() if make else None

    def _edge(self, object_id: str, edge: str, call: Call, fault: Fault | None) -> str:
        if edge == "insights":
            return self._insights(object_id, call, fault)
        if object_id == "me":
            edge, object_id = f"me/{edge}", catalog.ACCOUNT_ID
        if object_id != catalog.ACCOUNT_ID:
            if self._find(object_id, self._objects(call), fault) is None:
                raise graph_errors.unknown_object(object_id)
            raise graph_errors.unknown_field(edge, "node")
        nodes = self._listed(edge, call)
        wanted = field_lists.parse(call.params.get("fields", "id"))

        def texts(chosen: Sequence[Callable[[], Node]]) -> list[str]:
            return [json.dumps(field_lists.project(make(), wanted)) for make in chosen]

        return _page(nodes, texts, call, fault)

    def _listed(self, edge: str, call: Call) -> list[Callable[[], Node]]:
        """Node makers of an account's edge, so that a page makes only its own nodes."""
        objects = self._objects(call)
        shown = _status_filter(call.params)
        if edge == "me/adaccounts":
            return [objects.account_node]
        if edge == "ads":
            plans = [p for p in objects.account.plans if shown(p.effective_status)]
            return [partial(objects.ad, plan) for plan in plans]
        if edge == "campaigns":
            campaigns = [c for c in catalog.CAMPAIGNS if shown(c.effective_status)]
            return [partial(objects.campaign, campaign) for campaign in campaigns]
        if edge == "adsets":
            ad_sets = [s for s in catalog.AD_SETS if shown(s.effective_status)]
            return [partial(objects.ad_set, ad_set) for ad_set in ad_sets]
        if edge == "adcreatives":
            return [partial(objects.creative, creative) for creative in catalog.creatives()]
        if edge == "adimages":
            library = picture_library()
            hashes = library if "hashes" not in call.params else filtering.json_list(call.params["hashes"], "hashes")
            return [partial(objects.image, library[str(key)]) for key in hashes if key in library]
        if edge == "advideos":
            return [partial(objects.video, clip, with_source=True) for clip in catalog.CLIPS]
        raise graph_errors.unknown_field(edge, "AdAccount")

    def _archive(self, call: Call, fault: Fault | None) -> str:
        """The public Ad Library, in which there are only the demo's competitors."""
        today, token = self.today(), call.token or ""
        found = ad_library.found(call.params, today)
        wanted = field_lists.parse(call.params.get("fields", "id"))

        def texts(chosen: Sequence[CompetitorAd]) -> list[str]:
            return [json.dumps(field_lists.project(competitors.edge_row(ad, today, token), wanted)) for ad in chosen]

        return _page(found, texts, call, fault)

    def _insights(self, object_id: str, call: Call, fault: Fault | None) -> str:
        account, table = self.account()
        if object_id in self._reports:
            report = self._reports[object_id]
            if report.polls < 3 or report.outcome != "completed":
                raise graph_errors.GraphError(2, "An unexpected error has occurred.", 400, 1504038)
            return self._insights_page(report.query, table, call, fault)
        level, scope = _scope(object_id, account)
        query = read_query(call.params, default_level=level, scope=scope, today=self.today(), plans=account.plans)
        if call.method == "POST":
            report = Report(str(next(self._report_ids)), query)
            if fault and fault.kind.startswith("report_"):
                report.outcome = fault.kind.removeprefix("report_")
            self._reports[report.report_id] = report
            return json.dumps({"report_run_id": report.report_id})
        return self._insights_page(query, table, call, fault)

    def _insights_page(self, query: InsightsQuery, table: InsightsTable, call: Call, fault: Fault | None) -> str:
        rows = table.rows(query)
        if fault and fault.kind == "too_much_data" and len(rows) > fault.options.get("max_rows", 0):
            raise graph_errors.too_much_data()
        return _page(rows, lambda chosen: table.text(query, chosen), call, fault)

    def _poll(self, report: Report) -> dict[str, object]:
        report.polls += 1
        stages = {1: ("Job Started", 0), 2: ("Job Running", 60)}
        status, percent = stages.get(report.polls, ("Job Completed", 100))
        if report.polls > 1 and report.outcome != "completed":
            status, percent = {
                "stuck": ("Job Running", 100),
                "failed": ("Job Failed", 40),
                "skipped": ("Job Skipped", 0),
            }[report.outcome]
        return {
            "id": report.report_id,
            "account_id": catalog.ACCOUNT_ID.removeprefix("act_"),
            "time_completed": int(self._clock.now().timestamp()) if status == "Job Completed" else 0,
            "async_status": status,
            "async_percent_completion": percent,
            "date_start": report.query.since.isoformat(),
            "date_stop": report.query.until.isoformat(),
        }


Key = TypeVar("Key")


def _page(keys: Sequence[Key], texts: Callable[[Sequence[Key]], list[str]], call: Call, fault: Fault | None) -> str:
    url = f"{call.base_url}/{call.path.strip('/')}"
    return page_json(keys, texts, url=url, params=call.params, token=call.token or "", fault=fault)


def _scope(object_id: str, account: DemoAccount) -> tuple[str, frozenset[str] | None]:
    """Level and ads of the node whose insights are asked for."""
    if object_id == catalog.ACCOUNT_ID:
        return "account", None
    owners: dict[str, Callable[[AdPlan], str]] = {
        "ad": lambda plan: plan.ad_id,
        "adset": lambda plan: plan.ad_set.ad_set_id,
        "campaign": lambda plan: plan.ad_set.campaign.campaign_id,
    }
    for level, owner in owners.items():
        ads = frozenset(plan.ad_id for plan in account.plans if owner(plan) == object_id)
        if ads:
            return level, ads
    raise graph_errors.unknown_object(object_id)


def _status_filter(params: Mapping[str, str]) -> Callable[[str], bool]:
    """Which delivery statuses an edge shows, by `effective_status` or a filter on it."""
    asked: set[str] = set()
    if "effective_status" in params:
        asked |= {str(s) for s in filtering.json_list(params["effective_status"], "effective_status")}
    for rule in filtering.rules(params.get("filtering", "")):
        if not rule.field.endswith("effective_status"):
            raise filtering.invalid()
        asked |= rule.values
    if asked:
        return lambda status: status in asked
    return lambda status: status not in _STATUSES_HIDDEN_UNASKED

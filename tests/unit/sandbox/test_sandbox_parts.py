"""The sandbox's small parts: field lists, cursors, signed links, and which request a fault meets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from viraltracker.errors import ConfigurationError
from viraltracker.sandbox import fields, server
from viraltracker.sandbox.faults import Fault, FaultScript, Matcher, from_json
from viraltracker.sandbox.fields import Field, Node
from viraltracker.sandbox.graph_errors import GraphError
from viraltracker.sandbox.links import SignedLinks


class Hands:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


def test_fields_nest_and_may_come_as_a_json_array() -> None:
    nested = (Field("id"), Field("creative", (Field("id"), Field("adset", (Field("name"),)))))
    assert fields.parse("id,creative{id,adset{name}}") == nested
    assert fields.parse('["id", "creative{id,adset{name}}"]') == nested


@pytest.mark.parametrize("text", ["id,creative{id", "id}", "id,,name", "{id}"])
def test_a_broken_field_list_is_error_100(text: str) -> None:
    with pytest.raises(GraphError) as caught:
        fields.parse(text)
    assert caught.value.code == 100


def test_projection_leaves_out_absent_values_and_refuses_fields_that_do_not_exist() -> None:
    inner = Node("AdCreative", frozenset({"id", "body"}), {"id": "9", "body": "Hello"})
    node = Node("Ad", frozenset({"id", "name", "creative"}), {"id": "1", "name": None, "creative": inner})
    assert fields.project(node, fields.parse("name,creative")) == {"creative": {"id": "9"}, "id": "1"}
    assert fields.project(node, fields.parse("creative{body}"))["creative"] == {"body": "Hello", "id": "9"}
    with pytest.raises(GraphError, match="nonexisting field"):
        fields.project(node, fields.parse("creative{spend}"))


def test_a_signed_link_rotates_expires_and_cannot_be_bent() -> None:
    clock = Hands()
    links = SignedLinks(clock, lifetime_seconds=60)
    first, second = (links.sign("http://h", "/media/i/a.jpg") for _ in range(2))
    assert first != second
    query = {name: values[0] for name, values in parse_qs(urlsplit(first).query).items()}
    assert links.valid("/media/i/a.jpg", query)
    assert not links.valid("/media/i/b.jpg", query)
    assert not links.valid("/media/i/a.jpg", {**query, "oe": "FFFFFFFF"})
    clock.time += timedelta(seconds=61)
    assert not links.valid("/media/i/a.jpg", query)


def test_a_fault_meets_the_matching_requests_after_its_skips_and_then_stops() -> None:
    script = FaultScript()
    script.add(Matcher("/insights$", "GET", {"level": "ad"}, skip=1, times=2), Fault("html_502"))
    script.add(*from_json({"fault": "slow", "path": "/ads", "times": None}))
    met = [script.take("GET", "/v26.0/act_1/insights", {"level": "ad"}) for _ in range(4)]
    assert [fault.kind if fault else None for fault in met] == [None, "html_502", "html_502", None]
    assert script.take("POST", "/v26.0/act_1/insights", {"level": "ad"}) is None
    assert script.take("GET", "/v26.0/act_1/insights", {"level": "account"}) is None
    slow = script.take("GET", "/v26.0/act_1/ads", {})
    assert slow is not None
    assert slow.kind == "slow"
    script.clear()
    assert script.take("GET", "/v26.0/act_1/ads", {}) is None


def test_an_unknown_fault_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="html_502"):
        from_json({"fault": "gremlin"})


def test_the_sandbox_refuses_to_serve_beyond_this_machine() -> None:
    with pytest.raises(ConfigurationError, match="127"):
        server.serve("0.0.0.0")  # noqa: S104

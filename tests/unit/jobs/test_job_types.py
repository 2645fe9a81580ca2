"""Job types: their parameters, defaults and bounds, and what a person reads when one is wrong."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from viraltracker.errors import BadInput
from viraltracker.jobs import meta_sync, registry
from viraltracker.jobs.context import JobContext, RunControl, Services
from viraltracker.jobs.meta_sync import MetaSync
from viraltracker.store.queue import ClaimedRun

# By type and parameter: default, lowest, highest.
DOCUMENTED: dict[str, dict[str, tuple[object, int | None, int | None]]] = {
    "meta_sync": {
        "days_back": (28, 1, 90),
        "download_max_images": (40, 0, 500),
        "download_max_videos": (20, 0, 100),
        "auto_classify": (False, None, None),
        "classify_max_new": (200, 1, 5000),
        "classify_max_video": (15, 0, 500),
    },
    "asset_download": {"max_images": (40, 0, 500), "max_videos": (20, 0, 100)},
    "batch_collection": {},
    "landing_pages": {"max_pages": (100, 1, 1000)},
    "ad_classification": {
        "max_new": (200, 1, 5000),
        "max_video": (15, 0, 500),
        "max_pages": (100, 0, 1000),
        "days_back": (30, 1, 90),
        "force": (False, None, None),
        "mode": ("realtime", None, None),
    },
    "ad_intelligence_analysis": {"days_back": (30, 1, 90), "date_to": (None, None, None)},
    "scorecard": {"days_back": (7, 1, 90), "min_spend": (10, 0, None)},
    "load_demo": {"days_back": (90, 1, 90)},
    "template_scrape": {
        "source": ("meta_ad_library", None, None),
        "search_url": (None, None, None),
        "max_ads": (50, 10, 500),
        "images_only": (True, None, None),
        "auto_queue": (True, None, None),
        "file_name": (None, None, None),
        "sha256": (None, None, None),
    },
    "template_approval": {
        "batch_size": (100, 10, 500),
        "auto_approve": (True, None, None),
        "threshold": (0.8, None, None),
    },
}
MUST_BE_GIVEN: dict[str, dict[str, Any]] = {
    "template_scrape": {"search_url": "https://www.facebook.com/ads/library/?q=dog"},
}
"""What a type cannot do without."""


@pytest.mark.parametrize(("name", "documented"), DOCUMENTED.items())
def test_parameters_have_the_documented_defaults_and_bounds(
    name: str, documented: dict[str, tuple[object, int | None, int | None]]
) -> None:
    """A saved schedule without a parameter means the documented default."""
    kind = registry.standard()[name]
    must = MUST_BE_GIVEN.get(name, {})
    given = kind.parse(must)
    assert set(type(given).model_fields) == set(documented)
    for field, (default, lowest, highest) in documented.items():
        assert field in must or getattr(given, field) == default
        for bound, step in ((lowest, -1), (highest, 1)):
            if bound is not None:
                assert getattr(kind.parse(must | {field: bound}), field) == bound
                with pytest.raises(BadInput, match=field):
                    kind.parse(must | {field: bound + step})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "give the address of a search"),
        ({"search_url": "https://example.com/ads/library/?q=dog"}, "not at facebook.com"),
        ({"source": "upload"}, "a file is given on the page Templates"),
    ],
)
def test_a_scrape_that_cannot_be_done_is_refused_when_it_is_saved(given: dict[str, Any], said: str) -> None:
    """And not when it is due, in the night."""
    with pytest.raises(BadInput, match=said):
        registry.standard()["template_scrape"].parse(given)


def test_every_parameter_can_make_a_form() -> None:
    """The form is made from titles and descriptions; a field without them would show a bare name."""
    for kind in registry.standard().values():
        assert kind.label
        assert kind.description.endswith(".")
        for name, field in kind.parameters.model_fields.items():
            assert field.title, (kind.name, name)
            assert field.description, (kind.name, name)


def test_a_misspelt_parameter_is_refused() -> None:
    """A typo must not pass for the default."""
    with pytest.raises(BadInput, match="day_back"):
        registry.standard()["meta_sync"].parse({"day_back": 3})


def test_an_unknown_type_names_those_there_are() -> None:
    """The sentence helps whoever typed it."""
    with pytest.raises(BadInput, match="meta_sync"):
        registry.get(registry.standard(), "meta_snyc")


def test_two_types_of_one_name_are_refused() -> None:
    """The second would silently replace the first."""
    with pytest.raises(ValueError, match="meta_sync"):
        registry.build([meta_sync.TYPE, meta_sync.TYPE])


def test_a_failing_classification_does_not_fail_the_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that are stored are a success, whatever becomes of the step after."""

    def refuse(*_: object) -> dict[str, Any]:
        raise BadInput("no classifier today")

    monkeypatch.setattr("viraltracker.jobs.graph.accounts_of", lambda _context: [])
    monkeypatch.setattr("viraltracker.jobs.ad_classification.classify", refuse)
    monkeypatch.setattr("viraltracker.store.creations.match", lambda *_: 0)
    run = ClaimedRun("r", 1, "j", "b", "meta_sync", {}, 1, 3, None)
    services = cast("Services", SimpleNamespace(db=None))
    control = RunControl(run)
    context = JobContext(services, control)
    result = meta_sync.run(context, MetaSync(auto_classify=True))
    assert result["status"] == "ok"
    assert result["classification"] == {"status": "failed", "error": "no classifier today"}
    assert any("no classifier today" in event["message"] for event in control.take()[1])
    assert [link["job_type"] for link in context.chained] == ["ad_intelligence_analysis"]

"""The numbers behind a stored statement are those that the rule had."""

from __future__ import annotations

import json

from tests.unit.intelligence.build import ad, ads, question
from viraltracker.analysis import blocks, verdict_evidence
from viraltracker.intelligence.analyse import analyse
from viraltracker.intelligence.plain import plain


def test_a_stored_verdict_has_the_evidence_that_it_was_given_with() -> None:
    """Out of the row and the run's summary, as they come back from the database, nothing is lost or invented."""
    found = analyse(
        ads(
            ad("winner", spend=500.0, purchases=45),
            ad("silent", spend=60.0, purchases=0),
            ad("clicks", objective="OUTCOME_TRAFFIC"),
        ),
        question(),
    )
    analysis = json.loads(json.dumps(found.as_dict()))
    summary = json.loads(json.dumps(blocks.summary("Brand", analysis, [])))
    for verdict, stored in zip(found.verdicts, analysis["verdicts"], strict=True):
        # What else is stored with a verdict does not disturb.
        detail = {**stored, "scores": {"hook": 3}, "sums": {}}
        assert verdict_evidence.of(detail, summary) == plain(verdict.evidence(found.context, found.target))
    assert len(verdict_evidence.of(analysis["verdicts"][0], summary)) == 4


def test_what_a_rule_stored_with_its_statement_is_given_as_it_is() -> None:
    """Other rules keep their evidence, and so did verdicts of an earlier version."""
    kept = [{"metric": "ctr", "value": 0.01}]
    assert verdict_evidence.of({"evidence": kept}, {}) == kept

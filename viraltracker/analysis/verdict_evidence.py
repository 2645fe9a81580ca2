"""The numbers behind a stored statement about one ad."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any

from viraltracker.intelligence.plain import plain

Json = dict[str, Any]


def of(detail: Json, summary: Json) -> list[Json]:
    """The evidence in the `detail` of an `ad_intelligence_diagnostics` row, each as `Evidence.as_dict` gives it.

    A verdict is stored without: its evidence is worked out here. Of the run's summary that needs `window`, `currency`,
    `attribution` and `target`.
    """
    if "evidence" in detail:
        found: list[Json] = detail["evidence"]
        return found
    # The page of an ad opens without pandas, which the rules bring.
    from viraltracker.intelligence.context import AnalysisContext  # noqa: PLC0415
    from viraltracker.intelligence.target import Target  # noqa: PLC0415
    from viraltracker.intelligence.verdicts import Verdict  # noqa: PLC0415
    from viraltracker.intelligence.windows import window_between  # noqa: PLC0415

    window, target = summary["window"], summary["target"]
    context = AnalysisContext(
        window_between(date.fromisoformat(window["from"]), date.fromisoformat(window["to"])),
        summary["currency"],
        attribution=summary["attribution"],
    )
    verdict = Verdict(**{field.name: detail[field.name] for field in fields(Verdict)})
    evidence: list[Json] = plain(verdict.evidence(context, Target(target["value"], target["basis"], target["reason"])))
    return evidence

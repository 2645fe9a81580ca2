"""demo, import, analyze, scorecard, classify, evaluate: from an ad account to an answer."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from viraltracker import clock
from viraltracker.cli import output, session, work
from viraltracker.cli.app import JsonOption, app
from viraltracker.cli.session import Session
from viraltracker.errors import BadInput, NotFound
from viraltracker.intelligence.plain import count
from viraltracker.settings import load as load_settings
from viraltracker.store import analyses, brands, evaluations, storage

WORST_SHOWN = 10
"""Wrong answers in the table; `--json` has all."""


@app.command()
def demo(
    days: Annotated[int, typer.Option(min=1, max=90, help="Days to analyse.")] = 30,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the app running afterwards.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Sync, classify and analyse the demo ad account with the real worker, and print the analysis."""
    with session.opened(worker=True, demo=True) as opened:
        brand = work.load_demo(opened, quiet=as_json)
        _analyse(opened, brand, days, as_json)
    if keep:
        from viraltracker.cli.stack import up

        up()
    elif not as_json:
        output.say("Open the app with `make up` (or `viraltracker up`); everything you see here is kept.")


@app.command(name="import")
def import_files(
    files: Annotated[list[Path], typer.Argument(help="Ads Manager exports, CSV or XLSX.")],
    brand: Annotated[str, typer.Option(help="The brand they belong to; made when it is missing.")],
    currency: Annotated[str | None, typer.Option(help="ISO code, where a file names none.")] = None,
    date_from: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, likewise.")
    ] = None,
    date_to: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, likewise.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what each column is taken for.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Read Ads Manager exports into a brand. The same file twice changes nothing."""
    if (date_from is None) != (date_to is None):
        raise typer.BadParameter("give both --from and --to, or neither")
    read = [(file, _read(file)) for file in files]
    if preview:
        _preview(read, currency, (date_from, date_to), as_json)
        return
    results, failures = [], []
    with session.opened(worker=True) as opened:
        found = _brand_for(opened, brand, read, currency, (date_from, date_to))
        for file, data in read:
            digest = hashlib.sha256(data).hexdigest()
            opened.storage.put("imports", storage.key(found.id, digest), file, "application/octet-stream")
            parameters = {
                "file_name": file.name,
                "sha256": digest,
                "currency": currency,
                "date_from": date_from.date().isoformat() if date_from else None,
                "date_to": date_to.date().isoformat() if date_to else None,
            }
            try:
                run_id = work.submit(opened, found.id, "import_file", parameters)
                ended = work.wait(opened, run_id, quiet=as_json)
                results.append({**(ended["result"] or {}), "run_id": run_id})
            except work.WorkFailed as error:
                failures.append({"file": file.name, "error": error.message})
    if as_json:
        output.print_json({"brand": found.name, "imported": results, "failed": failures})
    else:
        for result in results:
            _say_import(result)
        for failure in failures:
            output.say(f"{failure['file']}: {failure['error']}")
    if failures:
        raise typer.Exit(1)


@app.command()
def analyze(
    brand: Annotated[str, typer.Argument(help="Name, alias or id.")],
    days: Annotated[int, typer.Option(min=1, max=90, help="Full days up to the last one with data.")] = 30,
    date_to: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day instead.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Analyse a brand from what is stored, and print it."""
    with session.opened(worker=True) as opened:
        _analyse(opened, brands.find(opened.db, brand), days, as_json, date_to)


@app.command()
def scorecard(
    brand: Annotated[str, typer.Argument(help="Name, alias or id.")],
    days: Annotated[int, typer.Option(min=1, max=90, help="Full days up to the last one with data.")] = 7,
    min_spend: Annotated[
        float, typer.Option(min=0, help="What an ad must have spent to count as a winner or loser.")
    ] = 10.0,
    as_json: JsonOption = False,
) -> None:
    """The week in one page: winners, losers, spend and what changed."""
    with session.opened(worker=True) as opened:
        found = brands.find(opened.db, brand)
        parameters = {"days_back": days, "min_spend": min_spend}
        result = work.run(opened, found.id, "scorecard", parameters, quiet=as_json)
        card = analyses.run(opened.db, result["intelligence_run_id"])
    if as_json:
        output.print_json({"run_id": card["id"], **card["summary"], "blocks": card["blocks"]})
    else:
        output.draw(card["blocks"], card["summary"]["currency"])


@app.command()
def classify(
    brand: Annotated[str, typer.Argument(help="Name, alias or id.")],
    max_new: Annotated[int, typer.Option(min=1, max=5000, help="New readings at most.")] = 200,
    max_video: Annotated[int, typer.Option(min=0, max=500, help="Paid video readings at most.")] = 15,
    days: Annotated[int, typer.Option(min=1, max=90, help="Ads that ran in these days, and active ones.")] = 30,
    force: Annotated[bool, typer.Option("--force", help="Read again what is known.")] = False,
    batch: Annotated[
        bool, typer.Option("--batch", help="By the models' batch services: half the price, within a day.")
    ] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Only say what it would cost by each model; reads nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read creatives, their words and their landing pages where no reading covers them yet."""
    if estimate:
        _estimate(brand, days, as_json)
        return
    with session.opened(worker=True) as opened:
        found = brands.find(opened.db, brand)
        mode = "batch" if batch else "realtime"
        parameters = {"max_new": max_new, "max_video": max_video, "days_back": days, "force": force, "mode": mode}
        result = work.run(opened, found.id, "ad_classification", parameters, quiet=as_json)
    if as_json:
        output.print_json({"brand": found.name, **result})
        return
    output.table(f"Classification of {found.name}", ("", ""), _counts(result))


def _estimate(brand: str, days: int, as_json: bool) -> None:
    """What every distinct creative, copy and page of the brand would cost, whatever is read already."""
    from viraltracker.creatives import estimates

    with session.opened() as opened:
        found = brands.find(opened.db, brand)
        made = estimates.of_brand(opened.service, found.id, days=days, now=clock.now())
    if as_json:
        output.print_json({"brand": found.name, "days": days, "estimates": [each.as_dict() for each in made]})
        return
    output.table(
        f"Estimate for {found.name}: list prices and published token rules, USD",
        ("model", *estimates.PROMPTS, "realtime", "batch"),
        [
            (
                each.model,
                *(str(each.readings[name]) for name in estimates.PROMPTS),
                *("unknown" if cost is None else f"{cost:.2f}" for cost in (each.total, each.batch)),
            )
            for each in made
        ],
        right=tuple(range(1, len(estimates.PROMPTS) + 3)),
    )


@app.command()
def evaluate(
    file: Annotated[Path | None, typer.Argument(help="Labelled ads, JSON lines; without it the golden set.")] = None,
    name: Annotated[str | None, typer.Option("--classifier", help="Which classifier.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how far a classifier agrees with labelled ads, and keep the result."""
    from viraltracker.creatives import agreement, classifier
    from viraltracker.jobs import models

    with session.opened() as opened:
        chosen = classifier.named(name, models.pool(load_settings(), opened.service))
        results = [agreement.evaluate(source, chosen) for source in ([file] if file else agreement.PARTS)]
        for result in results:
            # A file's name is its owner's: what members of other organisations may read is a hash of it.
            part = f"file:{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}" if file else result["part"]
            evaluations.save(opened.service, {**result, "part": part})
    if as_json:
        output.print_json(results[0] if file is not None else results)
        return
    for result in results:
        value, low, high = (output.number(result["weighted_kappa"][key], "ratio") for key in ("value", "low", "high"))
        output.table(
            f"{result['classifier']} on {result['part']}: weighted kappa {value} (95 % {low} to {high}), "
            f"{result['n']} ads",
            ("stage", "precision", "recall", "F1", "ads"),
            [
                (
                    stage,
                    *(output.number(row[key], "ratio") for key in ("precision", "recall", "f1")),
                    str(row["support"]),
                )
                for stage, row in result["per_class"].items()
            ],
            right=(1, 2, 3, 4),
        )
        if result["wrong"]:
            shown = result["wrong"][:WORST_SHOWN]
            output.table(
                f"The worst {len(shown)} of {len(result['wrong'])} wrong answers",
                ("line", "text", "label", "answer", "sure", "because it"),
                [_wrong_answer(row) for row in shown],
                right=(0, 4),
            )


def _wrong_answer(row: dict[str, Any]) -> tuple[str, ...]:
    cues = "; ".join(f"{each['cue']} (“{each['quote']}”)" if each["quote"] else each["cue"] for each in row["cues"])
    sure = output.number(row["confidence"], "ratio")
    return (str(row["line"]), " ".join(row["text"].split()), row["label"], row["answer"], sure, cues)


def _analyse(opened: Session, brand: brands.Brand, days: int, as_json: bool, date_to: datetime | None = None) -> None:
    from viraltracker.analysis import report

    parameters = {"days_back": days, "date_to": date_to.date().isoformat() if date_to else None}
    result = work.run(opened, brand.id, "ad_intelligence_analysis", parameters, quiet=as_json)
    today = clock.now().astimezone().date()
    found = report.read(opened.db, result["intelligence_run_id"], today=today)
    if as_json:
        output.print_json(found)
    else:
        output.draw(found["blocks"], found["currency"])


def _brand_for(
    opened: Session,
    name: str,
    read: list[tuple[Path, bytes]],
    currency: str | None,
    period: tuple[datetime | None, datetime | None],
) -> brands.Brand:
    """The brand of that name; a new one only where one of the files can be read, so that wrong ones leave nothing
    behind. Raises BadInput of the last file otherwise."""
    from viraltracker.meta.ads_manager.parse import parse_export

    try:
        return brands.find(opened.db, name)
    except NotFound:
        first, last = period
        days = (first.date(), last.date()) if first and last else None
        for number, (file, data) in enumerate(read, start=1):
            try:
                parse_export(file.name, data, default_currency=currency, period=days)
                break
            except BadInput:
                if number == len(read):
                    raise
        return brands.ensure(opened.db, name)


def _read(file: Path) -> bytes:
    from viraltracker.meta.ads_manager.table import MAX_BYTES

    try:
        if file.stat().st_size > MAX_BYTES:
            raise BadInput(f"{file.name} is larger than {MAX_BYTES // 1_000_000} MB: split the report by period.")
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.") from None


def _preview(
    read: list[tuple[Path, bytes]],
    currency: str | None,
    period: tuple[datetime | None, datetime | None],
    as_json: bool,
) -> None:
    from viraltracker.meta.ads_manager.parse import parse_export

    first, last = period
    days = (first.date(), last.date()) if first and last else None
    shown: list[dict[str, Any]] = []
    for file, data in read:
        parsed = parse_export(file.name, data, default_currency=currency, period=days)
        shown.append(
            {
                "file": parsed.file_name,
                "window": {"from": parsed.date_from.isoformat(), "to": parsed.date_to.isoformat()},
                "daily": parsed.daily,
                "level": parsed.level,
                "currency": parsed.currency,
                "records": parsed.records,
                "ad_keys": parsed.ad_keys,
                "reconciles": parsed.reconciles,
                "columns": [
                    {"header": column.header, "taken_for": column.taken_for, "note": column.note}
                    for column in parsed.columns
                ],
                "bad_rows": [{"line": bad.line, "reason": bad.reason} for bad in parsed.bad_rows],
                "notes": list(parsed.notes),
            }
        )
    if as_json:
        output.print_json(shown)
        return
    for item in shown:
        rows = [
            (column["header"], column["taken_for"] or "not loaded", column["note"] or "") for column in item["columns"]
        ]
        output.table(f"{item['file']}: {item['records']:,} records", ("Column", "Taken for", "Note"), rows)
        for bad in item["bad_rows"][:20]:
            output.say(f"Line {bad['line']} would be left out: {bad['reason']}")
        for note in item["notes"]:
            output.say(note)


def _say_import(result: dict[str, Any]) -> None:
    if result["already_imported"]:
        output.tell(f"{result['file']}: already imported, nothing changed.")
        return
    checked = {True: "adds up to its own totals row", False: "does NOT add up to its own totals row", None: ""}
    words = [
        f"{count(result['records'], 'record')}, {count(result['ad_keys'], 'ad')}",
        f"{result['window']['from']} to {result['window']['to']}",
        checked[result["reconciles"]],
        f"{count(result['bad_rows'], 'line')} left out (see `viraltracker jobs show {result['run_id']}`)"
        if result["bad_rows"]
        else "",
    ]
    output.tell(f"{result['file']}: {', '.join(word for word in words if word)}.")
    for note in result["notes"]:
        output.tell(f"  {note}")


def _counts(result: dict[str, Any]) -> list[tuple[str, str]]:
    """What a classification counted, in words: by whom it was read, and why what was not read was not."""
    from viraltracker.creatives import in_words

    said = dict(result)
    said["classifier"] = in_words.classifier(result["classifier"])
    said["by"] = {in_words.classifier(name): number for name, number in result["by"].items()}
    reasons = [f"{number:,} {in_words.reason(name, number)}" for name, number in result["reasons"].items()]
    said["reasons"] = "; ".join(reasons) or "none"
    return [(name.replace("_", " "), _plain(value)) for name, value in said.items()]


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items()) or "none"
    return str(value)

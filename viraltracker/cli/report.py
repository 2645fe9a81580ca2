"""report: an analysis as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from viraltracker import clock
from viraltracker.cli import output, session, work
from viraltracker.cli.app import JsonOption, app
from viraltracker.errors import BadInput
from viraltracker.store import analyses, brands


@app.command()
def report(
    brand: Annotated[str, typer.Argument(help="Name, alias or id.")],
    days: Annotated[int, typer.Option(min=1, max=90, help="Full days up to the last one with data.")] = 30,
    out: Annotated[
        Path | None, typer.Option(help="The file to write; without it one in this folder, named after brand and days.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Analyse a brand from what is stored, and write it as one HTML file that stands on its own."""
    from viraltracker.analysis import to_do
    from viraltracker.web import report as page
    from viraltracker.web import thumbnails

    with session.opened(worker=True) as opened:
        found = brands.find(opened.db, brand)
        parameters = {"days_back": days, "date_to": None}
        result = work.run(opened, found.id, "ad_intelligence_analysis", parameters, quiet=as_json)
        run = analyses.run(opened.db, result["intelligence_run_id"])
        run = to_do.without_answered(opened.db, run, today=clock.now().astimezone().date())
        shown = thumbnails.of_ads(opened.db, opened.storage, found.id, page.pictured(run))
    window = run["summary"]["window"]
    file = out or Path(page.file_name(found.name, window["from"], window["to"]))
    written = page.document(run, shown).encode()
    try:
        file.write_bytes(written)
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror}.") from None
    if as_json:
        output.print_json({"run_id": run["id"], "brand": found.name, "window": window, "file": str(file.resolve())})
    else:
        output.tell(f"{found.name}, {window['from']} to {window['to']}: {file}")

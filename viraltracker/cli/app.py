"""The Typer application that the command modules add to, and the options they share."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="viraltracker",
    help="Tells a performance marketer which Meta ads work, why, and what to do next.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

jobs_app = typer.Typer(help="Schedules and their runs.", no_args_is_help=True)
app.add_typer(jobs_app, name="jobs")

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON value and nothing else.")]

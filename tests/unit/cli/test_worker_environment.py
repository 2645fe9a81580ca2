"""What a worker that the command line starts is handed: the keys that only it needs."""

from __future__ import annotations

from pathlib import Path

from viraltracker import settings
from viraltracker.cli.session import worker_program
from viraltracker.local.stack import Endpoints
from viraltracker.settings import child_environment


def test_the_worker_gets_the_keys_of_the_models_of_meta_and_of_apify(tmp_path: Path) -> None:
    """A child gets no secret unless it is handed it, and a model is asked by the worker alone."""
    keys = {"GEMINI_API_KEY": "g", "ANTHROPIC_API_KEY": "a", "META_ACCESS_TOKEN": "m", "META_APP_SECRET": "s"}
    keys |= {"APIFY_TOKEN": "t"}
    endpoints = Endpoints(
        rest_url="http://127.0.0.1:1",
        anon_key="anon",
        service_key="service",
        owner_key="owner",
        owner_id="id",
        db_url="postgresql:///postgres",
        asset_dir=tmp_path,
    )
    program = worker_program(settings.load(keys), endpoints, "http://127.0.0.1:2")
    given = child_environment(program.environment)
    assert {name: given.get(name) for name in keys} == keys
    assert "SUPABASE_DB_URL" not in given

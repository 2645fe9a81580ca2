"""Which role may execute which function. A function that is not in the tables here fails the tests."""

from __future__ import annotations

import psycopg
import pytest

from viraltracker.local.stack import Endpoints

from .conftest import Api
from .tenants import World

NOBODY = ""
WORKER = "service_role"
MEMBERS = "authenticated service_role"
EVERYBODY = "anon authenticated service_role"

PUBLIC = {
    # Before anybody has signed in, the app asks whether the schema fits.
    "schema_version": EVERYBODY,
    "create_first_organization": MEMBERS,
    "awaits_first_organization": MEMBERS,
    # Each of these asks whether its caller is an owner, a member, or the one who was invited.
    **dict.fromkeys(
        (
            "invite_member",
            "withdraw_invitation",
            "accept_invitations",
            "members",
            "set_member_role",
            "remove_member",
        ),
        MEMBERS,
    ),
    # The process that starts the embedded database calls this as its owner.
    "create_local_organization": NOBODY,
    # Each of these asks for the right to write by itself.
    **dict.fromkeys(
        (
            "save_schedule",
            "run_now",
            "pause",
            "resume",
            "stop",
            "retry",
            "connect_account",
            "pause_jobs",
            "resume_jobs",
            "archive_jobs",
            "retry_jobs",
            "set_limit",
            "correct_reading",
            "withdraw_correction",
            "answer_recommendation",
            "decide_templates",
            "decide_generated_ads",
            "edit_template",
        ),
        MEMBERS,
    ),
    # These count what everybody's runs do, and say nothing of what the caller may not see.
    **dict.fromkeys(("why_waiting", "fleet"), MEMBERS),
    # These run as their caller, under row level security.
    **dict.fromkeys(
        (
            "brand_overviews",
            "troubles",
            "worker_silence",
            "ad_pictures",
            "jobs_overview",
            "job_list",
            "analysis_context",
            "ad_statistics",
            "analysis_stats",
            "conversion_development",
            "analysis_import_stats",
            "stored_analysis",
            "first_deliveries",
            "classification_candidates",
            "review_queue",
            "ad_readings",
            "ad_list",
            "ad_board",
            "ad_diagnoses",
            "ad_trend",
            "videos",
            "video_readings",
            "last_full_day",
            "congruence_overview",
            "classification_coverage",
            "label_agreement",
            "model_costs",
            "recommendation_inbox",
            "recommendation_states",
            "shown_analysis",
            "replay_days",
            "coverage_map",
            "coverage_ads",
            "brand_products",
            "save_product",
            "add_product_photos",
            "order_product_photos",
            "template_library",
            "template_review",
            "template_choices",
            "template_counts",
            "template_results",
            "foreign_brand_names",
            "creation_gallery",
            "deliveries_of_run",
            "creation_origins",
            "creation_results",
            "generated_ad",
            "generated_ad_history",
        ),
        MEMBERS,
    ),
    # The queue.
    **dict.fromkeys(
        (
            "due",
            "advance",
            "advance_all",
            "invalidate",
            "claim",
            "beat",
            "checkpoint",
            "finish",
            "release",
            "reap",
            "worker_stopped",
            "prune",
        ),
        WORKER,
    ),
    # What the worker reads and writes on behalf of a brand.
    **dict.fromkeys(
        (
            "apply_insights_chunk",
            "apply_ads",
            "unknown_ads",
            "settle_absent_actions",
            "fetched_days",
            "note_dataset",
            "snapshot_days",
            "assets_wanted",
            "save_assets",
            "begin_import",
            "add_import_rows",
            "finish_import",
            "known_readings",
            "lease_permits",
            "hold_permits",
            "begin_readings",
            "finish_reading",
            "release_readings",
            "save_congruence",
            "open_batch",
            "unanswerable_readings",
            "batch_submitted",
            "close_batch",
            "batch_items",
            "looked_at",
            "creative_contents",
            "link_classifications",
            "save_classifications",
            "open_intelligence_run",
            "close_intelligence_run",
            "save_analysis",
            "store_analysis",
            "save_scorecard",
            "due_outcomes",
            "save_outcomes",
            "landing_ads",
            "link_landing_pages",
            "landing_pages_due",
            "save_landing_page",
            "landing_texts",
            "begin_creation_run",
            "count_creation_attempt",
            "save_generated_ad",
            "revise_generated_ad",
            "finish_creation_run",
            "finish_creation_step",
            "match_generated_ads",
            "begin_delivery",
            "begin_sending",
            "end_delivery",
            "note_creation_export",
            "begin_template_scrape",
            "note_external_scrape",
            "ask_external_scrape",
            "unask_external_scrape",
            "end_external_scrape",
            "known_external_scrapes",
            "forsaken_external_scrapes",
            "save_scraped_ads",
            "template_media_due",
            "save_template_media",
            "finish_template_scrape",
            "claim_template_items",
            "finish_template_readings",
            "finish_template_call",
            "release_template_items",
            "approve_sure_templates",
        ),
        WORKER,
    ),
}

APP = {
    # Policies and the reads above call these as whoever asks.
    **dict.fromkeys(
        (
            "my_organizations",
            "my_brands",
            "my_writable_brands",
            "my_writable_organizations",
            "my_owned_organizations",
            "my_chat_sessions",
            "is_service",
            "may_write",
            "ad_labels",
            "classifier_rank",
            "ranks",
            "best_readings",
            "labels_of",
            "last_days",
            "ad_congruence",
            "month_of",
            "recommendation_card",
            "analysis_shown",
            # Checks of a table run as whoever writes the row.
            "texts_fit",
            "offers_fit",
            "recommendation_rank",
            "recommendation_states",
            "made_standing",
            "made_sums",
        ),
        MEMBERS,
    ),
    **dict.fromkeys(
        (
            "run_from_job",
            "log_event",
            "room",
            "limit_keys",
            "first_of_each",
            "close_alerts",
            "release_held",
            "alert_overdue",
            "take_back",
            "require_clock",
            "open_alert",
            "alert_of_run",
            "stopped_as",
            "timeout_message",
        ),
        WORKER,
    ),
    **dict.fromkeys(
        (
            "touch_brand",
            "count_spend",
            "lose_call",
            "reading_stands",
            "lock_input",
            "keep_terminal",
            "changed_by_person",
            "keep_place",
            "release_held_of_account",
            "close_intelligence_of_ended_job",
            "require_owner",
            "require_another_owner",
            # Functions that run as their owner call these.
            "count_spend",
            "lose_call",
            "reading_stands",
            "lock_input",
        ),
        NOBODY,
    ),
}


@pytest.mark.parametrize(("schema", "expected"), [("public", PUBLIC), ("app", APP)])
def test_every_function_is_open_to_exactly_the_roles_that_need_it(
    database: psycopg.Connection, schema: str, expected: dict[str, str]
) -> None:
    found = {
        (name, roles)
        for name, roles in database.execute(
            "select p.proname::text, coalesce((select string_agg(r, ' ' order by r)"
            " from unnest(array['anon', 'authenticated', 'service_role']) r"
            " where has_function_privilege(r, p.oid, 'execute')), '')"
            " from pg_proc p where p.pronamespace = %s::regnamespace",
            [schema],
        ).fetchall()
    }
    assert found == set(expected.items())


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_functions_closed_to_a_role_refuse_it_over_http(
    api: Api, endpoints: Endpoints, database: psycopg.Connection, world: World, role: str
) -> None:
    """Called as an owner, who may do most, with arguments that fit: only the privilege stands in the way."""
    key = endpoints.anon_key if role == "anon" else world.a.owner.key
    closed = [name for name, roles in PUBLIC.items() if role not in roles.split()]
    answers = {}
    for name in closed:
        found = database.execute(
            "select coalesce(proargnames[1:pronargs], '{}')::text[] from pg_proc"
            " where pronamespace = 'public'::regnamespace and proname = %s",
            [name],
        ).fetchone()
        assert found is not None
        answer = api.send(key, "POST", f"rpc/{name}", json=dict.fromkeys(found[0]))
        answers[name] = (answer.status_code, answer.json()["code"])
    assert answers == dict.fromkeys(closed, (401 if role == "anon" else 403, "42501"))


@pytest.mark.parametrize("schema", ["app", "auth", "storage", "supabase_migrations", "pg_catalog"])
def test_no_schema_but_public_is_served(api: Api, endpoints: Endpoints, world: World, schema: str) -> None:
    for key in (endpoints.anon_key, world.a.owner.key, endpoints.service_key):
        for method, path in (("POST", "rpc/my_brands"), ("GET", "users")):
            answer = api.send(key, method, path, json={} if method == "POST" else None, profile=schema)
            assert (answer.status_code, answer.json()["code"]) == (406, "PGRST106"), path


def test_the_description_of_the_api_tells_anon_of_one_function(api: Api, endpoints: Endpoints) -> None:
    """PostgREST describes what a role may use, so this is its own view of the privileges."""
    described = api.send(endpoints.anon_key, "GET", "").json()
    assert set(described["paths"]) == {"/", "/rpc/schema_version"}


def test_a_function_cannot_be_led_astray_by_its_callers_search_path(database: psycopg.Connection) -> None:
    """Above all a SECURITY DEFINER function, which would run a caller's own table or operator as its owner."""
    astray = database.execute(
        "select oid::regprocedure::text from pg_proc"
        " where pronamespace in ('public'::regnamespace, 'app'::regnamespace)"
        " and not coalesce('search_path=\"\"' = any (proconfig), false)"
    ).fetchall()
    assert astray == []


def test_internal_functions_that_run_as_their_owner_are_few_and_known(database: psycopg.Connection) -> None:
    """A function open to signed-in users that skips row level security must ask for its caller's rights itself."""
    found = database.execute(
        "select proname::text from pg_proc where prosecdef and pronamespace = 'public'::regnamespace"
        " and has_function_privilege('authenticated', oid, 'execute') order by 1"
    ).fetchall()
    assert [name for (name,) in found] == [
        "accept_invitations",
        "answer_recommendation",
        "archive_jobs",
        "awaits_first_organization",
        "connect_account",
        "correct_reading",
        "create_first_organization",
        "decide_generated_ads",
        "decide_templates",
        "edit_template",
        "fleet",
        "invite_member",
        "members",
        "pause",
        "pause_jobs",
        "remove_member",
        "resume",
        "resume_jobs",
        "retry",
        "retry_jobs",
        "run_now",
        "save_schedule",
        "schema_version",
        "set_limit",
        "set_member_role",
        "stop",
        "why_waiting",
        "withdraw_correction",
        "withdraw_invitation",
    ]

"""Hosted, in a browser: the first person, an invited viewer, and what neither may see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, Hosted, settled, sign_in, turn_to
from viraltracker.web.sessions import COOKIE, from_cookie

OWNER = "owner@example.com"
VIEWER = "viewer@example.com"
WRITES = (
    "Invite",
    "Remove",
    "Withdraw",
    "New schedule",
    "Save schedule",
    "Run now",
    "Add the brand",
    "New brand",
    "Connect and sync",
)

# The tests tell one story, in the order they are written in.


def test_the_first_person_owns_the_organisation_and_comes_and_goes(
    hosted: Hosted, new_page: Callable[[], Page]
) -> None:
    """Signs in to the page that was asked for, stays over a reload, invites somebody, signs out."""
    hosted.service.confirm(OWNER, PASSWORD)
    page = new_page()
    page.goto(f"{hosted.url}/members")
    sign_in(page, OWNER)
    page.get_by_label("Name").fill("Agency")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("button", name="Load the demo")).to_be_enabled()
    page.reload()
    expect(page.get_by_role("button", name="Load the demo")).to_be_enabled()
    assert COOKIE not in page.evaluate("document.cookie"), "scripts cannot read it"

    page.get_by_role("link", name="Members").click()
    page.get_by_label("E-mail").fill(VIEWER)
    page.get_by_role("button", name="Invite").click()
    # The notice names the address too, for as long as it is there.
    expect(page.get_by_text(VIEWER, exact=True).first).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{hosted.url}/members")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert VIEWER not in page.content()


def test_an_invited_viewer_reads_writes_nothing_and_sees_no_other_organisation(
    hosted: Hosted, new_page: Callable[[], Page]
) -> None:
    """Neither on the pages nor past them with their own key; removed, the open page shows nothing any more."""
    other = hosted.database.execute("insert into public.organizations (name) values ('Rival') returning id").fetchone()
    brand = "insert into public.brands (organization_id, name) values (%s, %s) returning id::text"
    own = hosted.database.execute("select id from public.organizations where name = 'Agency'").fetchone()
    assert other is not None
    assert own is not None
    rivals = hosted.database.execute(brand, [other[0], "Rival Paws"]).fetchone()
    ours = hosted.database.execute(brand, [own[0], "Wonder Paws"]).fetchone()
    assert rivals is not None
    assert ours is not None
    job = hosted.database.execute(
        "insert into public.scheduled_jobs (brand_id, job_type, name, schedule_type, status)"
        " values (%s, 'meta_sync', 'Rival sync', 'one_time', 'completed') returning id",
        [rivals[0]],
    ).fetchone()
    assert job is not None

    page = new_page()
    page.goto(hosted.url)
    page.get_by_role("link", name="Invited?").click()
    page.get_by_label("E-mail").fill(VIEWER)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("status")).to_contain_text("on its way")
    page.goto(hosted.service.outbox[-1].link(hosted.url))
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.get_by_text("Wonder Paws").first).to_be_visible()

    page.goto(f"{hosted.url}/members?organization={other[0]}")
    expect(page.get_by_text(OWNER)).to_be_visible()
    expect(page.get_by_role("button", name="Leave")).to_be_visible()
    for control in WRITES:
        assert page.get_by_role("button", name=control).count() == 0, control
    for address, shown in (
        ("ad_scheduler?new=1", "Nothing is scheduled yet"),
        (f"ad_scheduler?job={job[0]}", "No such schedule"),
        (f"data?brand={rivals[0]}", "Imported files"),
        (f"ad_intelligence?brand={rivals[0]}", "No numbers yet"),
    ):
        turn_to(page, f"/{address}")
        expect(page.get_by_text(shown).first).to_be_visible()
        settled(page)
        for control in WRITES:
            assert page.get_by_role("button", name=control).count() == 0, f"{address}: {control}"
        assert page.get_by_test_id("stFileUploader").count() == 0
        assert "Rival" not in page.content()

    tokens = from_cookie(next(c["value"] for c in page.context.cookies() if c["name"] == COOKIE))
    assert tokens is not None
    forged = httpx.post(
        f"{hosted.supabase_url}/rest/v1/rpc/invite_member",
        json={"p_organization": str(own[0]), "p_email": "friend@example.com", "p_role": "owner"},
        headers={"apikey": hosted.key, "Authorization": f"Bearer {tokens.access}"},
    )
    assert (forged.status_code, forged.json()["code"]) == (403, "42501")

    hosted.database.execute("delete from public.memberships where role = 'viewer'")
    page.get_by_role("link", name="Home").click()
    expect(page.get_by_text("You are in no organisation yet")).to_be_visible()
    expect(page.get_by_text("Wonder Paws")).to_have_count(0)
    assert page.get_by_test_id("stSidebarNav").count() == 0


def test_an_owner_imports_a_file_through_storage(hosted: Hosted, new_page: Callable[[], Page], tmp_path: Path) -> None:
    """The file goes from the browser to Storage with the person's own key, and from there to a worker elsewhere."""
    file = tmp_path / "october.csv"
    file.write_text(
        "Reporting starts,Reporting ends,Campaign name,Ad name,Impressions,Amount spent (USD)\n"
        "2026-10-01,2026-10-01,Always on,Stairs,1000,12.50\n2026-10-02,2026-10-02,Always on,Offer,2000,20.00\n"
    )
    page = new_page()
    page.goto(f"{hosted.url}/data")
    sign_in(page, OWNER)
    expect(page.get_by_text("Nothing is connected yet")).to_be_visible()
    page.locator('input[type="file"]').set_input_files(file)
    expect(page.get_by_text("Oct 1 – Oct 2, 2026")).to_be_visible()
    with hosted.working("http://127.0.0.1:9", tmp_path):
        page.get_by_role("button", name="Import into Wonder Paws").click()
        expect(page.get_by_text("october.csv is in: 2 rows, 2 ads.")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("table", name="Imported files")).to_contain_text("october.csv")

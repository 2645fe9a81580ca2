"""Ads by models, made by a worker that is killed on the way: nothing is paid for twice that was not under way."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from tests.integration.queue.arrange import Arranged, eventually
from tests.reliability.conftest import StartWorker
from viraltracker import clock
from viraltracker.creation import uploads
from viraltracker.local.stack import Endpoints
from viraltracker.sandbox import model_desk, server
from viraltracker.sandbox.app import Sandbox
from viraltracker.sandbox.demo import product_photos
from viraltracker.sandbox.demo import products as demo
from viraltracker.store import products
from viraltracker.store.storage import FolderStorage

ORDER = {"num_variations": 2, "portrait": False, "story": False, "template_mode": "none"}


def test_a_worker_killed_while_models_make_ads_is_followed_by_one_that_buys_only_the_rest(
    arranged: Arranged, start_worker: StartWorker, endpoints: Endpoints
) -> None:
    given = demo.every("http://sandbox", date(2026, 11, 20))[0]
    names = [link.rsplit("/", 1)[1].removesuffix(".png") for link in given.pop("photos")]
    made = products.save(arranged.db, arranged.brand_id, given | {"id": str(uuid4())})
    shown = [uploads.read(data) for name in names if (data := product_photos.draw(name))]
    products.add_photos(arranged.db, FolderStorage(endpoints.asset_dir), arranged.brand_id, made, shown)

    def calls(state: str) -> list[dict[str, object]]:
        return arranged.db.rows("llm_calls", columns="id", where={"brand_id": arranged.brand_id, "state": state})

    with server.running(sandbox=Sandbox(clock)) as sandbox:
        sandbox.sandbox.models.model_seconds = 0.3
        keys = {
            "GEMINI_API_KEY": model_desk.KEY,
            "GEMINI_BASE_URL": f"{sandbox.base_url}/gemini",
            "ANTHROPIC_API_KEY": model_desk.KEY,
            "ANTHROPIC_BASE_URL": f"{sandbox.base_url}/claude",
        }
        first = start_worker(**keys)
        run_id = arranged.once(job_type="ad_creation", parameters=ORDER)
        eventually(lambda: len(calls("answered")) >= 3 and calls("in_flight") != [])
        first.kill()
        first.wait()
        under_way = len(calls("in_flight"))
        start_worker(**keys)
        eventually(lambda: bool(arranged.run(run_id)["state"] == "succeeded"))
        asked = len(sandbox.sandbox.model_calls)
    row = arranged.run(run_id)
    assert (row["attempt"], row["result"]["approved"]) == (2, 2)
    answered, lost = len(calls("answered")), len(calls("lost"))
    assert calls("in_flight") == []
    assert lost <= under_way
    assert answered <= asked <= answered + under_way
    steps = arranged.database.execute("select count(*) from public.creation_steps where run_id = %s", [run_id])
    assert steps.fetchone() == (answered,)

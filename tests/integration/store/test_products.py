"""Products in the real database: who may change them, what fits in, and their photos."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from PIL import Image

from tests.integration.conftest import User
from viraltracker import clock
from viraltracker.creation import products
from viraltracker.creation.products import Offer, Product
from viraltracker.errors import BadInput, NotFound, Refused
from viraltracker.local.stack import Endpoints
from viraltracker.store import client
from viraltracker.store import products as store
from viraltracker.store.client import Database
from viraltracker.store.products import Photo
from viraltracker.store.storage import FolderStorage

Connect = Callable[[str], Database]


@pytest.fixture(scope="module")
def connect(endpoints: Endpoints) -> Iterator[Connect]:
    """The database as the holder of a key sees it."""
    with client.http_client(embedded=True) as http:
        yield lambda key: client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=key)


@pytest.fixture
def people(database: psycopg.Connection, new_user: Callable[[str], User]) -> dict[str, User]:
    """Of one organisation; a stranger of none."""
    found = database.execute("insert into public.organizations (name) values ('Agency') returning id").fetchone()
    assert found is not None
    made = {role: new_user(role) for role in ("owner", "editor", "viewer", "stranger")}
    for role in ("owner", "editor", "viewer"):
        database.execute("insert into public.memberships values (%s, %s, %s)", [found[0], made[role].id, role])
    return made


@pytest.fixture
def brand_id(database: psycopg.Connection, people: dict[str, User]) -> str:
    found = database.execute(
        "insert into public.brands (organization_id, name) select organization_id, 'Wonder Paws'"
        " from public.memberships where user_id = %s returning id::text",
        [people["owner"].id],
    ).fetchone()
    assert found is not None
    return str(found[0])


@pytest.fixture
def editor(connect: Connect, people: dict[str, User]) -> Database:
    return connect(people["editor"].key)


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path)


def chews(brand_id: str, **changes: object) -> Product:
    """A product with something in every field."""
    values = {
        "id": str(uuid4()),
        "brand_id": brand_id,
        "name": "Chews",
        "url": "https://example.com/chews",
        "price": Decimal("59.90"),
        "currency": "USD",
        "facts": ("600 mg glucosamine", "Made in Vermont"),
        "benefits": ("Stairs again",),
        "hooks": ("Is your dog slowing down?",),
        "offers": (Offer(text="3 bags", code="BAGS3", price=Decimal("124"), valid_until=date(2026, 12, 31)),),
        "banned_claims": ("cure",),
        "colours": ("#1f6f54",),
        "audience": "People with old dogs",
    }
    return Product.model_validate(values | changes)


def photo(shade: int = 0) -> Photo:
    out = io.BytesIO()
    Image.new("RGB", (3, 2), (shade, 0, 0)).save(out, "PNG")
    return Photo(out.getvalue(), "image/png", 3, 2)


def test_what_an_editor_saves_every_member_reads_as_it_was(
    connect: Connect, people: dict[str, User], editor: Database, brand_id: str
) -> None:
    saved = chews(brand_id)
    assert store.save(editor, brand_id, saved.columns()) == saved.id
    for role in ("owner", "editor", "viewer"):
        [read] = products.of_brand(connect(people[role].key), brand_id)
        assert read == saved.model_copy(update={"revision": 1})
    assert products.of_brand(connect(people["stranger"].key), brand_id) == []


@pytest.mark.parametrize("who", ["viewer", "stranger"])
def test_nobody_else_changes_a_product_or_its_photos(  # noqa: PLR0917 - fixtures
    connect: Connect, people: dict[str, User], editor: Database, brand_id: str, storage: FolderStorage, who: str
) -> None:
    """Each deed is refused in a sentence that says who may, or touches nothing."""
    made = chews(brand_id)
    store.save(editor, brand_id, made.columns())
    store.add_photos(editor, storage, brand_id, made.id, [photo()])
    before = store.of_brand(editor, brand_id)
    other, changed = connect(people[who].key), made.model_copy(update={"name": "Theirs", "revision": 1})
    for deed in (
        lambda: store.save(other, brand_id, changed.columns()),
        lambda: store.save(other, brand_id, chews(brand_id, name="New").columns()),
        lambda: store.archive(other, brand_id, made.id, clock.now()),
        lambda: store.add_photos(other, storage, brand_id, made.id, [photo(1)]),
        lambda: store.order_photos(other, brand_id, made.id, []),
    ):
        with pytest.raises(Refused, match="ask an owner or editor"):
            deed()
    store.remove_photo(other, brand_id, made.id, photo().sha256)
    assert store.of_brand(editor, brand_id) == before


def test_a_name_is_taken_once_a_brand_whatever_its_case(editor: Database, brand_id: str) -> None:
    store.save(editor, brand_id, chews(brand_id, name="Chews").columns())
    with pytest.raises(BadInput, match="choose another name"):
        store.save(editor, brand_id, chews(brand_id, name="cHEWS ").columns())


def test_a_call_that_is_sent_twice_saves_once(editor: Database, brand_id: str) -> None:
    """Its answer may have got lost; the same for a change."""
    made = chews(brand_id)
    for _ in range(2):
        store.save(editor, brand_id, made.columns())
    changed = made.model_copy(update={"facts": ("New fact",), "revision": 1})
    for _ in range(2):
        store.save(editor, brand_id, changed.columns())
    [kept] = products.of_brand(editor, brand_id)
    assert (kept.facts, kept.revision) == (("New fact",), 2)


def test_the_second_of_two_who_edit_at_once_is_told(editor: Database, brand_id: str) -> None:
    made = chews(brand_id)
    store.save(editor, brand_id, made.columns())
    opened = products.one(editor, brand_id, made.id)
    store.save(editor, brand_id, opened.model_copy(update={"audience": "First"}).columns())
    with pytest.raises(Refused, match="Somebody else has changed this product meanwhile"):
        store.save(editor, brand_id, opened.model_copy(update={"audience": "Second"}).columns())
    assert products.one(editor, brand_id, made.id).audience == "First"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "  "},
        {"name": "x" * 201},
        {"url": "javascript:alert(1)"},
        {"price": "-1"},
        {"price": "5", "currency": None},
        {"currency": "usd"},
        {"facts": ["x"] * 41},
        {"facts": ["x" * 301]},
        {"facts": [" "]},
        {"facts": [None]},
        {"benefits": ["x" * 201]},
        {"hooks": ["x"] * 41},
        {"banned_claims": ["x"] * 101},
        {"colours": ["red"]},
        {"colours": ["#1F6F54"]},
        {"colours": ["#000000"] * 13},
        {"audience": "x" * 1001},
        {"offers": {}},
        {"offers": ["x"]},
        {"offers": [{}]},
        {"offers": [{"text": ""}]},
        {"offers": [{"text": "x", "price": "many"}]},
        {"offers": [{"text": "x", "code": "two words"}]},
        {"offers": [{"text": "x", "valid_until": "soon"}]},
        {"offers": [{"text": "x", "valid_until": "2026-02-30"}]},
        {"offers": [{"text": "x", "html": "x"}]},
        {"offers": [{"text": "x"}] * 21},
    ],
    ids=str,
)
def test_the_table_takes_nothing_out_of_bounds(editor: Database, brand_id: str, wrong: dict[str, object]) -> None:
    """Whoever writes past the form meets the same bounds."""
    with pytest.raises(BadInput):
        store.save(editor, brand_id, chews(brand_id).columns() | wrong)
    assert store.of_brand(editor, brand_id) == []


def test_an_archived_product_comes_last_and_can_be_taken_back(editor: Database, brand_id: str) -> None:
    first, second = chews(brand_id, name="A"), chews(brand_id, name="B")
    for each in (first, second):
        store.save(editor, brand_id, each.columns())
    store.archive(editor, brand_id, first.id, clock.now())
    assert [(each.name, each.archived_at is None) for each in products.of_brand(editor, brand_id)] == [
        ("B", True),
        ("A", False),
    ]
    store.archive(editor, brand_id, first.id, None)
    assert [each.name for each in products.of_brand(editor, brand_id)] == ["A", "B"]


def test_photos_keep_their_order_through_additions_moves_and_removals(
    editor: Database, brand_id: str, storage: FolderStorage
) -> None:
    made = chews(brand_id)
    store.save(editor, brand_id, made.columns())
    one, two, three = (photo(shade) for shade in range(3))
    assert store.add_photos(editor, storage, brand_id, made.id, [one, two]) == 2
    assert store.add_photos(editor, storage, brand_id, made.id, [two, three, three]) == 3, "one photo is there once"

    def order() -> list[tuple[str, int]]:
        return [(each.sha256, each.position) for each in products.one(editor, brand_id, made.id).photos]

    assert order() == [(one.sha256, 0), (two.sha256, 1), (three.sha256, 2)]
    assert store.order_photos(editor, brand_id, made.id, [three.sha256, one.sha256]) == 3
    assert order() == [(three.sha256, 0), (one.sha256, 1), (two.sha256, 2)]
    store.remove_photo(editor, brand_id, made.id, three.sha256)
    assert store.add_photos(editor, storage, brand_id, made.id, [three]) == 3
    assert order() == [(one.sha256, 0), (two.sha256, 1), (three.sha256, 2)]
    shown = products.one(editor, brand_id, made.id).photos[0]
    assert store.photo_bytes(storage, shown.storage_key) == one.data
    assert (shown.mime, shown.bytes, shown.width, shown.height) == ("image/png", len(one.data), 3, 2)


def test_a_product_takes_twelve_photos_and_no_more(editor: Database, brand_id: str, storage: FolderStorage) -> None:
    """All of an upload or none, so that nobody has to look which came through."""
    made = chews(brand_id)
    store.save(editor, brand_id, made.columns())
    store.add_photos(editor, storage, brand_id, made.id, [photo(shade) for shade in range(11)])
    with pytest.raises(BadInput, match="at most 12 photos"):
        store.add_photos(editor, storage, brand_id, made.id, [photo(20), photo(21)])
    assert len(products.one(editor, brand_id, made.id).photos) == 11
    assert store.add_photos(editor, storage, brand_id, made.id, [photo(20)]) == store.MOST_PHOTOS


def test_bytes_that_are_not_the_photo_that_was_stored_are_not_used(
    editor: Database, brand_id: str, storage: FolderStorage
) -> None:
    made = chews(brand_id)
    store.save(editor, brand_id, made.columns())
    store.add_photos(editor, storage, brand_id, made.id, [photo()])
    [listed] = products.one(editor, brand_id, made.id).photos
    (storage.root / "assets" / listed.storage_key).write_bytes(photo(9).data)
    with pytest.raises(NotFound, match="not the one that was uploaded"):
        store.photo_bytes(storage, listed.storage_key)

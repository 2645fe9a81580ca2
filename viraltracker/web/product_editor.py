"""Changing a product: its texts in one form, each complaint beside its field; its photos at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from viraltracker import clock
from viraltracker.creation import claims, money, products, uploads
from viraltracker.creation.products import MOST_BANNED, MOST_COLOURS, MOST_LINES, MOST_OFFERS, Product, problems
from viraltracker.errors import BadInput, ViralTrackerError
from viraltracker.store import products as store
from viraltracker.store.client import Database
from viraltracker.web import cards, files, product_form, products_view, words

Json = dict[str, Any]

SAID: Final = "product-said"
"""Where the session keeps what the last deed did, until it is said."""
PER_ROW: Final = 4
HELP: Final = {
    "facts": f"What is true of it, one a line, at most {MOST_LINES}. Prices, shares and superlatives may be said only "
    "as they stand here.",
    "benefits": f"What it does for people, one a line, at most {MOST_LINES}.",
    "hooks": f"Opening lines that you approve, one a line, at most {MOST_LINES}.",
    "banned_claims": f"What no ad may say, one a line, at most {MOST_BANNED}. Spelling and endings do not matter.",
}


@dataclass(frozen=True)
class Editor:
    """One product under change; `product.revision` is None for one that is not stored yet."""

    db: Database
    product: Product

    @property
    def key(self) -> str:
        """Begins the keys of the form. Of the revision, so that a saved form begins with what was saved."""
        return f"product-{self.product.id}-{self.product.revision}"

    def answer(self, field: str) -> Any:
        """What the form says."""
        return st.session_state[f"{self.key}-{field}"]

    def save(self) -> None:
        """Stores the texts, or keeps what is wrong with them for the next drawing."""
        fields = ("name", "url", "price", "currency", *product_form.TEXTS, "colours", "audience")
        rows = product_form.offer_rows(self.product.offers)
        offers = product_form.offers_after(rows, self.answer("offers"))
        given = product_form.values({field: self.answer(field) for field in fields}, self.product, offers)
        faults = products.faults_of(given)
        if not faults:
            try:
                store.save(self.db, self.product.brand_id, products.parse(given).columns())
            except BadInput as error:
                faults = {"name": error.message}
            except ViralTrackerError as error:
                faults = {"": error.message}
        st.session_state[f"{self.key}-faults"] = faults
        if not faults:
            st.session_state[SAID] = {"done": f"{given['name'].strip()} is saved."}
            st.query_params["product"] = self.product.id

    def archive(self, *, back: bool) -> None:
        """Takes the product out of use, or back into it."""
        now = None if back else clock.now()
        done = f"{self.product.name} is {'in use again' if back else 'in the archive'}."
        self._do(done, lambda: store.archive(self.db, self.product.brand_id, self.product.id, now))

    def move(self, place: int, by: int) -> None:
        """Changes a photo's place with its neighbour's."""
        order = [photo.sha256 for photo in self.product.photos]
        order[place], order[place + by] = order[place + by], order[place]
        self._do("", lambda: store.order_photos(self.db, self.product.brand_id, self.product.id, order))

    def remove(self, sha256: str) -> None:
        """Takes a photo off the product."""
        done = "The photo is removed."
        self._do(done, lambda: store.remove_photo(self.db, self.product.brand_id, self.product.id, sha256))

    def add(self, uploaded: Sequence[UploadedFile]) -> None:
        """Checks photos and stores those that can be used; the others are named, each with its reason."""
        good: list[store.Photo] = []
        wrong: list[str] = []
        for file in uploaded:
            try:
                good.append(uploads.read(file.getvalue()))
            except BadInput as error:
                wrong.append(f"{file.name}: {error.message}")
        if good:
            done = f"{words.counted(len({photo.sha256 for photo in good}), 'photo')} added."
            storage = files.of(self.db)
            self._do(done, lambda: store.add_photos(self.db, storage, self.product.brand_id, self.product.id, good))
        if wrong:
            st.session_state[SAID] = st.session_state.get(SAID, {}) | {"photos": wrong}

    def _do(self, done: str, deed: Any) -> None:
        try:
            deed()
        except ViralTrackerError as error:
            st.session_state[SAID] = {"photos": [error.message]}
        else:
            st.session_state[SAID] = {"done": done} if done else {}


def draw_said() -> list[str]:
    """Says what the last deed did; gives what was wrong with photos, to be said beside them."""
    said: Json = st.session_state.pop(SAID, {})
    if said.get("done"):
        st.success(words.literal(said["done"]), icon=":material/check_circle:")
    return list(said.get("photos", ()))


def draw(editor: Editor) -> None:
    """The form, what is missing, and the photos."""
    product, today = editor.product, clock.now().date()
    is_new = product.revision is None
    st.html(f'<h2 class="vt-brand">{words.html("New product" if is_new else product.name)}</h2>')
    wrong_photos = draw_said()
    if product.archived_at is not None:
        st.info("This product is in the archive: no ad is made of it.", icon=":material/archive:")
    if not is_new:
        st.html(products_view.missing(problems(product, today), claims.in_product(product, today)))
    _draw_form(editor)
    cards.section("Photos")
    if is_new:
        st.html('<p class="vt-more">Save the product first; then upload its photos here.</p>')
        return
    _draw_photos(editor, wrong_photos)
    if product.archived_at is None:
        st.button("Archive this product", icon=":material/archive:", on_click=editor.archive, kwargs={"back": False})
    else:
        st.button(
            "Take back from the archive", icon=":material/unarchive:", on_click=editor.archive, kwargs={"back": True}
        )


def _draw_form(editor: Editor) -> None:
    product, key = editor.product, editor.key
    faults: dict[str, str] = st.session_state.get(f"{key}-faults", {})
    with st.form(key, border=True):
        left, middle, right = st.columns([5, 2, 1.4])
        with left:
            st.text_input("Name", product.name if product.revision else "", max_chars=200, key=f"{key}-name")
            _fault(faults, "name")
        with middle:
            price = "" if product.price is None else f"{product.price.normalize():f}"
            st.text_input("Price", price, max_chars=20, placeholder="49.90", key=f"{key}-price")
            _fault(faults, "price")
        with right:
            st.text_input("Currency", product.currency or "", max_chars=3, placeholder="USD", key=f"{key}-currency")
            _fault(faults, "currency")
        st.text_input(
            "Web address", product.url or "", max_chars=2000, placeholder="https://…", key=f"{key}-url",
            help="Where an ad leads, unless it is told otherwise.",
        )  # fmt: skip
        _fault(faults, "url")
        left, right = st.columns(2)
        with left:
            _lines(editor, "facts", "Facts", 230)
            _fault(faults, "facts")
            _lines(editor, "hooks", "Hooks", 160)
            _fault(faults, "hooks")
        with right:
            _lines(editor, "benefits", "Benefits", 230)
            _fault(faults, "benefits")
            _lines(editor, "banned_claims", "Banned claims", 160)
            _fault(faults, "banned_claims")
        _draw_offers(editor)
        _fault(faults, "offers")
        left, right = st.columns(2)
        with left:
            st.text_input(
                "Colours", ", ".join(product.colours), placeholder="#1f6f54, #e28b4a", key=f"{key}-colours",
                help=f"Of the brand, the most important first, at most {MOST_COLOURS}.",
            )  # fmt: skip
            if product.colours:
                st.html(products_view.swatches(product.colours))
            _fault(faults, "colours")
        with right:
            st.text_area("Audience", product.audience or "", height=80, max_chars=1000, key=f"{key}-audience")
            _fault(faults, "audience")
        _fault(faults, "")
        st.form_submit_button("Save the product", type="primary", icon=":material/save:", on_click=editor.save)


def _fault(faults: dict[str, str], field: str) -> None:
    if field in faults:
        st.error(words.literal(faults[field]), icon=":material/error:")


def _lines(editor: Editor, field: str, label: str, height: int) -> None:
    text = "\n".join(getattr(editor.product, field))
    st.text_area(label, text, height=height, max_chars=20_000, key=f"{editor.key}-{field}", help=HELP[field])


def _draw_offers(editor: Editor) -> None:
    table = pd.DataFrame(product_form.offer_rows(editor.product.offers), columns=list(product_form.OFFER_COLUMNS))
    table = table.astype({"text": "string", "code": "string", "price": "float64"})
    table["valid_until"] = pd.to_datetime(table["valid_until"])
    digits = money.decimals(editor.product.currency or "USD")
    st.markdown(
        "Offers", help=f"In the words that may be used, at most {MOST_OFFERS}. After its last day no ad uses one."
    )
    st.data_editor(
        table,
        key=f"{editor.key}-offers",
        num_rows="dynamic",
        hide_index=True,
        width="stretch",
        column_config={
            "text": st.column_config.TextColumn("Offer", width="large", max_chars=200),
            "code": st.column_config.TextColumn("Code", max_chars=40),
            "price": st.column_config.NumberColumn("Price", min_value=0, format=f"%.{digits}f"),
            "valid_until": st.column_config.DateColumn("Last day", format="YYYY-MM-DD"),
        },
    )


def _draw_photos(editor: Editor, wrong: Sequence[str]) -> None:
    product = editor.product
    shown = products_view.photos(editor.db, [photo.storage_key for photo in product.photos], 480)
    last = len(product.photos) - 1
    columns = st.columns(PER_ROW)
    for place, photo in enumerate(product.photos):
        with columns[place % PER_ROW]:
            st.html(products_view.figure(shown.get(photo.storage_key), f"Photo {place + 1}"))
            with st.container(horizontal=True, gap="small", key=f"photo-{photo.sha256[:16]}"):
                st.button(
                    "Earlier", key=f"earlier-{photo.sha256}", type="tertiary", disabled=place == 0,
                    on_click=editor.move, args=(place, -1),
                )  # fmt: skip
                st.button(
                    "Later", key=f"later-{photo.sha256}", type="tertiary", disabled=place == last,
                    on_click=editor.move, args=(place, 1),
                )  # fmt: skip
                st.button(
                    "Remove",
                    key=f"remove-{photo.sha256}",
                    type="tertiary",
                    on_click=editor.remove,
                    args=(photo.sha256,),
                )
    for each in wrong:
        st.error(words.literal(each), icon=":material/error:")
    if len(product.photos) >= store.MOST_PHOTOS:
        st.html(f'<p class="vt-more">{store.MOST_PHOTOS} photos are the most; remove one to add another.</p>')
        return
    # A fresh uploader after each upload: files that were taken in would be taken in again.
    sent = st.session_state.setdefault(f"photos-sent-{product.id}", 0)
    uploaded = st.file_uploader(
        "Add photos: PNG, JPEG or WEBP",
        type=["png", "jpg", "jpeg", "webp"],
        accept_multiple_files=True,
        max_upload_size=uploads.MOST_BYTES // (1024 * 1024),
        help="Best is the product alone on a plain or see-through ground. What the camera wrote into the file, such as "
        "the place, is not kept.",
        key=f"photos-{product.id}-{sent}",
    )
    if uploaded:
        editor.add(uploaded)
        st.session_state[f"photos-sent-{product.id}"] = sent + 1
        st.rerun()

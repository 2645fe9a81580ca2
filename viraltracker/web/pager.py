"""A long list page by page: which page is looked at is kept under the list's own name."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Pager:
    """The pages of one list; `name` is its own in the session, `<name>-page`."""

    name: str

    @property
    def _key(self) -> str:
        return f"{self.name}-page"

    def here(self, total: int | None = None, size: int = 1) -> int:
        """The page that is looked at, from 0; of `total` items at most the last one."""
        page = int(st.session_state.get(self._key, 0))
        return page if total is None else min(page, max(total - 1, 0) // size)

    def first(self) -> None:
        """Another brand, filter or order begins at the first page."""
        self.turn(0)

    def turn(self, page: int) -> None:
        """Goes to a page."""
        st.session_state[self._key] = page

    def draw(self, total: int, size: int) -> None:
        """The way to the pages before and after, where there are any."""
        last, here = max(total - 1, 0) // size, self.here(total, size)
        if not last:
            return
        begins, ends = here * size + 1, min(total, (here + 1) * size)
        with st.container(horizontal=True, vertical_alignment="center", key=f"{self.name}-pages"):
            st.button(
                "Earlier", disabled=here == 0, on_click=self.turn, args=(here - 1,), icon=":material/chevron_left:"
            )
            st.html(f'<p class="vt-more">{begins:,} to {ends:,} of {total:,}</p>', width="content")
            st.button(
                "Later", disabled=here == last, on_click=self.turn, args=(here + 1,), icon=":material/chevron_right:"
            )

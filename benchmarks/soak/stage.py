"""Where the play is: an embedded stack, a line that loses answers, and workers on the other side of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.soak.direct import Direct
from benchmarks.soak.fleet import Fleet, Tempo
from benchmarks.soak.ledger import wall
from benchmarks.soak.nursery import Nursery
from benchmarks.soak.proxy import Cuts, Proxy
from viraltracker.local.stack import Stack
from viraltracker.store import client
from viraltracker.store.client import Database


@dataclass
class Stage:
    """`db` is the harness's own way in, through the same line as the workers'."""

    stack: Stack
    direct: Direct
    proxy: Proxy
    fleet: Fleet
    db: Database
    outages: list[tuple[float, float]] = field(default_factory=list)

    def kill_database(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Kills PostgreSQL's first process; the stack's supervisor starts all of it again. Returns when it serves."""
        began = wall()
        pid = (self.stack.home.database / "postmaster.pid").read_text().splitlines()[0]
        os.kill(int(pid), number)
        while self._serves():
            time.sleep(0.02)
        while not self._serves():
            time.sleep(0.05)
        self.outages.append((began, wall()))

    def _serves(self) -> bool:
        endpoints = self.stack.endpoints()
        if endpoints is None:
            return False
        headers = {"Authorization": f"Bearer {endpoints.service_key}"}
        try:
            return httpx.post(f"{endpoints.rest_url}/rpc/due", headers=headers, json={}, timeout=2).is_success
        except httpx.HTTPError:
            return False


@contextmanager
def staged(stack: Stack, nursery: Nursery, folder: Path, tempo: Tempo, cuts: Cuts) -> Iterator[Stage]:
    """On a stack that somebody holds; leaves nothing behind in its schema."""
    endpoints = stack.endpoints()
    assert endpoints is not None
    direct = Direct(stack.superuser_url)
    direct.install_audit()
    try:
        with Proxy(lambda: _rest_url(stack), cuts) as proxy, client.http_client(embedded=True) as http:
            environment = {
                "SUPABASE_URL": proxy.url,
                "SUPABASE_PUBLISHABLE_KEY": endpoints.anon_key,
                "SUPABASE_SECRET_KEY": endpoints.service_key,
            }
            db = client.connect(proxy.url, endpoints.service_key, http)
            with Fleet(nursery, folder, environment, tempo) as fleet:
                yield Stage(stack, direct, proxy, fleet, db)
    finally:
        direct.remove_audit()
        direct.close()


def _rest_url(stack: Stack) -> str | None:
    """As it is now: a restart may have moved it."""
    endpoints = stack.endpoints()
    return None if endpoints is None else endpoints.rest_url

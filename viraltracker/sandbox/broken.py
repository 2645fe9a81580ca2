"""Faults that come in place of any service's answer: pages of a gateway, silence, a broken connection, a long wait."""

from __future__ import annotations

import asyncio

from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from viraltracker.sandbox.faults import Fault, FaultScript

_GATEWAY_PAGE = "<html><head><title>502</title></head><body><h1>502 Bad Gateway</h1><p>nginx</p></body></html>"
_LOOK_SECONDS = 0.05


class BrokenOff(Response):
    """Announces more than it sends; the server then drops the connection."""

    def __init__(self, sent: bytes, announced: int, mime: str) -> None:
        super().__init__(sent, media_type=mime)
        self.headers["content-length"] = str(announced)

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": bytes(self.body), "more_body": True})


async def before(fault: Fault | None, script: FaultScript) -> Response | None:
    """The answer of a fault that comes in place of the right one, and the slow one's wait."""
    if fault is None:
        return None
    if fault.kind == "slow":
        await _slowly(float(fault.options.get("seconds", 1)), script)
    elif fault.kind in {"html_502", "html_200"}:
        return HTMLResponse(_GATEWAY_PAGE, 502 if fault.kind == "html_502" else 200)
    elif fault.kind == "empty_body":
        return Response(b"", 200)
    elif fault.kind == "reset":
        return BrokenOff(b'{"data":[', 4096, "application/json")
    return None


async def _slowly(seconds: float, script: FaultScript) -> None:
    """Waits until the time is over or the script is cleared."""
    loop, cleared = asyncio.get_running_loop(), script.cleared
    end = loop.time() + seconds
    while (left := end - loop.time()) > 0 and script.cleared == cleared:
        await asyncio.sleep(min(_LOOK_SECONDS, left))

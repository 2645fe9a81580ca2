"""Supabase Storage for private buckets: files in a folder, and who may have them from the database's own policies.

Like the service, every request becomes a statement on `storage.objects` in the role and with the claims of its JWT, so
that a policy that hosted Supabase would enforce is enforced here.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import psycopg
from psycopg import sql
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_PATH = re.compile(r"[0-9a-zA-Z._-]+(/[0-9a-zA-Z._-]+)*")
_ROLES = frozenset({"anon", "authenticated", "service_role"})
_SEE = "select from storage.objects where bucket_id = %s and name = %s"
_ADD = "insert into storage.objects (bucket_id, name) values (%s, %s)"
_REPLACE = f"{_ADD} on conflict (bucket_id, name) do update set updated_at = now()"


@dataclass(frozen=True)
class SupabaseStorageApi:
    """`database` may act in every role; `jwt_secret` is the database's own; `folder` holds the buckets."""

    database: psycopg.Connection
    jwt_secret: str = field(repr=False)
    folder: Path
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    async def answer(self, request: Request, authorization: str, bucket: str, path: str) -> Response:
        """Answers GET and POST of `/object/{bucket}/{path}` for the holder of the JWT in `authorization`."""
        try:
            claims = jwt.decode(
                authorization.removeprefix("Bearer "), self.jwt_secret, ["HS256"], options={"verify_aud": False}
            )
        except jwt.InvalidTokenError:
            return _refused(403, "Unauthorized", "jws error")
        if not _PATH.fullmatch(f"{bucket}/{path}") or ".." in path:
            return _refused(400, "InvalidKey", "Invalid key")
        if request.method == "GET":
            return await run_in_threadpool(self._read, claims, bucket, path)
        async with request.form() as form:
            upload = next(part for part in form.values() if isinstance(part, UploadFile))
            data = await upload.read()
        overwrite = request.headers.get("x-upsert") == "true"
        return await run_in_threadpool(self._write, claims, bucket, path, data, overwrite)

    def _read(self, claims: dict[str, Any], bucket: str, path: str) -> Response:
        seen = self._as(claims, _SEE, bucket, path)
        file = self.folder / bucket / path
        if not seen or not file.is_file():
            return _refused(404, "not_found", "Object not found")
        return Response(file.read_bytes(), media_type="application/octet-stream")

    def _write(self, claims: dict[str, Any], bucket: str, path: str, data: bytes, overwrite: bool) -> Response:
        try:
            self._as(claims, _REPLACE if overwrite else _ADD, bucket, path)
        except psycopg.errors.UniqueViolation:
            return _refused(409, "Duplicate", "The resource already exists")
        except psycopg.errors.InsufficientPrivilege:
            return _refused(403, "Unauthorized", "new row violates row-level security policy")
        file = self.folder / bucket / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return JSONResponse({"Id": path, "Key": f"{bucket}/{path}"})

    def _as(self, claims: dict[str, Any], statement: str, *values: str) -> int:
        """Rows that the statement met."""
        role = claims.get("role") if claims.get("role") in _ROLES else "anon"
        with self._turn, self.database.transaction():
            self.database.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(claims)])
            self.database.execute(sql.SQL("set local role {}").format(sql.Identifier(str(role))))
            return self.database.execute(statement.encode(), values).rowcount


def _refused(status: int, error: str, message: str) -> Response:
    # Hosted Storage answers 400 and names the real status inside.
    return JSONResponse({"statusCode": str(status), "error": error, "message": message}, status_code=400)

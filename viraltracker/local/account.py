"""The system user that the engines run as. PostgreSQL refuses to run as root, so root lends it another user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viraltracker.errors import ConfigurationError

SERVICE_USER = "viraltracker"
USERADD_OPTIONS = (
    *("--system", "--user-group", "--no-create-home"),
    *("--home-dir", "/nonexistent", "--shell", "/bin/false"),
)


@dataclass(frozen=True)
class Account:
    """`lent` is True when this process is root and the engines run as `name` instead."""

    name: str
    uid: int
    gid: int
    lent: bool

    def run_as(self) -> dict[str, Any]:
        """Arguments for `subprocess` that make a child run under this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.lent else {}

    def give(self, path: Path) -> None:
        """Makes the account the owner of one file or folder of ours."""
        if self.lent:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether the account can enter this folder, or run this file."""
        if not self.lent:
            return os.access(path, os.X_OK)
        check = subprocess.run(  # noqa: S603
            ["/bin/sh", "-c", 'test -x "$1"', "sh", path], cwd="/", check=False, **self.run_as()
        )
        return check.returncode == 0


def current() -> Account:
    """The account for this process: its own, or for root the system user `viraltracker`, made when missing.

    Where no user can be made, `nobody` serves. Raises `ConfigurationError` where there is neither.
    """
    uid = os.geteuid()
    if uid != 0:
        return Account(name=str(uid), uid=uid, gid=os.getegid(), lent=False)
    found = _find(SERVICE_USER) or _make() or _find("nobody")
    if found is None:
        raise ConfigurationError(
            f"PostgreSQL does not run as root: make a system user named {SERVICE_USER}, or run as another user."
        )
    return found


def _find(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, lent=True)


def _make() -> Account | None:
    command = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if command is not None:
        # Another process may make the user at the same moment: what counts is that it is there afterwards.
        subprocess.run(  # noqa: S603
            [command, *USERADD_OPTIONS, SERVICE_USER],
            capture_output=True,
            check=False,
            timeout=60,
        )
    return _find(SERVICE_USER)

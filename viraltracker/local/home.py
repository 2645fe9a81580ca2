"""The data folder of one installation: what lies where, whose it is, and the locks on it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

from viraltracker.errors import ConfigurationError
from viraltracker.local.account import Account
from viraltracker.local.running import Process

MARKER = ".viraltracker-home"
STACK_LOCK = "stack.lock"
HOLDERS_LOCK = "holders.lock"
#: The shortest limit on a Unix socket's path among the systems we run on (macOS; Linux allows 107).
SOCKET_PATH_BYTES = 103
SOCKET_NAME = ".s.PGSQL.5432"


@dataclass(frozen=True)
class State:
    """What is running, as the last process that changed it wrote it down.

    wanted: somebody started the stack and nobody has stopped it since: what died is to be started again.
    keep: the last process to leave lets it run.
    prepared: hash of the bootstrap and migrations that the database has had, the owner's organisation included.
    """

    wanted: bool = False
    keep: bool = False
    socket_folder: str | None = None
    rest: Process | None = None
    rest_port: int | None = None
    admin_port: int | None = None
    prepared: str | None = None
    sandbox_port: int | None = None


class Home:
    """The folder and its parts. Nothing is touched before `prepare`."""

    def __init__(self, folder: Path, account: Account) -> None:
        self.folder = folder
        self.account = account
        self.database = folder / "postgresql"
        self.logs = folder / "logs"
        self.run = folder / "run"
        self.assets = folder / "assets"
        self.keys = folder / "keys.json"
        self._state = folder / "state.json"

    def prepare(self) -> None:
        """Makes what is missing. Raises `ConfigurationError` when the folder is not ours or cannot be used."""
        with explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o755)
            if not self.is_ours():
                # `processes` may have written logs here already, for hosted Supabase.
                if any(part.name != self.logs.name for part in self.folder.iterdir()):
                    raise ConfigurationError(
                        f"{self.folder} holds other files: set VIRALTRACKER_HOME to an empty or new folder."
                    )
                (self.folder / MARKER).write_text("The data of one ViralTracker installation.\n")
            # The lent account passes through to the parts that it owns, and sees no others.
            self.folder.chmod(0o711 if self.account.lent else 0o700)
            for part, theirs in ((self.logs, False), (self.assets, False), (self.run, True)):
                part.mkdir(exist_ok=True)
                part.chmod(0o711 if part == self.logs and self.account.lent else 0o700)
                if theirs:
                    self.account.give(part)
        if not self.account.reaches(self.folder):
            raise ConfigurationError(
                f"The database runs as the user {self.account.name}, who cannot enter {self.folder}: set "
                "VIRALTRACKER_HOME to a folder under /var/lib/viraltracker, or leave it unset."
            )

    def is_ours(self) -> bool:
        """Whether this folder was made by `prepare`."""
        with explained(self.folder):
            return (self.folder / MARKER).is_file()

    def state(self) -> State:
        """What was written last; a missing or damaged file counts as nothing running."""
        try:
            with explained(self.folder):
                values = json.loads(self._read_state())
            rest = values.pop("rest")
            return State(**values, rest=None if rest is None else Process(**rest))
        except (ValueError, TypeError, KeyError, AttributeError):
            return State()

    def _read_state(self) -> str:
        try:
            return self._state.read_text()
        except FileNotFoundError:
            return ""

    def write_state(self, state: State) -> None:
        """Replaces the state in one step."""
        self.write_private(self._state, json.dumps(asdict(state)))

    def update_state(self, **changes: object) -> State:
        """Writes the state with these fields changed and gives it. Only under `exclusive`."""
        state = replace(self.state(), **changes)  # type: ignore[arg-type]
        self.write_state(state)
        return state

    def write_private(self, path: Path, text: str) -> None:
        """Writes a file that only its owner can read, in one step and surviving a power cut."""
        with explained(self.folder):
            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
            try:
                with os.fdopen(descriptor, "w") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(path)
            finally:
                Path(name).unlink(missing_ok=True)  # there only where it did not become the other

    def socket_folder(self) -> Path:
        """A private folder for the database's socket: inside, or where that is too long a path, a temporary one.

        Only under `exclusive`.
        """
        if _fits(self.run):
            return self.run
        known = self.state().socket_folder
        if known is not None and _fits(Path(known)) and self._is_private(Path(known)):
            return Path(known)
        for parent in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - the folder in it is private
            if _fits(parent / "viraltracker-12345678") and self.account.reaches(parent):
                with explained(parent):
                    made = Path(tempfile.mkdtemp(prefix="viraltracker-", dir=parent))
                    self.account.give(made)
                self.update_state(socket_folder=str(made))
                return made
        raise ConfigurationError(
            f"{self.folder} is too long a path for a database socket: set VIRALTRACKER_HOME to a shorter one."
        )

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def refuse_to_delete(self) -> None:
        """Raises `ConfigurationError` when there is something here that `prepare` did not make."""
        with explained(self.folder):
            if self.folder.exists() and any(part.name != self.logs.name for part in self.folder.iterdir()):
                raise ConfigurationError(f"{self.folder} is not ViralTracker's; delete it by hand if you mean it.")

    def clear(self) -> None:
        """Deletes all data in a folder that `is_ours`. Only under `exclusive`.

        The marker and the locks stay: a lock on a deleted file would hold nobody off.
        """
        known = self.state().socket_folder
        if known is not None and self._is_private(Path(known)):
            shutil.rmtree(known, ignore_errors=True)
        with explained(self.folder):
            for part in self.folder.iterdir():
                if part.name in (MARKER, STACK_LOCK, HOLDERS_LOCK):
                    continue
                shutil.rmtree(part) if part.is_dir() and not part.is_symlink() else part.unlink()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """One process (and one thread) at a time changes what runs."""
        with self._lock_file(STACK_LOCK) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def shared(self) -> Iterator[IO[bytes]]:
        """Marks this process as one that uses the stack, for as long as the context lasts."""
        with self._lock_file(HOLDERS_LOCK) as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield file

    def in_use(self) -> bool:
        """Whether any process is within `shared`. Exact only under `exclusive`."""
        with self._lock_file(HOLDERS_LOCK) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    @contextmanager
    def _lock_file(self, name: str) -> Iterator[IO[bytes]]:
        with explained(self.folder):
            file = (self.folder / name).open("ab")
        with file:
            yield file

    def _is_private(self, folder: Path) -> bool:
        try:
            found = folder.lstat()
        except OSError:
            return False
        return folder.is_dir() and found.st_uid == self.account.uid and found.st_mode & 0o077 == 0


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_BYTES


@contextmanager
def explained(folder: Path, variable: str = "VIRALTRACKER_HOME") -> Iterator[None]:
    """Turns the system's complaint about a folder into a sentence that names the variable to set."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(_sentence(folder, error, variable)) from error


def _sentence(folder: Path, error: OSError, variable: str) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk that holds {folder} is full: make room on it, or set {variable} to another."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{folder} cannot be written: set {variable} to a folder that you can write to."
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"{folder} is not a folder: set {variable} to one."
    return f"{folder} cannot be used ({error.strerror or error}): set {variable} to another folder."

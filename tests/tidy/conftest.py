"""What the tidy tests look at: the tracked files, and the classes of the package."""

import importlib
import pkgutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import hedgerow

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> tuple[Path, ...]:
    """Every file that git tracks and that is still there, relative to the root."""
    if not (ROOT / ".git").exists():
        pytest.skip("no .git here: which files are tracked is unknown")
    try:
        listed = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z"],
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("git is not installed: which files are tracked is unknown")
    if listed.returncode != 0:
        pytest.skip(f"git ls-files failed: {listed.stderr.decode().strip()}")
    names = (Path(name) for name in listed.stdout.decode().split("\0") if name)
    return tuple(name for name in names if (ROOT / name).is_file())


def _classes() -> Iterator[type]:
    for found in pkgutil.walk_packages(hedgerow.__path__, "hedgerow."):
        if found.name.rpartition(".")[2] == "__main__":
            continue
        module = importlib.import_module(found.name)
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == found.name:
                yield value


@pytest.fixture(scope="session")
def classes() -> tuple[type, ...]:
    """Every class defined in hedgerow, once."""
    return tuple(dict.fromkeys(_classes()))

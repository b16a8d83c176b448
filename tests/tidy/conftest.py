"""What the tidy tests look at: tracked files, and sources and classes of the package."""

import ast
import importlib
import pkgutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

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


class Source(NamedTuple):
    """A module of the package as text and as a tree."""

    text: str
    tree: ast.Module


@pytest.fixture(scope="session")
def sources() -> dict[str, Source]:
    """Every module of hedgerow by its place below it, read and parsed once."""
    package = ROOT / "src" / "hedgerow"
    found = {}
    for path in sorted(package.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found[path.relative_to(package).as_posix()] = Source(text, ast.parse(text))
    return found


@cache
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Every node of a module in the order of `ast.walk`, which is slow and which many tests ask."""
    return tuple(ast.walk(tree))


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

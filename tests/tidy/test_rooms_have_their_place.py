"""The import contract names every room, and puts in parentheses exactly those not built yet."""

import re
import tomllib
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def layers(root: Path) -> str:
    """The layers of the first contract, as one text."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (contract,) = [c for c in contracts if c["type"] == "layers"]
    return "\n".join(contract["layers"])


@pytest.fixture(scope="module")
def rooms(root: Path) -> set[str]:
    """Every module and every folder with Python in it, right under src/hedgerow."""
    package = root / "src" / "hedgerow"
    folders = {path.name for path in package.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    modules = {path.stem for path in package.glob("*.py")} - {"__init__", "__main__"}
    return folders | modules


def test_every_room_has_its_place(layers: str, rooms: set[str]) -> None:
    assert rooms - set(re.findall(r"\w+", layers)) == set()


def test_parentheses_are_around_the_rooms_not_built_yet(layers: str, rooms: set[str]) -> None:
    named = set(re.findall(r"\w+", layers))
    assert set(re.findall(r"\((\w+)\)", layers)) == named - rooms


def test_no_room_below_app_is_left_out_of_the_contract_on_clocks(
    root: Path, rooms: set[str]
) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (contract,) = [c for c in contracts if c["name"].endswith("below app")]
    assert set(contract["source_modules"]) == {f"hedgerow.{room}" for room in rooms - {"app"}}

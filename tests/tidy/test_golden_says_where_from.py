"""Every golden file says where its numbers are from, when they were read, and how it is made again.

An expected number that our own code gave proves nothing but that the code has not changed. Such a
number is allowed where it is called what it is, a regression pin, and nowhere else.
"""

import importlib
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.golden import collect

GOLDEN = Path(collect.__file__).resolve().parent
FILES = sorted(path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*.json"))
# Of a book or paper, a library's own tests, memory recomputed, independent arithmetic.
KINDS = {"pub", "lib", "mem_checked", "calc"}
OURS = re.compile(r"hedgerow|this package|our (own )?(code|output)", re.IGNORECASE)
PIN = "regression pin"


def content(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    return read


def mistakes(file: dict[str, Any]) -> list[str]:
    """What a golden file leaves unsaid, in words."""
    found = [
        f"no {key}"
        for key in ("title", "source", "read_on", "licence", "regenerate")
        if not isinstance(file.get(key), str) or not file[key].strip()
    ]
    if not found:
        try:
            date.fromisoformat(file["read_on"])
        except ValueError:
            found.append(f"read_on {file['read_on']} is no day")
    described = file.get("sources", {})
    entries = {case["id"]: case for case in file.get("cases", ())} | described
    if not entries:
        found.append("no case and no entry that says where it is from")
    for name, entry in entries.items():
        source = entry.get("source", "")
        if len(source) < 10:
            found.append(f"{name}: no source")
        if OURS.search(source) and not source.startswith(PIN):
            found.append(f"{name}: our own number, and not called a {PIN}")
        if name in described and entry.get("kind") not in KINDS:
            found.append(f"{name}: kind {entry.get('kind')}")
    if described:
        found += [
            f"{name}: not among the sources"
            for name, entry in file.items()
            if isinstance(entry, list | dict) and name not in {*described, "sources"}
        ]
    return found


def numbers(node: Any) -> Iterator[float]:
    """Every number that is not written as a string."""
    if isinstance(node, dict | list):
        for inside in node.values() if isinstance(node, dict) else node:
            yield from numbers(inside)
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield node


def test_there_are_golden_files() -> None:
    assert len(FILES) >= 4


@pytest.mark.parametrize("name", FILES)
def test_a_golden_file_says_where_its_numbers_are_from(name: str) -> None:
    assert mistakes(content(name)) == []


@pytest.mark.parametrize("name", FILES)
def test_numbers_in_it_are_strings_to_the_last_digit(name: str) -> None:
    assert list(numbers(content(name))) == []


@pytest.mark.parametrize("name", FILES)
def test_what_makes_it_again_is_there_and_makes_this_very_file(name: str) -> None:
    command = content(name)["regenerate"]
    module = re.fullmatch(r"python -m ([a-z_.]+)", command)
    assert module is not None, command
    maker = importlib.import_module(module[1])
    if maker is collect and not collect.SHARED.is_dir():
        pytest.skip("the collection is not beside the repository")
    made = maker.files()
    assert set(made) == {each for each in FILES if content(each)["regenerate"] == command}
    assert made[name] == (GOLDEN / name).read_text(encoding="utf-8")


FINE: dict[str, Any] = {
    "title": "t",
    "source": "a paper",
    "read_on": "2026-11-20",
    "licence": "facts only",
    "regenerate": "python -m tests.golden.collect",
    "cases": [{"id": "one", "source": "a paper, page 3"}],
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"licence": " "}, ["no licence"]),
        ({"read_on": "last week"}, ["read_on last week is no day"]),
        ({"regenerate": None}, ["no regenerate"]),
        ({"cases": []}, ["no case and no entry that says where it is from"]),
        ({"cases": [{"id": "one"}]}, ["one: no source"]),
        (
            {"cases": [{"id": "one", "source": "printed by hedgerow price"}]},
            ["one: our own number, and not called a regression pin"],
        ),
        ({"cases": [{"id": "one", "source": "regression pin of hedgerow price"}]}, []),
        ({"sources": {"e": {"kind": "guess", "source": "a paper, page 3"}}, "e": {}, "f": []},
         ["e: kind guess", "cases: not among the sources", "f: not among the sources"]),
    ],
)  # fmt: skip
def test_a_file_that_keeps_silent_is_noticed(change: dict[str, Any], said: list[str]) -> None:
    assert mistakes({**FINE, **change}) == said

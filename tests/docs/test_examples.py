"""Every Python example on a page runs and prints what the page says; no function lacks one."""

import doctest
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

from hedgerow import collateral, pricing, risk, solvency
from hedgerow.hedging import structures

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {
    "pricing": pricing,
    "risk": risk,
    "solvency": solvency,
    "collateral": collateral,
    "structures": structures,
}
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if BLOCK.search(page.read_text(encoding="utf-8"))
]


def examples(page: Path) -> str:
    """The blocks of a page as one session; prose between them is left out."""
    return "\n\n".join(BLOCK.findall(page.read_text(encoding="utf-8")))


def page_of(room: str) -> Path:
    return ROOT / "docs" / "reference" / f"{room}.md"


def functions_of(room: str) -> set[str]:
    return {name for name in ROOMS[room].__all__ if inspect.isfunction(getattr(ROOMS[room], name))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_example_prints_what_the_page_says(page: Path) -> None:
    session = doctest.DocTestParser().get_doctest(examples(page), {}, page.name, str(page), 0)
    assert session.examples, f"{page.name}: a block of Python without an example runs nothing"
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    runner.run(session, out=told.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)


def test_a_wrong_example_is_noticed() -> None:
    session = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "made", None, 0)
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(session, out=lambda _: None)
    assert runner.summarize(verbose=False).failed == 1


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_function_of_a_room_has_its_example(room: str) -> None:
    page = page_of(room).read_text(encoding="utf-8")
    headed = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^### (.+)$", page, re.MULTILINE))))
    called = set(re.findall(rf"{room}\.(\w+)\(", examples(page_of(room))))
    assert functions_of(room) == headed
    assert functions_of(room) <= called


def test_every_record_of_solvency_is_on_its_page() -> None:
    words = set(re.findall(r"\w+", page_of("solvency").read_text(encoding="utf-8")))
    assert set(solvency.__all__) <= words


def test_the_door_of_solvency_has_all_that_its_modules_offer() -> None:
    """But for what only helps inside the room: to search along a line, to lay paths out."""
    offered: dict[str, str] = {}
    room = ROOT / "src" / "hedgerow" / "solvency"
    for path in (*room.glob("[a-z]*.py"), *room.glob("*/[a-z]*.py")):
        *folders, stem = path.relative_to(room).with_suffix("").parts
        if folders != ["kernels"]:
            module = import_module(".".join(["hedgerow.solvency", *folders, stem]))
            offered |= dict.fromkeys(module.__all__, stem)
    hidden = ("bracket", "line", "path_barriers", "path_steps", "places")
    inside = {name for name, stem in offered.items() if stem in hidden}
    assert set(solvency.__all__) == set(offered) - inside - {"grid", "refined"}


def grouped(room: str, text: str, group: str, name: str) -> dict[str, set[str]]:
    """Groups of functions of a room by title, in a text where both are written as is said."""
    parts = re.split(group, text, flags=re.MULTILINE)
    named = (functions_of(room) & set(re.findall(name, part)) for part in parts[2::2])
    return dict(zip(parts[1::2], named, strict=True))


@pytest.mark.parametrize("room", ROOMS)
def test_the_sign_on_the_door_of_a_room_has_the_groups_of_its_page(room: str) -> None:
    text = page_of(room).read_text(encoding="utf-8")
    headings = "\n".join(re.findall(r"^##.+$", text, re.MULTILINE))
    page = grouped(room, headings, r"^## (.+)$", r"`(\w+)`")
    signed = grouped(
        room, inspect.getdoc(ROOMS[room]) or "", r"^([A-Z].+)$(?=\n    \S)", r"`(\w+)`"
    )
    listed = grouped(room, inspect.getsource(ROOMS[room]), r"^# (.+)$", r'"(\w+)"')
    assert page == signed == listed
    assert set().union(*page.values()) == functions_of(room)
    assert sum(map(len, page.values())) == len(functions_of(room))


def test_every_block_of_python_is_tried() -> None:
    """Fences with another spelling would be shown and not run."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = page.read_text(encoding="utf-8")
        fences = re.findall(r"^```+ *(py\w*|pycon|Python)\b", text, re.MULTILINE)
        assert len(fences) == len(BLOCK.findall(text)), page.name

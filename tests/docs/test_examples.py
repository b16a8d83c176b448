"""Every Python example on a page runs and prints what the page says; no function lacks one."""

import doctest
import inspect
import re
from pathlib import Path

import pytest

from hedgerow import pricing

ROOT = Path(__file__).resolve().parents[2]
PRICING = ROOT / "docs" / "reference" / "pricing.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if BLOCK.search(page.read_text(encoding="utf-8"))
]


def examples(page: Path) -> str:
    """The blocks of a page as one session; prose between them is left out."""
    return "\n\n".join(BLOCK.findall(page.read_text(encoding="utf-8")))


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


def test_every_public_function_of_pricing_has_its_example() -> None:
    page = PRICING.read_text(encoding="utf-8")
    headed = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^### (.+)$", page, re.MULTILINE))))
    called = set(re.findall(r"pricing\.(\w+)\(", examples(PRICING)))
    functions = {name for name in pricing.__all__ if inspect.isfunction(getattr(pricing, name))}
    assert functions == headed
    assert functions <= called


def grouped(text: str, group: str, name: str) -> dict[str, set[str]]:
    """Groups of functions of pricing by title, in a text where both are written as is said."""
    parts = re.split(group, text, flags=re.MULTILINE)
    functions = {name for name in pricing.__all__ if inspect.isfunction(getattr(pricing, name))}
    named = (functions & set(re.findall(name, part)) for part in parts[2::2])
    return dict(zip(parts[1::2], named, strict=True))


def test_the_sign_on_the_door_of_pricing_has_the_groups_of_the_page() -> None:
    headings = "\n".join(re.findall(r"^##.+$", PRICING.read_text(encoding="utf-8"), re.MULTILINE))
    page = grouped(headings, r"^## (.+)$", r"`(\w+)`")
    signed = grouped(inspect.getdoc(pricing) or "", r"^([A-Z].+)$(?=\n    \S)", r"`(\w+)`")
    listed = grouped(inspect.getsource(pricing), r"^# (.+)$", r'"(\w+)"')
    assert page == signed == listed
    assert sum(map(len, page.values())) == len(set().union(*page.values()))


def test_every_block_of_python_is_tried() -> None:
    """Fences with another spelling would be shown and not run."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = page.read_text(encoding="utf-8")
        fences = re.findall(r"^```+ *(py\w*|pycon|Python)\b", text, re.MULTILINE)
        assert len(fences) == len(BLOCK.findall(text)), page.name

"""What pages promise without running anything: links lead somewhere, tables are whole."""

import re
from pathlib import Path

import pytest

from hedgerow.app.desk_file import RecordingPart

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *(p for p in sorted((ROOT / "docs").rglob("*.md")) if "api" not in p.parts),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path = (page.parent / target.partition("#")[0]).resolve()
        if "://" not in target and not target.startswith("#"):
            dead += [] if path.exists() else [target]
    assert not dead


def test_the_readme_shows_an_output() -> None:
    """Whether it is the output of today, head and all, `test_commands.py` says, which plays it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = text.partition("<!-- output: begin -->")[2].partition("<!-- output: end -->")[0]
    assert re.search(r"\([\d,]+ rows, chain head [0-9a-f]{64}\)\n", shown), "python tools/readme.py"
    assert "left alone" in shown


def test_every_key_of_a_recording_is_on_its_page() -> None:
    page = (ROOT / "docs" / "reference" / "recordings.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` ", page, re.MULTILINE)) == set(RecordingPart.model_fields)


_SHEET = re.compile(
    r"((?:venue-margin|onchain-margin|methods)\.md),?\s+(?:#\s+)?(?:section\s+)?(\d+)"
)


def test_every_section_that_the_code_names_is_on_the_page_of_sources() -> None:
    page = (ROOT / "docs" / "reference" / "sources.md").read_text(encoding="utf-8")
    rows = {
        (sheet, section)
        for sheet, section in re.findall(
            r"^\| `([\w-]+\.md)` (\d+) \| [^|]+ \| [^|]{9,} \|$", page, re.M
        )
    }
    named = {
        found
        for path in (*(ROOT / "src").rglob("*.py"), *(ROOT / "tests").rglob("*.py"))
        for found in _SHEET.findall(path.read_text(encoding="utf-8"))
    }
    assert len(named) > 10
    assert named <= rows


def test_the_glossary_says_each_word_once() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert len(headings) == len(set(headings))
    words = re.findall(r"^\| ([a-z][\w, -]+?) \|", page.partition("## Words")[2], re.MULTILINE)
    assert len(words) == len(set(words)) > 15


def test_what_may_change_on_a_decision_is_said_alike_wherever_it_is_said() -> None:
    rule = (
        "Its figures, its names and how the choice is carried out are kept true; the choice itself "
        "is never rewritten, only superseded by a later page that says so."
    )
    for page in (ROOT / "CONTRIBUTING.md", ROOT / "docs" / "adr" / "index.md"):
        assert rule in " ".join(page.read_text(encoding="utf-8").split())


def test_every_decision_says_what_it_is_by() -> None:
    wanted = ["Context", "Choice", "Consequences", "What would change our mind"]
    pages = sorted((ROOT / "docs" / "adr").glob("0*.md"))
    for number, page in enumerate(pages, start=1):
        text = page.read_text(encoding="utf-8")
        assert page.name.startswith(f"{number:04d}-")
        assert text.startswith(f"# {number}. ")
        assert re.findall(r"^## (.*)", text, re.MULTILINE) == wanted, page.name

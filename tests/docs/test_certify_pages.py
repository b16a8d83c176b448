"""The pages about certifying say what is computed, and their example is one that passes."""

import json
import re
from pathlib import Path

import pytest

from hedgerow.app.certify.run import certify
from hedgerow.app.certify.suites import COMPUTATIONS
from hedgerow.margin import RULES
from tools import kinds

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = DOCS / "how-to" / "certify-your-account.md"


PAGE = (DOCS / "reference" / "certified-kinds.md").read_text(encoding="utf-8")


def listed(table: str) -> dict[str, list[str]]:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE)
    return {name: re.findall(r"`(\w+)`", cell) for name, cell in rows}


def test_the_page_shows_every_suite_and_every_kind_of_rulebook(tmp_path: Path) -> None:
    """It includes what the build writes: nobody keeps a row."""
    shown = re.findall(r"^```\{include\} made/(\S+)$", PAGE, re.MULTILINE)
    kinds.write(tmp_path)
    assert sorted(shown) == sorted(each.name for each in tmp_path.iterdir())
    suites, rules = (
        listed((tmp_path / name).read_text(encoding="utf-8")) for name in ("suites.md", "rules.md")
    )
    assert {(suite, kind) for suite, of in suites.items() for kind in of} == set(COMPUTATIONS)
    assert list(suites) == sorted(suites)
    assert {tag: tuple(of) for tag, of in rules.items()} == {
        kind.__struct_config__.tag: names for kind, names in RULES.items()
    }
    assert list(rules) == sorted(rules)


def example() -> str:
    (block,) = re.findall(r"```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


def test_the_example_passes_and_fails_where_a_digit_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(example(), encoding="utf-8")
    found = certify(file)
    assert (found.passed_count, found.failed_count, found.unsupported_count) == (1, 0, 0)
    file.write_text(example().replace('"20029.825"', '"20029.826"'), encoding="utf-8")
    assert certify(file).failed_count == 1


@pytest.mark.parametrize("key", ["schema", "suite", "cases"])
def test_the_guide_explains_each_key(key: str) -> None:
    assert key in json.loads(example())
    assert re.search(rf"^\| `{key}", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)

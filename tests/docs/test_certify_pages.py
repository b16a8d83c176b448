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


def test_the_table_lists_every_kind_and_no_other() -> None:
    assert kinds.shown() == kinds.table(), "run: python tools/kinds.py"
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", kinds.shown(), re.MULTILINE)
    listed = {(suite, kind) for suite, cell in rows for kind in re.findall(r"`(\w+)`", cell)}
    assert listed == set(COMPUTATIONS)


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


def test_the_rules_of_every_kind_of_rulebook_are_listed() -> None:
    page = (DOCS / "reference" / "certified-kinds.md").read_text(encoding="utf-8")
    for kind, rules in RULES.items():
        tag = kind.__struct_config__.tag
        assert f"| `{tag}` | {', '.join(f'`{rule}`' for rule in rules)} |" in page

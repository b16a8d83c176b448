"""A module holds one idea; past 500 lines it usually holds two."""

from pathlib import Path

LINES_COUNT_MAX = 500
FOLDERS = ("src", "tests", "tools", "benchmarks")


def test_no_module_is_long(root: Path) -> None:
    lengths = {
        path.relative_to(root): len(path.read_text(encoding="utf-8").splitlines())
        for folder in FOLDERS
        for path in (root / folder).rglob("*.py")
    }
    assert {path.parts[0] for path in lengths} == set(FOLDERS)
    assert {path: n for path, n in lengths.items() if n > LINES_COUNT_MAX} == {}

"""What `certify` computes and what rulebooks may be tagged with, as the tables of its page.

python -m tools.kinds           print them; building the documentation writes them
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from hedgerow.app.certify.suites import COMPUTATIONS
from hedgerow.margin import RULES


def suites_table() -> str:
    """Give one row a suite, in order of name, with its kinds."""
    suites: dict[str, list[str]] = {}
    for suite, kind in sorted(COMPUTATIONS):
        suites.setdefault(suite, []).append(kind)
    return _table("suite", "kinds", suites)


def rules_table() -> str:
    """Give one row a kind of rulebook, in order of its `type`, with its rules."""
    rules = {str(kind.__struct_config__.tag): names for kind, names in RULES.items()}
    return _table("kind of rulebook", "rules", dict(sorted(rules.items())))


def _table(first: str, second: str, rows: Mapping[str, list[str] | tuple[str, ...]]) -> str:
    told = [
        f"| `{name}` | {', '.join(f'`{each}`' for each in cell)} |" for name, cell in rows.items()
    ]
    return "\n".join([f"| {first} | {second} |", "| --- | --- |", *told, ""])


# By the name of the file that the page includes.
TABLES: Mapping[str, Callable[[], str]] = {"suites.md": suites_table, "rules.md": rules_table}


def write(folder: Path) -> None:
    """Write every table into a folder, and leave alone what is the same."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in TABLES.items():
        page, text = folder / name, table()
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    print("\n".join(table() for table in TABLES.values()))

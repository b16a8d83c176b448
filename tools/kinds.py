"""Keep the table of certified kinds the same as what `hedgerow certify` can compute.

python tools/kinds.py           rewrite the block between the markers
"""

from pathlib import Path

from hedgerow.app.certify.suites import COMPUTATIONS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "certified-kinds.md"
BEGIN, END = "<!-- kinds: begin -->\n", "<!-- kinds: end -->\n"


def table() -> str:
    """Give one row a suite, in order of name, with its kinds."""
    suites: dict[str, list[str]] = {}
    for suite, kind in sorted(COMPUTATIONS):
        suites.setdefault(suite, []).append(f"`{kind}`")
    rows = [f"| `{suite}` | {', '.join(kinds)} |\n" for suite, kinds in suites.items()]
    return "| suite | kinds |\n| --- | --- |\n" + "".join(rows)


def shown() -> str:
    """Give the block as the page has it."""
    text = PAGE.read_text(encoding="utf-8")
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)]


def main() -> None:
    """Rewrite the block."""
    text = PAGE.read_text(encoding="utf-8")
    head, tail = text.partition(BEGIN)[0], text.partition(END)[2]
    PAGE.write_text(head + BEGIN + table() + END + tail, encoding="utf-8")


if __name__ == "__main__":
    main()

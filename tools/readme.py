"""Keep the output that the README shows the same as what `hedgerow run` prints.

python tools/readme.py           rewrite the block between the markers
python tools/readme.py --check   exit 1 when it differs
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- output: begin -->\n", "<!-- output: end -->\n"
# A terminal wider than usual, or one that is to be coloured, must not change the page.
_WIDTHS = {"COLUMNS", "LINES", "FORCE_COLOR", "TTY_COMPATIBLE"}


def printed(folder: Path) -> str:
    """Run the main job in a folder and give the block that shows what it prints there."""
    done = subprocess.run(
        [sys.executable, "-m", "hedgerow", "run"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={k: v for k, v in os.environ.items() if k not in _WIDTHS},
    )
    if done.returncode == 2:
        raise SystemExit(done.stderr)
    lines = (line.rstrip() for line in done.stdout.strip().splitlines())
    return "```text\n" + "\n".join(lines) + "\n```\n"


def shown() -> str:
    """Give the block as the README has it."""
    text = README.read_text(encoding="utf-8")
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)]


def main() -> int:
    """Check or rewrite."""
    with tempfile.TemporaryDirectory() as folder:
        block = printed(Path(folder))
    if shown() == block:
        return 0
    if "--check" in sys.argv[1:]:
        sys.stderr.write("README.md shows another output; run: python tools/readme.py\n")
        return 1
    text = README.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    README.write_text(before + block + after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

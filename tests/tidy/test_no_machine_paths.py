"""No tracked file names a folder of somebody's machine. System paths such as /usr/bin are fine.

The patterns are put together from pieces, so that this file does not find itself.
"""

import re
from pathlib import Path

import pytest

SLASH = "/"
_BEFORE = r"(?<![\w.~*+\-$)\]}>])"
_AFTER = r"(?![\w.-])"
_HOMES = "|".join(["".join(("ho", "me")), "".join(("Use", "rs"))])
_TOPS = "|".join(["".join(pieces) for pieces in (("roo", "t"), ("wo", "rk"), ("fa", "rm"))])
MACHINE = re.compile(
    rf"{_BEFORE}{SLASH}(?:(?:{_HOMES}){SLASH}\w|(?:{_TOPS}){_AFTER})|\b[A-Za-z]:\\+(?:{_HOMES})\\"
)


def test_no_tracked_file_names_a_folder_of_a_machine(root: Path, tracked: tuple[Path, ...]) -> None:
    found = []
    for name in tracked:
        text = (root / name).read_bytes().decode("utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            hit = MACHINE.search(line)
            if hit:
                found.append(
                    f"{name}:{number}: …{line[max(0, hit.start() - 20) : hit.end() + 40]}…"
                )
    assert not found, "paths of somebody's machine:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "pieces",
    [
        ["", "home", "ann", "x.py"],
        ['"', "Users", "ann"],
        ["cd ", "root"],
        ["(", "work", "x)"],
        ["=", "farm", ""],
        ["file:", "", "", "home", "ann"],
    ],
)
def test_the_pattern_finds(pieces: list[str]) -> None:
    assert MACHINE.search(SLASH.join(pieces))


def test_the_pattern_finds_a_windows_home() -> None:
    assert MACHINE.search("\\".join(["C:", "Users", "ann"]))


@pytest.mark.parametrize(
    "text",
    [
        "/usr/bin/chromium",
        "../shared/data",
        "tests/work/x",
        "https://x.test/home/page",
        "$(HOME)/work",
        "and/or",
        "~/work",
        "/workshop",
        "/rooted",
        "/proc/cpuinfo",
        "./root/x",
    ],
)
def test_the_pattern_leaves_alone(text: str) -> None:
    assert not MACHINE.search(text)

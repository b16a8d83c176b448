"""Asking how to use it is answered at once, by every command."""

import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

import pytest
from cyclopts import App

from hedgerow.app.actions import ACTIONS
from tests.rooms.app.made import hedgerow_here

COMMANDS = [
    (),
    ("run",),
    ("exposure",),
    ("exposure", "show"),
    ("exposure", "ladder"),
    ("exposure", "buckets"),
    ("exposure", "cross"),
    ("exposure", "funding"),
    ("exposure", "liquidity"),
    ("margin",),
    ("margin", "require"),
    ("margin", "compare"),
    ("margin", "stress"),
    ("margin", "what-if"),
    ("margin", "rulebooks"),
    ("margin", "rulebooks", "list"),
    ("margin", "rulebooks", "check"),
    ("margin", "rulebooks", "diff"),
    ("solvency",),
    ("solvency", "frontier"),
    ("solvency", "probability"),
    ("solvency", "reaction"),
    ("solvency", "ladder"),
    ("solvency", "backtest"),
    ("solvency", "backtest", "loans"),
    ("solvency", "backtest", "perps"),
    ("risk",),
    ("risk", "explain"),
    ("limits",),
    ("limits", "show"),
    ("limits", "check"),
    ("limits", "suggest"),
    ("calls",),
    ("calls", "show"),
    ("hedge",),
    ("hedge", "plan"),
    ("hedge", "bands"),
    ("hedge", "structure"),
    ("hedge", "carry"),
    ("hedge", "scalp"),
    ("hedge", "greeks"),
    ("hedge", "stop"),
    ("hedge", "vol-target"),
    ("hedge", "staked"),
    ("hedge", "pool"),
    ("hedge", "backtest"),
    ("hedge", "backtest-loop"),
    ("hedge", "backtest-carry"),
    ("collateral",),
    ("collateral", "plan"),
    ("plan",),
    ("plan", "make"),
    ("plan", "compare"),
    ("plan", "show"),
    ("plan", "backtest"),
    ("collateral", "freed"),
    ("surface",),
    ("surface", "fit"),
    ("surface", "show"),
    ("surface", "check"),
    ("price",),
    *(
        ("price", verb)
        for verb in (
            "option", "implied", "scenario", "file", "future", "perp", "quanto", "pool", "staked",
            "loan", "fixed-yield", "power",
        )
    ),
    ("journal",),
    ("journal", "verify"),
    ("certify",),
]  # fmt: skip
HEAVY = {"numba", "numpy", "polars", "scipy", "pydantic", "sqlite3"}
# Of the processor and not of the wall: a machine that is busy for a moment is not a slow command.
PROCESSOR_S_MAX = 0.6

PROGRAM = """
import json, resource, sys
from hedgerow.app.cli import main
try:
    main()
except SystemExit as end:
    used = resource.getrusage(resource.RUSAGE_SELF)
    loaded = sorted({name.partition(".")[0] for name in sys.modules})
    told = {"code": end.code, "s": used.ru_utime + used.ru_stime, "loaded": loaded}
    print(json.dumps(told), file=sys.stderr)
"""


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words) or "hedgerow")
def test_help_says_something(command: tuple[str, ...], tmp_path: Path) -> None:
    answer = hedgerow_here(*command, "--help", cwd=tmp_path)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"Usage: hedgerow {' '.join(command)}".rstrip())
    assert list(tmp_path.iterdir()) == []
    # A flag is written small, and none is there only because the parser can make one.
    flags = re.findall(r"(?<![\w-])--[\w-]+", answer.out)
    assert all(flag.islower() and not flag.startswith("--empty-") for flag in flags), flags
    assert "[default: ()]" not in answer.out


# An interpreter for each costs more than all the rest of this file: `make check` starts those of
# the first words only, under which the others hang.
@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        command if len(command) < 2 else pytest.param(command, marks=pytest.mark.slow)
        for command in COMMANDS
    ],
    ids=lambda words: " ".join(words) or "hedgerow",
)
def test_help_is_quick(command: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command, "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stderr)
    assert told["code"] == 0
    assert done.stdout.startswith("Usage: hedgerow")
    assert not HEAVY & set(told["loaded"])
    assert told["s"] < PROCESSOR_S_MAX


def test_every_command_runs_a_function_that_there_is() -> None:
    shared = {command for command in COMMANDS if command[:1] == ("price",)}
    runs = {" ".join(command) for command in COMMANDS if _is_leaf(command)}
    own = {f"price {verb}" for verb in ("option", "implied", "scenario", "file")}
    others = {" ".join(command) for command in shared} - own
    parts = {"price position", "margin require hedgerow"}
    assert ACTIONS.keys() == (runs - others) | parts
    for command, path in ACTIONS.items():
        module, _, name = path.partition(":")
        found = getattr(import_module(f"hedgerow.app.{module}"), name)
        assert get_type_hints(found)["return"] is int, command


def _is_leaf(command: tuple[str, ...]) -> bool:
    return not any(other[: len(command)] == command != other for other in COMMANDS)


def test_every_command_of_the_program_is_tested_here() -> None:
    from hedgerow.app.cli import app

    found: set[tuple[str, ...]] = {()}

    def walk(part: App, path: tuple[str, ...]) -> None:
        for name in part:
            if not name.startswith("-"):
                found.add((*path, name))
                walk(part[name], (*path, name))

    walk(app, ())
    assert found == set(COMMANDS)

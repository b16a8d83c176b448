"""A command line that cannot be meant: exit status 2, one message, nothing written."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.rooms.app.made import desk_file, hedgerow, hedgerow_here

SHOWN = ("exposure", "show")
# The words, and a part of what is told; DESK stands for a desk file that is fine.
REFUSED = [
    (("nonsense",), 'unknown command "nonsense"'),
    (("run", "--nonsense"), "unknown option: --nonsense"),
    (("run", "a.toml", "b.toml"), "one argument too many: b.toml; see hedgerow run --help"),
    (
        ("run", "--seed", "x"),
        "--seed: write a whole number from 0 to 9223372036854775807, was x; see hedgerow run",
    ),
    (("run", "--seed", "-1"), "--seed: write a whole number from 0 to 9223372036854775807, was -1"),
    (
        ("run", "--seed", "1.5"),
        "--seed: write a whole number from 0 to 9223372036854775807, was 1.5",
    ),
    (("run", "--seed", "٣"), "--seed: write a whole number from 0 to 9223372036854775807, was ٣"),
    (
        ("run", "--seed", str(2**63)),
        "to 9223372036854775807, was 9223372036854775808",
    ),
    (("run", "DESK", "--data", ".", "--seed", "1"), "a recording has no seed"),
    (("run", "--out"), "--out needs a value; see hedgerow run --help"),
    (("run", "none.toml"), "none.toml: cannot be read: No such file or directory"),
    (("run", "DESK"), "reads recordings; pass --data FOLDER with funding, options, perpetuals"),
    (("run", "DESK", "--data", "none"), "no folder options, perpetuals, funding below none"),
    (("run", "--data", "."), "--data needs a desk file"),
    (("run", "--out", "desk.toml"), "--out desk.toml is not a folder"),
    (("run", "--out", "desk.toml/in"), "--out desk.toml/in: cannot write there"),
    ((*SHOWN, "--at", "yesterday"), "--at yesterday: write a time such as"),
    ((*SHOWN, "--at", "0001-01-01T00:00:00+23:00"), "write a time such as"),
    ((*SHOWN, "--at", "2020-01-01"), "--at 2020-01-01T00:00:00Z lies outside the desk's window"),
    (("margin", "require", "--account", "x"), "no account 'x' with a rulebook; there are: "),
    (("journal", "verify"), "PATH is missing; see hedgerow journal verify --help"),
    (("journal", "verify", "none.db"), "no journal at none.db; name the journal.db that a run"),
    (("journal", "verify", "desk.toml"), "file is not a database; name a journal.db"),
    (("journal", "verify", "."), ". is a folder; name the journal.db in it"),
    (("price", "nonsense"), "future, perp, quanto, pool, ...; see hedgerow price --help"),
    (("margin", "rulebooks", "check", "none.toml"), "none.toml: cannot be read: No such file"),
    (("margin", "rulebooks", "check", "."), "name the .toml file of a rulebook"),
    (("surface", "fit", "--coin", "XYZ"), "no option chain of XYZ here: nothing to fit; leave out"),
    (("surface", "fit", "--at", "2026-02-05"), "on 2026-02-05: nothing to fit; name another time"),
    (("surface", "show", "--chains", "none"), "no folder none; --chains needs chain_*.parquet"),
    (("exposure", "ladder", "--coin", "XYZ"), "holds nothing of XYZ; there are: BTC, ETH, USDC"),
    (("exposure", "ladder", "--node", "desk/x"), "no exposure at node desk/x; there are: desk"),
    (("exposure", "ladder", "--node", "coin"), "no exposure at node coin; there are: desk"),
    (("margin", "what-if", "--add", "BTC-PERPETUAL:1@5"), "into which account? Say --account"),
]


@pytest.mark.parametrize(
    ("words", "told"), REFUSED, ids=[" ".join(words) or "none" for words, _ in REFUSED]
)
def test_a_mistake_is_told_in_words_and_in_json(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    desk = desk_file(tmp_path)
    words = tuple("desk.toml" if word == "DESK" else word for word in words)
    code, out, err = hedgerow_here(*words, cwd=tmp_path)
    assert code == 2
    assert out == ""
    assert err.startswith("hedgerow: ")
    assert told in err

    code, out, err = hedgerow_here(*words, "--json", cwd=tmp_path)
    assert code == 2
    assert err == ""
    error = json.loads(out)["error"]
    assert set(error) == {"kind", "message"}
    assert told in error["message"]
    assert list(tmp_path.iterdir()) == [desk]


def test_a_desk_file_without_recordings_is_told_so(tmp_path: Path) -> None:
    text = desk_file(tmp_path).read_text(encoding="utf-8")
    bare, count = re.subn(r"(?m)^\[recording\]\n(?:[a-z_]+ = .*\n)*", "", text)
    assert count == 1
    (tmp_path / "bare.toml").write_text(bare, encoding="utf-8")
    for more in ((), ("--data", ".")):
        code, _, err = hedgerow_here("run", "bare.toml", *more, cwd=tmp_path)
        assert code == 2
        assert "bare.toml names no recordings: add [recording], or leave out the desk file" in err


def test_a_coin_that_is_not_there_is_told_with_those_that_are_and_no_nodes(tmp_path: Path) -> None:
    _, _, err = hedgerow_here("exposure", "ladder", "--coin", "XYZ", cwd=tmp_path)
    assert err.endswith("there are: BTC, ETH, USDC\n")


def test_a_fault_of_our_own_is_an_error_and_no_breach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("hedgerow.app.exposures.surveyed", broken)
    code, out, err = hedgerow_here(*SHOWN, "--json", cwd=tmp_path)
    assert code == 2
    message = "this is a bug in hedgerow: ZeroDivisionError: by nothing"
    assert json.loads(out) == {"error": {"kind": "ZeroDivisionError", "message": message}}
    assert "Traceback" in err, "whoever mends it needs to see where"


def test_the_disk_says_no(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "report.html")

    monkeypatch.setattr("hedgerow.app.exposures.surveyed", full)
    code, out, err = hedgerow_here(*SHOWN, cwd=tmp_path)
    assert (code, out) == (2, "")
    assert err == "hedgerow: report.html: No space left on device\n"


def test_stopped_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hedgerow.app.exposures.surveyed", stopped)
    code, _, err = hedgerow_here(*SHOWN, cwd=tmp_path)
    assert code == 130
    assert "stopped by hand" in err


@pytest.mark.slow
def test_the_program_itself_ends_with_the_status(tmp_path: Path) -> None:
    answer = hedgerow("run", "none.toml", "--json", cwd=tmp_path)
    assert answer.code == 2
    assert answer.json()["error"]["kind"] == "DeskRejected"
    assert hedgerow("--version", cwd=tmp_path).code == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_reader_who_has_seen_enough_is_no_breach(tmp_path: Path) -> None:
    """A table of rich's, and JSON of our own, into a pipe that nobody reads."""
    for more in ((), ("--json",)):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as out:
            done = subprocess.run(
                [sys.executable, "-m", "hedgerow", *SHOWN, *more],
                cwd=tmp_path,
                stdout=out,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert (done.returncode, done.stderr) == (2, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_a_run_that_is_stopped_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "hedgerow", "run", "--json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        while not list(tmp_path.glob(".hedgerow-*")) and running.poll() is None:
            time.sleep(0.02)
        running.send_signal(number)
        out, err = running.communicate()
    assert running.returncode == 128 + number
    assert b"nothing was written" in out
    assert err == b""
    assert list(tmp_path.iterdir()) == []

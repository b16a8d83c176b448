"""Runs of ``plan backtest`` in a file: gone on with, and refused where another thing was asked."""

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest

from hedgerow.app.kept_runs import KeptRuns, Question, program
from hedgerow.errors import RequestRejected
from hedgerow.simulation import PolicyRun

QUESTION = Question(
    program="hedgerow 1",
    desk_digest="d",
    rulebooks_digest="r",
    data_name="generated",
    data_digest="",
    limits="all",
    step_ns=60,
    option_depth_contracts=25.0,
    horizon_days=1.0,
    capital_frac_per_year=0.05,
)


def run(market: str) -> PolicyRun:
    return PolicyRun(
        policy="joint",
        market=market,
        depth_factor_frac=1.0,
        slack_frac=1.0,
        cost_usd=1.5,
        capital_usd=0.25,
        loss_usd=0.0,
        liquidated=("perp",),
        change_usd=None,
        broken_frac=None,
        trades_count=1,
        transfers_count=2,
        refused_count=0,
        legs=("a leg",),
    )


def test_what_was_kept_is_there_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    with KeptRuns(path, QUESTION) as kept:
        assert kept.runs == []
        kept.add(run("seed 1"))
        # Whoever is killed here has lost nothing.
        left = tmp_path / "left by a kill"
        left.write_bytes(path.read_bytes())
    with KeptRuns(left, QUESTION) as again:
        assert again.runs == [run("seed 1")]
    with KeptRuns(path, QUESTION) as kept:
        kept.add(run("seed 2"))
    with KeptRuns(path, QUESTION) as kept:
        assert kept.runs == [run("seed 1"), run("seed 2")]


@pytest.mark.parametrize("left_bytes", [1, 40])
def test_a_line_that_was_cut_short_is_dropped(tmp_path: Path, left_bytes: int) -> None:
    path = tmp_path / "kept"
    with KeptRuns(path, QUESTION) as kept:
        kept.add(run("seed 1"))
        kept.add(run("seed 2"))
    written = path.read_bytes()
    path.write_bytes(written[:-left_bytes])
    with KeptRuns(path, QUESTION) as kept:
        assert kept.runs == [run("seed 1")]
        kept.add(run("seed 2"))
    assert path.read_bytes() == written


def test_a_first_line_that_was_cut_short_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_bytes(msgspec.json.encode(QUESTION)[:10])
    with KeptRuns(path, QUESTION) as kept:
        assert kept.runs == []
    assert path.read_bytes() == msgspec.json.encode(QUESTION) + b"\n"


def test_runs_of_another_question_are_refused_and_left_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    with KeptRuns(path, QUESTION) as kept:
        kept.add(run("seed 1"))
    before = path.read_bytes()
    other = msgspec.structs.replace(QUESTION, step_ns=30, limits="account")
    with (
        pytest.raises(RequestRejected, match="limits all, now account; step_ns 60, now 30"),
        KeptRuns(path, other),
    ):
        pass
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a desk file\n", "does not begin as runs"),
        ("a note of one line", "does not begin as runs"),
        (msgspec.json.encode(QUESTION).decode().replace("60", "61"), "step_ns 61, now 60"),
        (msgspec.json.encode(QUESTION).decode() + "\n{}\n", "line 2 is no run"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "kept"
    path.write_text(text)
    with pytest.raises(RequestRejected, match=said), KeptRuns(path, QUESTION):
        pass
    assert path.read_text() == text


_HOLD = """
import sys
from pathlib import Path
from hedgerow.app.kept_runs import KeptRuns
from tests.rooms.app.test_kept_runs import QUESTION
with KeptRuns(Path(sys.argv[1]), QUESTION):
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
def test_a_second_process_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    with KeptRuns(path, QUESTION) as kept:
        kept.add(run("seed 1"))
    before = path.read_bytes()
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3],
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with (
            pytest.raises(RequestRejected, match="another plan backtest keeps its runs there"),
            KeptRuns(path, QUESTION),
        ):
            pass
        assert path.read_bytes() == before
        other.kill()  # nobody unlocks it but the system
    with KeptRuns(path, QUESTION) as kept:
        assert kept.runs == [run("seed 1")]
        kept.add(run("seed 2"))
    assert path.read_bytes() == before + msgspec.json.encode(run("seed 2")) + b"\n"


def test_a_file_that_was_refused_is_free_again(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    with KeptRuns(path, QUESTION):
        pass
    other = msgspec.structs.replace(QUESTION, step_ns=30)
    with pytest.raises(RequestRejected), KeptRuns(path, other):
        pass
    with KeptRuns(path, QUESTION) as kept:
        assert kept.runs == []


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestRejected, match="--keep"), KeptRuns(tmp_path, QUESTION):
        pass


def test_runs_of_another_program_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    with KeptRuns(path, QUESTION) as kept:
        kept.add(run("seed 1"))
    other = msgspec.structs.replace(QUESTION, program="hedgerow 2")
    with (
        pytest.raises(RequestRejected, match="program hedgerow 1, now hedgerow 2"),
        KeptRuns(path, other),
    ):
        pass


def test_the_program_names_its_code_and_what_it_computes_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of(**texts: str) -> str:
        for name, text in texts.items():
            (tmp_path / "inner").mkdir(exist_ok=True)
            (tmp_path / "inner" / name.replace("_", ".")).write_text(text, encoding="utf-8")
        monkeypatch.setattr("hedgerow.app.kept_runs.files", lambda name: tmp_path)
        return program()

    assert re.search(r"\(code [0-9a-f]{12}\), numpy ", program())
    assert f"highspy {version('highspy')}" in program()
    first = of(one_py="x = 1", notes_md="said")
    assert of(notes_md="said otherwise") == first
    assert of(one_py="x = 2") != first
    assert of(one_py="x = 1") == first
    assert of(more_toml="") != first


def test_whoever_is_stopped_is_told_what_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    with KeptRuns(path, QUESTION) as kept:
        kept.add(run("seed 1"))
    stopped = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt), KeptRuns(path, QUESTION):
        raise stopped
    assert stopped.__notes__ == [f"1 runs are kept in {path}; the same command goes on with them"]

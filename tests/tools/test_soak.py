"""The soak runs each seed twice, goes on where it stopped, and fails when anything does."""

import sys
from pathlib import Path

import pytest
from rich.console import Console

from tools import soak
from tools.kept import load, save

QUIET = Console(quiet=True)

# A stand-in for the command: seed 3 is not deterministic, seed 5 fails, seed 7 gives no head.
FAKE = f"""#!{sys.executable}
import json, pathlib, sys
words = sys.argv[1:]
if words[0] == "run":
    seed, out = int(words[2]), pathlib.Path(words[4])
    out.mkdir(parents=True)
    (out / "journal.db").write_text(f"head-{{seed}}-{{out.name if seed == 3 else ''}}")
    print("bad luck", file=sys.stderr)
    sys.exit(2 if seed == 5 else seed % 2)
text = pathlib.Path(words[2]).read_text()
print(json.dumps({{}} if "-7-" in text else {{"chain_head": text}}))
"""


@pytest.fixture
def command(tmp_path: Path) -> str:
    path = tmp_path / "hedgerow"
    path.write_text(FAKE, encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("seed", "says"),
    [(1, None), (2, None), (3, "two runs differ"), (5, "exit code 2: bad luck"), (7, "chain_head")],
)
def test_a_seed_passes_or_says_why_not(
    tmp_path: Path, command: str, seed: int, says: str | None
) -> None:
    reason = soak.one_seed(command, seed, tmp_path / "soak", 60)
    assert (reason is None) == (says is None)
    if says is not None and reason is not None:
        assert says in reason
    assert (tmp_path / "soak" / f"seed-{seed}").exists() == (says is not None)


def test_the_soak_goes_on_where_it_stopped_and_ends_after_its_hours(
    tmp_path: Path, command: str
) -> None:
    folder = tmp_path / "soak"
    save(soak.State(next_seed=4, spent_s=3599.9999, passed_count=9), folder / "state.json")
    state, passed = soak.soak(command, 1.0, folder, 60, QUIET)
    assert passed
    assert (state.next_seed, state.passed_count) == (5, 10)
    assert load(folder / "state.json", soak.State) == soak.State(next_seed=5)


def test_a_failure_of_an_earlier_sitting_still_counts(tmp_path: Path, command: str) -> None:
    folder = tmp_path / "soak"
    earlier = soak.Failed(episode_seed=1, reason="something")
    save(soak.State(next_seed=4, spent_s=3599.9999, failed=(earlier,)), folder / "state.json")
    state, passed = soak.soak(command, 1.0, folder, 60, QUIET)
    assert not passed
    assert state.failed == (earlier,)


def test_the_soak_ends_early_after_a_few_failures(tmp_path: Path) -> None:
    state, passed = soak.soak(str(tmp_path / "missing"), 1.0, tmp_path / "soak", 60, QUIET)
    assert not passed
    assert len(state.failed) == soak.FAILURES_COUNT_MAX
    assert "could not be started" in state.failed[0].reason


def test_a_broken_state_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(SystemExit, match="delete it"):
        load(path, soak.State)


def test_hours_are_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        soak.main(["--hours", "0"])
    assert "--hours must lie between" in capsys.readouterr().err

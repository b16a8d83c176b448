"""The soak runs each seed twice, goes on where it stopped, and fails when anything does."""

import sys
import time
from functools import partial
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
    folder = tmp_path / "soak"
    reason = soak.episode(seed, hedgerow=command, folder=folder, timeout_s=60)
    assert (reason is None) == (says is None)
    if says is not None and reason is not None:
        assert says in reason
    assert (folder / f"episodes-{seed}").exists() == (says is not None)


def nearly_done(*failed: soak.Failed) -> soak.State:
    progress = soak.Progress(next_seed=4, spent_s=3599.9999, passed_count=9)
    return soak.State(pieces={"a": progress}, failed=failed)


def slow(_: int) -> None:
    time.sleep(0.001)


def test_the_soak_goes_on_where_it_stopped_and_ends_after_its_hours(tmp_path: Path) -> None:
    save(nearly_done(), tmp_path / "state.json")
    state, passed = soak.soak([soak.Piece("a", 1.0, slow)], 1.0, tmp_path, QUIET)
    assert passed
    assert (state.pieces["a"].next_seed, state.pieces["a"].passed_count) == (5, 10)
    begun_anew = soak.State(pieces={"a": soak.Progress(next_seed=5)})
    assert load(tmp_path / "state.json", soak.State) == begun_anew


def test_it_may_be_stopped_at_any_seed_and_loses_none(tmp_path: Path) -> None:
    seen: list[int] = []

    def step(seed: int) -> None:
        if seed == 3 and len(seen) < 4:
            seen.append(-1)
            raise KeyboardInterrupt
        seen.append(seed)
        time.sleep(0.002)

    pieces = [soak.Piece("a", 1.0, step)]
    with pytest.raises(KeyboardInterrupt):
        soak.soak(pieces, 1.0, tmp_path, QUIET)
    soak.soak(
        pieces, load(tmp_path / "state.json", soak.State).spent_s / 3600 + 1e-7, tmp_path, QUIET
    )
    assert seen[:5] == [0, 1, 2, -1, 3]


def test_a_failure_of_an_earlier_sitting_still_counts(tmp_path: Path) -> None:
    earlier = soak.Failed(piece="a", seed=1, reason="something")
    save(nearly_done(earlier), tmp_path / "state.json")
    state, passed = soak.soak([soak.Piece("a", 1.0, slow)], 1.0, tmp_path, QUIET)
    assert not passed
    assert state.failed == (earlier,)


def test_the_soak_ends_early_after_a_few_failures(tmp_path: Path) -> None:
    missing = partial(
        soak.episode, hedgerow=str(tmp_path / "missing"), folder=tmp_path, timeout_s=60
    )
    state, passed = soak.soak([soak.Piece("a", 1.0, missing)], 1.0, tmp_path, QUIET)
    assert not passed
    assert len(state.failed) == soak.FAILURES_COUNT_MAX
    assert "could not be started" in state.failed[0].reason


def test_the_hours_are_shared_as_the_pieces_say(tmp_path: Path) -> None:
    pieces = [soak.Piece("long", 0.75, slow), soak.Piece("short", 0.25, slow)]
    state, _ = soak.soak(pieces, 0.4 / 3600, tmp_path, QUIET)
    assert 0.4 <= state.spent_s < 0.6
    assert state.pieces["long"].spent_s == pytest.approx(3 * state.pieces["short"].spent_s, rel=0.2)


def test_every_piece_is_taken_and_their_parts_are_the_whole(tmp_path: Path) -> None:
    pieces = soak.pieces_of("hedgerow", tmp_path, 60)
    assert [each.name for each in pieces] == ["episodes", "fuzz", "load"]
    assert sum(each.share_frac for each in pieces) == pytest.approx(1.0)


@pytest.mark.slow
def test_a_program_passes_or_says_why_not(tmp_path: Path) -> None:
    run = partial(soak.program, module="tools.fuzz", folder=tmp_path, timeout_s=120)
    assert run(1, words=("--rounds", "1")) is None
    assert list(tmp_path.iterdir()) == []
    reason = run(1, words=("--rounds", "many"))
    assert reason is not None
    assert "tools.fuzz ended with exit code 2" in reason
    assert "invalid int value: 'many'" in reason


def test_a_broken_state_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(SystemExit, match="delete it"):
        load(path, soak.State)


def test_hours_are_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        soak.main(["--hours", "0"])
    assert "--hours must lie between" in capsys.readouterr().err

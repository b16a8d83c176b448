"""Replay seeded episodes for hours, and compare each with itself.

Every seed is run twice with `hedgerow run --seed N`, and `hedgerow journal verify` must give the
same chain head both times: same inputs, same seed, same bytes. The soak goes on where it stopped
(`build/soak/state.json`) until its hours are used up; the next soak takes the seeds that follow.

It is bounded: a run that takes too long is stopped and counted as a failure, the output of seeds
that passed is deleted, and the soak ends early after a few failures. The folders of seeds that
failed stay in `build/soak`. The exit code is 1 if any seed of this soak failed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from tools.kept import load, save

ROOT = Path(__file__).resolve().parent.parent
FAILURES_COUNT_MAX = 5
ENDED_WELL = (0, 1)  # 1: the episode ended in breach, which is an answer; 2 is an error


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """One seed that failed, and how."""

    episode_seed: int
    reason: str


class State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the soak is; written after every seed."""

    next_seed: int = 0
    spent_s: float = 0.0
    passed_count: int = 0
    failed: tuple[Failed, ...] = ()


class Trouble(Exception):
    """A seed failed; the message says how."""


def call(command: Sequence[str], timeout_s: float, good: tuple[int, ...]) -> tuple[int, str]:
    """Run one command; its exit code and what it printed, or Trouble."""
    shown = " ".join(["hedgerow", *command[1:3]])
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise Trouble(f"{shown} took longer than {timeout_s:.0f} s") from None
    except OSError as error:
        raise Trouble(f"{shown} could not be started: {error.strerror}") from error
    if done.returncode not in good:
        last = done.stderr.strip().splitlines()[-1:] or ["nothing on standard error"]
        raise Trouble(f"{shown} ended with exit code {done.returncode}: {last[0]}")
    return done.returncode, done.stdout


def chain_head(text: str) -> str:
    """Take the chain head out of what `hedgerow journal verify --json` printed."""
    try:
        head = json.loads(text).get("chain_head")
    except (json.JSONDecodeError, AttributeError) as error:
        raise Trouble(f"hedgerow journal verify printed no JSON object: {error}") from error
    if not isinstance(head, str) or not head:
        raise Trouble(f"hedgerow journal verify gave no chain_head, but {head!r}")
    return head


def one_run(hedgerow: str, seed: int, folder: Path, timeout_s: float) -> tuple[int, str]:
    """Exit code and chain head of one run."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    code, _ = call(
        [hedgerow, "run", "--seed", str(seed), "--out", str(folder), "--json"],
        timeout_s,
        ENDED_WELL,
    )
    _, text = call(
        [hedgerow, "journal", "verify", str(folder / "journal.db"), "--json"], timeout_s, (0,)
    )
    return code, chain_head(text)


def one_seed(hedgerow: str, seed: int, folder: Path, timeout_s: float) -> str | None:
    """Run a seed twice; why it failed, or None."""
    place = folder / f"seed-{seed}"
    try:
        first = one_run(hedgerow, seed, place / "a", timeout_s)
        second = one_run(hedgerow, seed, place / "b", timeout_s)
        if first != second:
            raise Trouble(
                "two runs differ: exit code and chain head were "
                f"{first[0]} {first[1]}, then {second[0]} {second[1]}"
            )
    except Trouble as trouble:
        return str(trouble)
    shutil.rmtree(place, ignore_errors=True)
    return None


def soak(
    hedgerow: str, hours: float, folder: Path, timeout_s: float, console: Console
) -> tuple[State, bool]:
    """Take seeds until the hours are over; the state, and whether the soak is finished."""
    path = folder / "state.json"
    state = load(path, State)
    if state.passed_count or state.failed:
        console.print(f"going on at seed {state.next_seed}, {state.spent_s / 3600:.2f} h done")
    while state.spent_s < hours * 3600 and len(state.failed) < FAILURES_COUNT_MAX:
        seed = state.next_seed
        begun_s = time.monotonic()
        with console.status(f"seed {seed}, {state.spent_s / 3600:.2f} of {hours:g} h"):
            reason = one_seed(hedgerow, seed, folder, timeout_s)
        if reason is not None:
            console.print(f"seed {seed} failed: {reason}", markup=False)
        state = msgspec.structs.replace(
            state,
            next_seed=seed + 1,
            spent_s=state.spent_s + time.monotonic() - begun_s,
            passed_count=state.passed_count + (reason is None),
            failed=state.failed
            if reason is None
            else (*state.failed, Failed(episode_seed=seed, reason=reason)),
        )
        save(state, path)
    # The next soak starts its hours anew, on seeds not seen before.
    save(State(next_seed=state.next_seed), path)
    return state, not state.failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, and say what came of it."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--hours", type=float, default=1.0, help="how long in all (1)")
    options.add_argument("--timeout-s", type=float, default=900.0, help="for one run (900)")
    options.add_argument("--first-seed", type=int, help="forget the state and start at this seed")
    options.add_argument("--folder", type=Path, default=ROOT / "build" / "soak")
    options.add_argument("--hedgerow", default=str(Path(sys.executable).with_name("hedgerow")))
    chosen = options.parse_args(arguments)
    if not 0 < chosen.hours <= 24 * 14:
        options.error(f"--hours must lie between 0 and {24 * 14}, was {chosen.hours:g}")
    if chosen.first_seed is not None:
        save(State(next_seed=chosen.first_seed), chosen.folder / "state.json")
    console = Console(stderr=True)
    try:
        state, passed = soak(
            chosen.hedgerow, chosen.hours, chosen.folder, chosen.timeout_s, console
        )
    except KeyboardInterrupt:
        console.print("stopped; the next `make soak` goes on from here")
        return 130
    print(
        f"{state.passed_count} seeds passed twice, {len(state.failed)} failed, "
        f"{state.spent_s / 3600:.2f} h"
    )
    for failed in state.failed:
        print(f"seed {failed.episode_seed}: {failed.reason}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())

"""Wear the house out for hours: episodes against themselves, damaged files, one long process.

Three pieces share the hours, each with a part of its own and its own row of seeds:

- *episodes*: every seed is run twice with `hedgerow run --seed N`, and `hedgerow journal verify`
  must give the same chain head both times: same inputs, same seed, same bytes;
- *fuzz*: `tools.fuzz` damages every kind of file there is, and each must be read or refused;
- *load*: `tools.load` runs one process on and on, and it must stay the process it was.

Whoever has used least of its part is next, so a soak that is stopped at any time has done some of
each. It goes on where it stopped (`build/soak/state.json`) until its hours are used up; the next
soak takes the seeds that follow. It is bounded: a seed that takes too long is stopped and counted
as a failure, the output of seeds that passed is deleted, and the soak ends early after a few
failures. The folders of seeds that failed stay in `build/soak`. The exit code is 1 if any failed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console

from tools.kept import load, save

ROOT = Path(__file__).resolve().parent.parent
FAILURES_COUNT_MAX = 5
ENDED_WELL = (0, 1)  # 1: the episode ended in breach, which is an answer; 2 is an error
LOAD_S = 60.0  # of one seed of the piece load


class Piece(NamedTuple):
    """One way of wearing out: its part of the hours, and what a seed of it does.

    `step` gives why the seed failed, or None.
    """

    name: str
    share_frac: float
    step: Callable[[int], str | None]


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """One seed that failed, and how."""

    piece: str
    seed: int
    reason: str


class Progress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far one piece is."""

    next_seed: int = 0
    spent_s: float = 0.0
    passed_count: int = 0


class State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the soak is; written after every seed."""

    pieces: dict[str, Progress] = {}
    failed: tuple[Failed, ...] = ()

    def of(self, piece: Piece) -> Progress:
        """Give how far a piece is, also where it has not begun."""
        return self.pieces.get(piece.name, Progress())

    @property
    def spent_s(self) -> float:
        """Give the seconds of all pieces."""
        return sum(progress.spent_s for progress in self.pieces.values())


class Trouble(Exception):
    """A seed failed; the message says how."""


def call(
    command: Sequence[str], timeout_s: float, good: tuple[int, ...], shown: str
) -> tuple[int, str]:
    """Run one command; its exit code and what it printed, or Trouble."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False
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
        "hedgerow run",
    )
    _, text = call(
        [hedgerow, "journal", "verify", str(folder / "journal.db"), "--json"],
        timeout_s,
        (0,),
        "hedgerow journal verify",
    )
    return code, chain_head(text)


def episode(seed: int, *, hedgerow: str, folder: Path, timeout_s: float) -> str | None:
    """Run a seed twice; why it failed, or None."""
    place = folder / f"episodes-{seed}"
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


def program(
    seed: int, *, module: str, words: Sequence[str], folder: Path | None, timeout_s: float
) -> str | None:
    """Run one of the tools with a seed; why it failed, or None."""
    command = [sys.executable, "-m", module, "--seed", str(seed), *words]
    place = None if folder is None else folder / f"{module.rpartition('.')[2]}-{seed}"
    if place is not None:
        shutil.rmtree(place, ignore_errors=True)
        command += ["--folder", str(place)]
    try:
        call(command, timeout_s, (0,), module)
    except Trouble as trouble:
        return str(trouble)
    if place is not None:
        shutil.rmtree(place, ignore_errors=True)
    return None


def pieces_of(hedgerow: str, folder: Path, timeout_s: float) -> tuple[Piece, ...]:
    """Give the three pieces and their parts of the hours."""
    run = partial(program, timeout_s=timeout_s)
    return (
        Piece(
            "episodes",
            0.6,
            partial(episode, hedgerow=hedgerow, folder=folder, timeout_s=timeout_s),
        ),
        Piece("fuzz", 0.25, partial(run, module="tools.fuzz", words=(), folder=folder)),
        Piece(
            "load",
            0.15,
            partial(run, module="tools.load", words=("--seconds", f"{LOAD_S:g}"), folder=None),
        ),
    )


def soak(
    pieces: Sequence[Piece], hours: float, folder: Path, console: Console
) -> tuple[State, bool]:
    """Take seeds until the hours are over; the state, and whether nothing failed."""
    path = folder / "state.json"
    state = load(path, State)
    if any(progress.passed_count for progress in state.pieces.values()) or state.failed:
        console.print(f"going on, {state.spent_s / 3600:.2f} h done")
    while state.spent_s < hours * 3600 and len(state.failed) < FAILURES_COUNT_MAX:
        piece = min(pieces, key=lambda each: state.of(each).spent_s / each.share_frac)
        progress = state.of(piece)
        seed = progress.next_seed
        begun_s = time.monotonic()
        with console.status(f"{piece.name} {seed}, {state.spent_s / 3600:.2f} of {hours:g} h"):
            reason = piece.step(seed)
        failed = state.failed
        if reason is not None:
            console.print(f"{piece.name} {seed} failed: {reason}", markup=False)
            failed = (*failed, Failed(piece=piece.name, seed=seed, reason=reason))
        after = Progress(
            next_seed=seed + 1,
            spent_s=progress.spent_s + time.monotonic() - begun_s,
            passed_count=progress.passed_count + (reason is None),
        )
        state = State(pieces=state.pieces | {piece.name: after}, failed=failed)
        save(state, path)
    # The next soak starts its hours anew, on seeds not seen before.
    save(
        State(pieces={n: Progress(next_seed=each.next_seed) for n, each in state.pieces.items()}),
        path,
    )
    return state, not state.failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, and say what came of it."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--hours", type=float, default=1.0, help="how long in all (1)")
    options.add_argument("--timeout-s", type=float, default=900.0, help="for one run (900)")
    options.add_argument("--first-seed", type=int, help="forget the state and start at this seed")
    options.add_argument("--only", choices=("episodes", "fuzz", "load"), help="one piece alone")
    options.add_argument("--folder", type=Path, default=ROOT / "build" / "soak")
    options.add_argument("--hedgerow", default=str(Path(sys.executable).with_name("hedgerow")))
    chosen = options.parse_args(arguments)
    if not 0 < chosen.hours <= 24 * 14:
        options.error(f"--hours must lie between 0 and {24 * 14}, was {chosen.hours:g}")
    folder = chosen.folder.absolute()
    pieces = [
        piece
        for piece in pieces_of(chosen.hedgerow, folder, chosen.timeout_s)
        if chosen.only in (None, piece.name)
    ]
    if chosen.first_seed is not None:
        first = Progress(next_seed=chosen.first_seed)
        save(State(pieces={piece.name: first for piece in pieces}), folder / "state.json")
    console = Console(stderr=True)
    try:
        state, passed = soak(pieces, chosen.hours, folder, console)
    except KeyboardInterrupt:
        console.print("stopped; the next `make soak` goes on from here")
        return 130
    for piece in pieces:
        done = state.of(piece)
        print(f"{piece.name}: {done.passed_count} seeds passed, {done.spent_s / 3600:.2f} h")
    print(f"{len(state.failed)} failed")
    for failed in state.failed:
        print(f"{failed.piece} {failed.seed}: {failed.reason}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())

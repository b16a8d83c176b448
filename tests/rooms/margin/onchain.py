"""Lending markets as accounts: cases of the vectors, and what each of them refuses."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument
from hedgerow.margin import Rulebook, reach_of, require
from hedgerow.market import MarketEvent, Snapshot
from hedgerow.portfolio import Account
from tests.builders import Positions, account, snapshot

_FOLDER = Path(__file__).resolve().parents[4] / "shared" / "vectors" / "onchain"


def cases(suite: str, kind: str) -> list[dict[str, Any]]:
    """Give the cases of one kind; the test is skipped where there are no vectors."""
    path = _FOLDER / f"{suite}.json"
    if not path.exists():
        pytest.skip(f"shared/vectors/onchain/{suite}.json is not beside the repository")
    every: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cases"]
    found = [case for case in every if case["kind"] == kind]
    assert found, f"{suite} has no case of kind {kind}"
    return found


def assert_needed(
    subjects: Sequence[str],
    held: Account,
    terms: Mapping[str, Instrument],
    events: Sequence[MarketEvent],
    rules: Rulebook,
) -> None:
    """Without any one event, requirement and reach are unknown and name its subject."""
    for left_out, subject in enumerate(subjects):
        kept = [event for at, event in enumerate(events) if at != left_out]
        for ask in (require, reach_of):
            outcome = ask(held, terms, snapshot(*kept), rules)
            assert isinstance(outcome, Failure), subject
            assert (outcome.subject, outcome.reason) == (subject, "missing_data")


def assert_refused(
    refusals: Mapping[str, tuple[Positions, Mapping[str, Instrument]]],
    now: Snapshot,
    rules: Rulebook,
) -> None:
    """Each of these positions, under its terms, has no requirement and no reach, and in words."""
    for message, (positions, terms) in refusals.items():
        for ask in (require, reach_of):
            outcome = ask(account(positions=positions), terms, now, rules)
            assert isinstance(outcome, Failure), message
            assert (outcome.reason, outcome.message) == ("unsupported", message)

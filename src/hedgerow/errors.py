"""What can go wrong, said once.

Bad input to one call raises; one row of many without an answer is returned as a `Failure`; our own
bugs are asserts. The tree below is compared with the classes by ``tests/tidy``.

HedgerowError
├── BoundaryError     DeskRejected · RecordingRejected · RulebookRejected · JournalRejected
│                     MarketRejected · RequestRejected · VectorsRejected
├── ModelError        OutOfDomain
└── ExecutionError    OrderRefused · TransferRefused · BudgetExceeded
"""

from typing import Literal, TypeAlias, TypeVar

import msgspec

__all__ = [
    "BoundaryError",
    "BudgetExceeded",
    "DeskRejected",
    "ExecutionError",
    "Failure",
    "HedgerowError",
    "JournalRejected",
    "MarketRejected",
    "ModelError",
    "OrderRefused",
    "OutOfDomain",
    "Outcome",
    "Reason",
    "RecordingRejected",
    "RequestRejected",
    "RulebookRejected",
    "TransferRefused",
    "VectorsRejected",
]


class HedgerowError(Exception):
    """Root of everything hedgerow raises on purpose."""


class BoundaryError(HedgerowError):
    """Something from outside (desk file, recording, rulebook, journal, venue) cannot be used."""


class DeskRejected(BoundaryError):
    """The desk file has mistakes; the message lists every one with its path."""


class RecordingRejected(BoundaryError):
    """A recording lacks a column, holds an impossible value or runs backwards in time."""


class RulebookRejected(BoundaryError):
    """A rulebook is unknown or cannot be read."""


class JournalRejected(BoundaryError):
    """A journal cannot be opened, or its chain of hashes is broken."""


class MarketRejected(BoundaryError):
    """A market record is impossible: crossed or empty book, non-finite or non-positive price."""


class VectorsRejected(BoundaryError):
    """A file of test vectors cannot be read, or a case lacks what its computation needs."""


class RequestRejected(BoundaryError):
    """A command line, or a table given to one, asks for what cannot be answered as it stands."""


class ModelError(HedgerowError):
    """A model was asked for something outside its domain."""


class OutOfDomain(ModelError):
    """An input lies outside the domain stated in the function's docstring."""


class ExecutionError(HedgerowError):
    """An action was refused before or by a venue."""


class OrderRefused(ExecutionError):
    """An order breaks a guard (collar, size, staleness) or the venue's own rules."""


class TransferRefused(ExecutionError):
    """A transfer is outside the allow-list or the source cannot cover it."""


class BudgetExceeded(ExecutionError):
    """An action would exceed a budget that the desk file sets."""


Reason: TypeAlias = Literal[
    "missing_data",
    "stale_data",
    "not_converged",
    "unsupported",
    "no_source",
    # Why a smile is not taken; `market.smile` says what each means.
    "too_few_quotes",
    "level_off",
    "poor_fit",
    "butterfly_arbitrage",
    "calendar_arbitrage",
]


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag="failure"):
    """One row that has no answer, and why. Never zero, never safe."""

    subject: str
    reason: Reason
    message: str


T = TypeVar("T")
Outcome: TypeAlias = T | Failure

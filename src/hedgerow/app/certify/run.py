"""Compute every case of a folder of vectors, and say what came of it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from hedgerow.app.certify.compare import Comparison, compare
from hedgerow.app.certify.given import Given
from hedgerow.app.certify.suites import COMPUTATIONS
from hedgerow.app.certify.vectors import Case, Suite, Tolerance, read_suite, vector_files
from hedgerow.errors import HedgerowError

__all__ = ["Certificate", "SuiteResult", "certify"]

_EQUAL: Final = Tolerance(exact=True)


class SuiteResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one suite; in JSON counts and the error go by shorter names.

    Attributes
    ----------
    error_worst_frac
        The largest error over what its case allows, over all numbers compared: 1 is the edge. None
        where no number was compared, or one that had to be equal was not.
    failures
        Ids of the cases that failed, in order.
    unsupported_kinds_count
        Kinds that nobody here can compute, with how many cases ask for them.
    messages
        Why each failure failed, one line each, by id.
    """

    suite: str
    passed_count: int = msgspec.field(name="passed")
    failed_count: int = msgspec.field(name="failed")
    unsupported_count: int = msgspec.field(name="unsupported")
    error_worst_frac: float | None = msgspec.field(name="worst_error")
    failures: tuple[str, ...]
    unsupported_kinds_count: dict[str, int] = msgspec.field(name="unsupported_kinds")
    messages: dict[str, str]


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a folder."""

    passed_count: int = msgspec.field(name="passed")
    failed_count: int = msgspec.field(name="failed")
    unsupported_count: int = msgspec.field(name="unsupported")
    suites: tuple[SuiteResult, ...]


def certify(path: Path, *, told: Callable[[int, int], None] | None = None) -> Certificate:
    """Compute and compare every case at or under a path.

    Parameters
    ----------
    told
        Called with how many cases are done, and of how many, after each.

    Raises
    ------
    VectorsRejected
        If a file cannot be read; no case is computed then.
    """
    suites = [read_suite(each) for each in vector_files(path)]
    total = sum(len(suite.cases) for suite in suites)
    results: list[SuiteResult] = []
    done = 0
    for suite in suites:
        tally = _Tally(suite)
        for case in suite.cases:
            tally.add(case)
            done += 1
            if told is not None:
                told(done, total)
        results.append(tally.result())
    return Certificate(
        passed_count=sum(each.passed_count for each in results),
        failed_count=sum(each.failed_count for each in results),
        unsupported_count=sum(each.unsupported_count for each in results),
        suites=tuple(results),
    )


class _Tally:
    """One suite, case by case."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._passed = 0
        self._messages: dict[str, str] = {}
        self._unsupported: dict[str, int] = {}
        self._worst: list[float | None] = []

    def add(self, case: Case) -> None:
        compute = COMPUTATIONS.get((self._suite.suite, case.kind))
        if compute is None:
            self._unsupported[case.kind] = self._unsupported.get(case.kind, 0) + 1
            return
        try:
            # What the case expects stays here: a computation sees its inputs only.
            got = compute(Given(case.given, self._suite.defaults))
            seen = compare(got, case.then, case.tolerance or _EQUAL)
        except (HedgerowError, ArithmeticError, ValueError) as trouble:
            is_ours = isinstance(trouble, HedgerowError)  # then it needs no further name
            said = str(trouble) if is_ours else f"{type(trouble).__name__}: {trouble}"
            seen = Comparison((said,), None)
        if seen.misses:
            told = list(seen.misses)
            if case.tolerance is None and any(miss.endswith(", allowed 0") for miss in told):
                told.append("the case states no tolerance, so all must be equal")
            self._messages[case.id] = "; ".join(told)
            self._worst.append(seen.error_of_tolerance_frac)
        else:
            self._passed += 1
            if seen.error_of_tolerance_frac is not None:
                self._worst.append(seen.error_of_tolerance_frac)

    def result(self) -> SuiteResult:
        return SuiteResult(
            suite=self._suite.suite,
            passed_count=self._passed,
            failed_count=len(self._messages),
            unsupported_count=sum(self._unsupported.values()),
            error_worst_frac=_worst(self._worst),
            failures=tuple(self._messages),
            unsupported_kinds_count=self._unsupported,
            messages=self._messages,
        )


def _worst(errors: Sequence[float | None]) -> float | None:
    """Give the largest; one that has no size is larger than any."""
    known = [each for each in errors if each is not None]
    return max(known) if known and len(known) == len(errors) else None

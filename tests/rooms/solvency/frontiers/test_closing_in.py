"""The search for a breach: who is asked, how often, and how near the answer comes."""

from collections.abc import Callable
from decimal import Decimal
from math import ceil, exp, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import Failure, Outcome
from hedgerow.solvency.bracket import Place
from hedgerow.solvency.frontiers.distance import _TOLERANCE_FRAC, _closed_in, _first_breach, _Step
from tests.builders import exact

D = Decimal

# Headroom by how far beyond the root a price lies: smooth, steep, flat, with a jump, almost a jump.
SHAPES: dict[str, Callable[[float], float]] = {
    "line": lambda x: -x,
    "curve": lambda x: 1.0 - exp(8.0 * x),
    "flat at the root": lambda x: -(x**5),
    "jump down": lambda x: 1.0 if x <= 0.0 else -1e9,
    "jump from far above": lambda x: 1e9 if x <= 0.0 else -1.0,
    "cliff": lambda x: -x if x <= 0.0 else -1e6 * x - 5.0,
}


class Asked:
    """A headroom that counts how often it is asked."""

    def __init__(self, root: float, shape: Callable[[float], float], *, upwards: bool) -> None:
        self.root, self.shape, self.sign = root, shape, 1.0 if upwards else -1.0
        self.count = 0

    def __call__(self, factor: float) -> Outcome[Decimal]:
        self.count += 1
        return exact(self.shape(self.sign * (factor - self.root)))


def between(asked: Asked, safe: float, broken: float) -> Outcome[float]:
    """Close in between two prices, of which the broken one has been asked for."""
    end = asked(broken)
    assert isinstance(end, Decimal)
    assert end < 0
    asked.count = 0
    return _closed_in(asked, _Step(safe, None), Place(broken, end))


@pytest.mark.parametrize("shape", SHAPES)
@given(
    ends=st.sampled_from([(1.0, 0.97), (0.4, 0.3), (1.0, 1.03), (2.5, 3.0), (0.5125, 0.5)]),
    place=st.floats(0.0, 0.999),
)
def test_it_ends_before_the_breach_and_asks_one_more_than_bisection(
    shape: str, ends: tuple[float, float], place: float
) -> None:
    safe, broken = ends
    root = safe + place * (broken - safe)
    asked = Asked(root, SHAPES[shape], upwards=broken > safe)
    move = between(asked, safe, broken)
    assert isinstance(move, float)
    reached = 1.0 + move
    assert abs(reached - safe) <= abs(root - safe) + 1e-12
    assert abs(reached - root) <= _TOLERANCE_FRAC * min(safe, broken) + 1e-12
    bisections = ceil(log2(abs(broken - safe) / (_TOLERANCE_FRAC * min(safe, broken))))
    near_end = 1  # for which there was only the model's word
    assert asked.count <= near_end + bisections + 1


def test_a_smooth_headroom_takes_half_of_what_bisection_takes() -> None:
    asked = Asked(0.957, SHAPES["curve"], upwards=False)
    between(asked, 0.97, 0.94)
    assert asked.count <= 1 + 5  # bisection: 9


def test_what_the_model_calls_safe_and_the_engine_does_not_is_a_bug_that_speaks() -> None:
    with pytest.raises(AssertionError, match=r"off by more than its bound: -1 at 0\.97"):
        _closed_in(lambda _: D(-1), _Step(0.97, None), Place(0.94, D(-2)))


def breach(
    headroom_ccy: Callable[[float], Outcome[Decimal]],
    steps: dict[float, bool],
    parts: Callable[[float], bool] = lambda _: False,
) -> Outcome[float | None]:
    """Look along steps that come with the model's word; inside one it has that of `parts`."""
    now = _Step(1.0, D(1))
    clear = list(steps.values())
    return _first_breach(
        headroom_ccy, lambda inner: [parts(each) for each in inner], now, list(steps), clear
    )


def test_only_steps_that_may_break_are_asked_for_and_the_last_one() -> None:
    asked = Asked(0.5, SHAPES["line"], upwards=False)
    assert breach(asked, {0.97: True, 0.94: False, 0.90: True, 0.85: True}) is None
    assert asked.count == 2
    asked = Asked(0.93, SHAPES["line"], upwards=False)
    move = breach(asked, {0.97: True, 0.94: False, 0.90: False})
    assert isinstance(move, float)
    assert move == pytest.approx(-0.07, abs=1e-4)


def test_of_an_account_that_breaks_and_heals_within_a_step_the_model_finds_the_first_breach() -> (
    None
):
    """Broken from 0.968 to 0.955, and again from 0.943 on, where it hardly is."""

    def headroom(factor: float) -> float:
        return 1.0 if factor > 0.968 else -1.0 if factor > 0.955 else (factor - 0.943) * 100.0

    found = breach(
        lambda factor: exact(headroom(factor)),
        {0.97: True, 0.94: False, 0.90: False},
        lambda factor: headroom(factor) > 1e-6,
    )
    assert isinstance(found, float)
    assert -0.0321 < found <= -0.032 + 1e-4


def test_no_breach_is_never_the_models_word_alone() -> None:
    asked = Asked(0.88, SHAPES["line"], upwards=False)
    with pytest.raises(AssertionError, match="more than its bound"):
        breach(asked, {0.97: True, 0.86: True, 0.85: True})


@pytest.mark.parametrize("at", [0.90, 0.94, 0.925])
def test_a_price_without_an_answer_leaves_the_distance_unknown(at: float) -> None:
    failure = Failure(subject="main", reason="stale_data", message="too old")

    def asked(factor: float) -> Outcome[Decimal]:
        return failure if factor <= at and factor > at - 0.02 else exact(factor - 0.93)

    assert breach(asked, {0.94: False, 0.90: False}) is failure


def test_a_price_without_an_answer_beyond_the_breach_is_not_asked_for() -> None:
    def asked(factor: float) -> Outcome[Decimal]:
        assert factor > 0.85
        return exact(factor - 0.93)

    assert isinstance(breach(asked, {0.94: False, 0.90: False, 0.85: False}), float)

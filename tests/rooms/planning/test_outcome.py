"""How far outside a limit stands between legs, held against where it stood and will stand."""

import pytest

from hedgerow.limits import LimitState, Rung
from hedgerow.planning.outcome import is_further_out


def _state(metric: str, value: float | None, hard: float, rung: Rung = "hard") -> LimitState:
    return LimitState(
        node="desk",
        metric=metric,
        value_frac_usd_or_coin=value,
        soft_frac_usd_or_coin=hard,
        hard_frac_usd_or_coin=hard,
        rung=rung,
        message="",
    )


@pytest.mark.parametrize(
    ("metric", "hard", "stood", "value", "is_further"),
    [
        # Of a ceiling the size counts, on either side: a hundredth of 3.0 is 0.03.
        ("delta_spot_coin", 2.5, (3.0, 0.0), 3.02, False),
        ("delta_spot_coin", 2.5, (3.0, 0.0), 3.04, True),
        ("delta_spot_coin", 2.5, (3.0, 0.0), -2.9, False),
        ("delta_spot_coin", 2.5, (3.0, 0.0), -3.04, True),
        # Where it is to stand further out after the plan it may be as far before.
        ("delta_spot_coin", 2.5, (3.0, -5.0), 5.0, False),
        ("delta_spot_coin", 2.5, (3.0, -5.0), 5.1, True),
        # Of a floor less is worse: a hundredth of the bound of 0.1 is 0.001.
        ("distance_spot_frac", 0.1, (0.05, 0.3), 0.0492, False),
        ("distance_spot_frac", 0.1, (0.05, 0.3), 0.0488, True),
        ("distance_spot_frac", 0.1, (0.05, 0.3), 0.09, False),
        # No number is an account without equity, than which nothing is further out.
        ("margin_use_frac", 0.8, (0.9, 0.5), None, True),
        ("margin_use_frac", 0.8, (None, 0.5), 40.0, False),
        ("margin_use_frac", 0.8, (None, 0.5), None, False),
        ("margin_use_frac", 0.8, (0.9, None), None, False),
    ],
)
def test_a_hard_limit_is_further_out_by_more_than_a_hundredth(
    metric: str,
    hard: float,
    stood: tuple[float | None, ...],
    value: float | None,
    *,
    is_further: bool,
) -> None:
    ends = [_state(metric, each, hard) for each in stood]
    assert is_further_out(_state(metric, value, hard), ends) is is_further


def test_what_nobody_knew_before_is_no_further_out() -> None:
    unknown = _state("delta_spot_coin", None, 2.5, "unknown")
    assert not is_further_out(unknown, [unknown])
    was_known = _state("delta_spot_coin", 3.0, 2.5)
    assert not is_further_out(unknown, [was_known])

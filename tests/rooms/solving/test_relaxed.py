"""What a solver says is believed as far as it proves it, and a last bit decides nothing."""

from typing import Any

import numpy as np
import pytest

from hedgerow.errors import Failure
from hedgerow.solving import Band, Decisions, Ladders, Programme, least
from hedgerow.solving.lots import in_lots
from hedgerow.solving.records import Floats
from hedgerow.solving.relaxed import Relaxed

ONE = np.ones(1)


@pytest.mark.parametrize("bound_usd", [0.9, float("nan"), -float("inf")])
def test_an_answer_that_its_prices_do_not_prove_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, bound_usd: float
) -> None:
    def almost(_: Any) -> Relaxed:
        return Relaxed(
            column_amount=np.ones(3),
            row_price_usd_per_figure=np.zeros(4),
            objective_usd=1.0,
            bound_usd=bound_usd,
        )

    monkeypatch.setattr("hedgerow.solving.relaxed._linear", almost)
    band = Band.of(("delta",), -ONE, np.ones((1, 1)), low_figure=0.0 * ONE)
    programme = Programme(
        Decisions(("x",), -2.0 * ONE, 2.0 * ONE, 0.1 * ONE), [Ladders.flat(ONE, ONE), band]
    )
    answer = least(programme)
    assert isinstance(answer, Failure)
    assert "nothing is done on it" in answer.message


class _Noisy:
    """Always broken by one; the first decision takes a last bit off and costs, the second saves."""

    is_linear = True

    def usd(self, amounts: Floats) -> Floats:
        return np.asarray(amounts[:, 0] - amounts[:, 1])

    def excess(self, amounts: Floats) -> Floats:
        return np.asarray(1.0 - 1e-14 * amounts[:, 0])

    def assemble(self, *_: Any) -> None: ...


def test_a_last_bit_of_excess_hides_no_cheaper_change() -> None:
    decisions = Decisions(("a", "b"), np.zeros(2), np.array([1.0, 3.0]), np.ones(2))
    found = in_lots(Programme(decisions, [_Noisy()]), np.zeros(2))
    assert found.tolist() == [0.0, 3.0]

from math import nan

import numpy as np
import pytest
from scipy.stats import ks_2samp, spearmanr

from hedgerow.errors import Failure, OutOfDomain
from hedgerow.pricing import EuropeanColumns, european_greeks
from hedgerow.risk import ExplainRow, combined, desk_test, hedging_error_usd, pooled


def made(unexplained_usd: float, gamma_usd: float = 1_000.0, **changes: object) -> ExplainRow:
    given: dict[str, object] = {
        "node": "desk",
        "actual_usd": gamma_usd + unexplained_usd,
        "lines_usd": {"gamma": gamma_usd},
        "unexplained_usd": unexplained_usd,
        "ticks_usd": 5.0,
        "move_frac": 0.01,
        "missing": (),
    }
    return ExplainRow(**(given | changes))  # type: ignore[arg-type]


FAILURE = Failure(subject="x", reason="missing_data", message="x has no quote")


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (made(10.0), "within"),  # one per cent of the gross
        (made(-10.1), "alert"),
        (made(4.9, gamma_usd=100.0), "within"),  # two ticks
        (made(500.0, move_frac=-0.051), "large_move"),
        (made(500.0, move_frac=None), "alert"),
        (made(0.0, missing=(FAILURE,)), "unknown"),
    ],
)
def test_the_acceptance_of_the_sheet(row: ExplainRow, verdict: str) -> None:
    assert row.verdict == verdict


def test_price_moves_count_once_and_transfers_not_at_all() -> None:
    lines = {"delta": -500.0, "numeraire": 480.0, "vega": -30.0, "transfers": 1e6}
    row = made(0.0, actual_usd=1e6 - 50.0, lines_usd=lines)
    assert row.gross_usd == 50.0


def test_lines_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="lines and actual are"):
        made(10.0, actual_usd=0.0)


def test_errors_of_two_steps_do_not_cancel_when_pooled() -> None:
    found = pooled([made(30.0), made(-10.0), made(0.0, missing=(FAILURE,))])
    assert (found.steps_count, found.unknown_count, found.alerts_count) == (3, 1, 1)
    assert found.unexplained_usd == 40.0
    assert found.unexplained_frac == 0.02
    assert pooled([]).unexplained_frac is None


def test_rows_of_consecutive_steps_add_up() -> None:
    found = combined([made(30.0), made(-10.0, gamma_usd=-200.0)])
    assert found.actual_usd == 820.0
    assert found.lines_usd == {"gamma": 800.0}
    assert found.unexplained_usd == 20.0
    assert found.move_frac == pytest.approx(1.01**2 - 1)
    # Moves of several coins come to no move.
    one, other = (made(1.0, move_coin=coin) for coin in ("BTC", "ETH"))
    assert combined([one, one]).move_coin == "BTC"
    assert combined([one, made(1.0, move_frac=None)]).move_coin == "BTC"
    mixed = combined([one, other])
    assert (mixed.move_frac, mixed.move_coin) == (None, None)
    with pytest.raises(OutOfDomain, match="one node"):
        combined([made(1.0), made(1.0, node="desk/a")])
    with pytest.raises(OutOfDomain, match="one method"):
        combined([made(1.0), made(1.0, lines_usd={"vol": 1_000.0})])


@pytest.mark.parametrize(("noise", "zone"), [(0.02, "green"), (0.95, "amber"), (3.0, "red")])
def test_the_desk_test_agrees_with_scipy(noise: float, zone: str) -> None:
    rng = np.random.Generator(np.random.Philox(7))
    actual = rng.standard_t(4, 250)
    explained = actual + noise * rng.standard_normal(250)
    found = desk_test(explained, actual)
    assert not isinstance(found, Failure)
    assert found.spearman_frac == pytest.approx(spearmanr(explained, actual).statistic)
    assert found.ks_frac == pytest.approx(ks_2samp(explained, actual).statistic)
    assert found.zone == zone


def test_too_few_days_are_told_and_nonsense_refused() -> None:
    few = desk_test([1.0, 2.0, 3.0], [1.0, 2.0, 3.5])
    assert not isinstance(few, Failure)
    assert few.spearman_frac == pytest.approx(1.0)
    assert few.zone is None
    assert isinstance(desk_test([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]), Failure)
    for bad in ([1.0, 2.0], [1.0, 2.0, nan]):
        with pytest.raises(OutOfDomain):
            desk_test(bad, bad)


@pytest.mark.parametrize(
    ("hedges", "sheet_usd", "drawn_usd"), [(21, 1.53534, 1.4694), (84, 0.76767, 0.7571)]
)
def test_the_error_of_hedging_so_often(hedges: int, sheet_usd: float, drawn_usd: float) -> None:
    # Methods sheet, section 9: S = K = 100, T = 0.25, r = 0, vol 40 %; its own 40,000 paths.
    greeks = european_greeks(
        EuropeanColumns(
            underlying_usd=np.array([100.0]), strike_usd=np.array([100.0]),
            vol_frac=np.array([0.4]), expiry_years=np.array([0.25]), is_call=np.array([True]),
        )
    )  # fmt: skip
    found = hedging_error_usd(
        vega_usd_per_vol=float(greeks.vega_usd_per_vol[0]), vol_frac=0.4, hedges_count=hedges
    )
    assert found == pytest.approx(sheet_usd, abs=5e-6)
    assert found == pytest.approx(drawn_usd, rel=0.06)


def test_a_hedging_error_refuses_what_cannot_be() -> None:
    for bad in ({"vol_frac": 0.0}, {"hedges_count": 0}, {"vega_usd_per_vol": nan}):
        given = {"vega_usd_per_vol": 1.0, "vol_frac": 0.4, "hedges_count": 21}
        with pytest.raises(OutOfDomain):
            hedging_error_usd(**(given | bad))

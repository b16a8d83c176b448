"""The band against the sheet's table (methods.md section 6)."""

from math import nan

import pytest

from hedgerow.errors import OutOfDomain
from hedgerow.hedging import whalley_wilmott_halfwidth_coin
from tests.golden.read import numbers

BAND = numbers("hedge_band")


@pytest.mark.parametrize("row", BAND["rows"], ids=lambda row: row["risk_aversion"])
@pytest.mark.parametrize("sign", [1, -1])
def test_half_widths_of_the_sheet(row: dict[str, str], sign: int) -> None:
    width = whalley_wilmott_halfwidth_coin(
        cost_frac=float(BAND["cost"]),
        price_usd=float(BAND["S"]),
        gamma_coin_per_usd=sign * float(BAND["gamma"]),
        risk_aversion_per_usd=float(row["risk_aversion"]),
    )
    assert width == pytest.approx(float(row["ww"]), abs=1e-9)


def test_without_cost_or_without_gamma_there_is_no_band() -> None:
    for cost, gamma in ((0.0, 1e-5), (5e-4, 0.0)):
        width = whalley_wilmott_halfwidth_coin(
            cost_frac=cost, price_usd=6e4, gamma_coin_per_usd=gamma, risk_aversion_per_usd=1e-6
        )
        assert width == 0.0


@pytest.mark.parametrize(
    ("cost", "price", "aversion"),
    [(-1e-9, 1.0, 1.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (nan, 1.0, 1.0), (0.0, nan, 1.0)],
)
def test_outside_its_domain(cost: float, price: float, aversion: float) -> None:
    with pytest.raises(OutOfDomain, match="the band needs a positive price"):
        whalley_wilmott_halfwidth_coin(
            cost_frac=cost,
            price_usd=price,
            gamma_coin_per_usd=1.0,
            risk_aversion_per_usd=aversion,
        )

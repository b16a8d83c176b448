"""How a shock is written, and what is refused."""

import pytest

from hedgerow.app.shocks import NAMED, read_shock
from hedgerow.errors import RequestRejected
from hedgerow.units import DAY_NS

COINS, DOLLARS = ("BTC", "ETH"), ("USDC",)

WRITTEN = """
    text                             BTC   ETH   USDC  factor  shift  days
    spot=-20%                        0.8   0.8   -     1       0      0
    spot=+5                          1.05  1.05  -     1       0      0
    ETH=-30%                         -     0.7   -     1       0      0
    spot=-20%,ETH=10%                0.8   1.1   -     1       0      0
    ETH=10%,spot=-20%                0.8   1.1   -     1       0      0
    USDC=-4%                         -     -     0.96  1       0      0
    vol=+10pt                        -     -     -     1       0.1    0
    vol=-2.5pt                       -     -     -     1       -0.025 0
    vol=+25%                         -     -     -     1.25    0      0
    days=3                           -     -     -     1       0      3
    spot=-50%,vol=-10%,days=0.5      0.5   0.5   -     0.9     0      0.5
    crash                            0.7   0.7   -     1       0.3    0
    rally                            1.3   1.3   -     1       0.15   0
    vol-spike                        -     -     -     1       0.3    0
    vol-crush                        -     -     -     1       -0.2   0
"""


@pytest.mark.parametrize("row", WRITTEN.strip().splitlines()[1:])
def test_a_shock_is_what_is_written(row: str) -> None:
    text, *cells = row.split()
    *coins, factor, shift, days = cells
    shock = read_shock(text, COINS, DOLLARS)
    wanted = {
        coin: float(cell)
        for coin, cell in zip((*COINS, *DOLLARS), coins, strict=True)
        if cell != "-"
    }
    assert shock.spot_factor_frac == pytest.approx(wanted, rel=1e-15)
    assert shock.vol_factor_frac == pytest.approx(float(factor), rel=1e-15)
    assert shock.vol_shift_frac == pytest.approx(float(shift), rel=1e-15)
    assert shock.time_forward_ns == float(days) * DAY_NS


def test_every_name_is_tried_above() -> None:
    assert all(f"    {name} " in WRITTEN for name in NAMED)


REFUSED = [
    ("foo", "foo moves nothing; write one such as spot=-20%,vol=+10pt,days=3, or crash, rally"),
    ("", "nothing moves nothing"),
    ("spot=", "spot= moves nothing"),
    ("spot=-20%,", "nothing moves nothing"),
    ("spot=-20%,spot=-30%", "spot is moved twice; keep one"),
    ("XYZ=-5%", "no XYZ to move; there are: spot, vol, days, BTC, ETH, USDC"),
    ("spot=-0.2", "write -20% or -20"),
    ("spot=-100%", "must be from -99.99"),
    ("vol=10", "write 10pt for vol points, or 10% of the vol itself"),
    ("vol=-100%", "leaves no vol at all; write more than -100%"),
    ("vol=tenpt", "write a number such as 10"),
    ("days=-3", "must be from 0 to"),
    ("days=nan", "must be finite"),
]


@pytest.mark.parametrize(("text", "told"), REFUSED)
def test_what_is_no_shock_is_told_with_its_words(text: str, told: str) -> None:
    with pytest.raises(RequestRejected) as refused:
        read_shock(text, COINS, DOLLARS)
    assert str(refused.value).startswith(f"--shock {text}: ")
    assert told in str(refused.value)

"""Haircuts by their closed form, and what is refused."""

import math

import pytest

from hedgerow.collateral import haircut_frac
from hedgerow.errors import OutOfDomain


def test_the_closed_form() -> None:
    assert haircut_frac(0.0, 1.0) == 0.0
    assert haircut_frac(0.5, 0.25, quantile_deviations=2.0) == pytest.approx(1 - math.exp(-0.5))
    # A spread of two per cent and an impact of a tenth leave 0.99 times 0.9.
    assert haircut_frac(0.0, 1.0, spread_frac=0.02, impact_frac=0.1) == pytest.approx(0.109)
    assert haircut_frac(0.0, 0.0, floor_frac=0.05) == 0.05


def test_an_hour_of_the_sheet_s_vol() -> None:
    """Section 28: 149.13 basis points of value are at risk in an hour at 60 %, z 2.3263."""
    moved = haircut_frac(0.6, 1 / 8760, quantile_deviations=2.3263478740408408)
    assert -math.log(1 - moved) == pytest.approx(149.1330347e-4, rel=1e-6)


@pytest.mark.parametrize("name", ["vol_frac", "horizon_years", "spread_frac", "floor_frac"])
@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_what_cannot_be_is_refused_by_name(name: str, value: float) -> None:
    given = {"vol_frac": 0.5, "horizon_years": 0.1} | {name: value}
    with pytest.raises(OutOfDomain, match=name):
        haircut_frac(**given)

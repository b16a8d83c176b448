"""The likeliest breach as a command asks for it: over the factors of the packaged covariance."""

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from hedgerow.app.frontiers import _likeliest
from hedgerow.app.portfolio_model import packaged_covariance
from hedgerow.errors import Failure
from hedgerow.market import Covariance
from hedgerow.solvency import ReverseStress
from tests.builders import account
from tests.rooms.margin.chain_market import CALL, NOW, TERMS
from tests.rooms.margin.engines import ON_CHAIN

DOLLARS = replace(NOW, dollars_usd={"USDC": Decimal(1)})


def test_vols_move_as_those_of_the_options_held() -> None:
    """Short a call on ETH and a little BTC: the deviation of vols is that of ETH's, not BTC's."""
    model = packaged_covariance()
    held = account(
        positions={CALL.instrument_id: -5, "BTC-PERP": ("0.01", 50_000)}, balances={"USDC": 4_000}
    )
    book = ON_CHAIN["derive"].rulebook
    found = _likeliest(held, TERMS, DOLLARS, book, model)
    assert isinstance(found, ReverseStress), found
    (vol,) = (each for each in found.moves if each.direction.kind == "vol")
    names = [(each.kind, each.name) for each in model.factors]
    want = model.deviation_frac_per_period[names.index(("vol_level", "ETH"))]
    assert math.log1p(vol.move_frac) / vol.move_deviations == pytest.approx(want)
    assert want != model.deviation_frac_per_period[names.index(("vol_level", "BTC"))]


def test_without_a_deviation_of_its_vols_no_breach_is_the_likeliest() -> None:
    """Left out, vols would stand still, and the breach would look farther than it is."""
    model = packaged_covariance()
    kept = [n for n, each in enumerate(model.factors) if each.kind == "spot"]
    spots = Covariance(
        factors=tuple(model.factors[n] for n in kept),
        deviation_frac_per_period=model.deviation_frac_per_period[kept],
        correlation_frac=model.correlation_frac[np.ix_(kept, kept)],
        period_days=model.period_days,
    )
    held = account(positions={CALL.instrument_id: -5}, balances={"USDC": 4_000})
    found = _likeliest(held, TERMS, DOLLARS, ON_CHAIN["derive_portfolio"].rulebook, spots)
    assert isinstance(found, Failure)
    assert "no deviation of the vols of ETH is at hand" in found.message

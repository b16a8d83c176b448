"""Models beside their engines: asked for both, and held to one another."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
import numpy as np
from hypothesis import strategies as st

from hedgerow.errors import Failure
from hedgerow.instruments import Instrument
from hedgerow.margin import AcrossShocks, MarginReport, Rulebook, require, require_across
from hedgerow.market import Shock, Snapshot
from hedgerow.portfolio import Account
from hedgerow.units import DAY_NS
from tests.builders import by_id, perpetual, quote, snapshot, tiered_rulebook

D = Decimal
COINS = ("BTC", "ETH", "HYPE", "WETH", "USDC")
FACTORS = st.floats(0.4, 2.5)
SHOCKS = st.builds(
    Shock,
    spot_factor_frac=st.dictionaries(st.sampled_from(COINS), FACTORS),
    vol_factor_frac=st.floats(0.3, 3.0),
    vol_shift_frac=st.floats(-0.1, 0.2),
    time_forward_ns=st.integers(0, 60 * DAY_NS),
)


TIERED = tiered_rulebook([(0, "0.01"), (10_000, "0.02"), (30_000, "0.05")])
PERPS = by_id(perpetual("BTC"))
AT_1000 = snapshot(quote("BTC-PERP", 1000))


def across(
    accounts: Sequence[Account],
    instruments: Mapping[str, Instrument],
    now: Snapshot,
    shocks: Sequence[Shock],
    rulebook: Rulebook,
) -> AcrossShocks:
    named = [msgspec.structs.replace(each, rulebook=rulebook.name) for each in accounts]
    return require_across(named, instruments, now, shocks, {rulebook.name: rulebook})


def agree(
    found: AcrossShocks,
    accounts: Sequence[Account],
    instruments: Mapping[str, Instrument],
    now: Snapshot,
    shocks: Sequence[Shock],
    rulebook: Rulebook,
) -> None:
    """Every cell is the engine's within the bound, or has the engine's own reason for none."""
    reasons = {(each.account_index, each.shock_index): each.failure for each in found.unanswered}
    assert len(reasons) == len(found.unanswered)
    for a, held in enumerate(accounts):
        for s, shock in enumerate(shocks):
            exact = require(held, instruments, now.shocked(shock), rulebook)
            assert found.is_answered[a, s] == isinstance(exact, MarginReport)
            if isinstance(exact, Failure):
                assert reasons[a, s] == exact
                assert found.equity_ccy[a, s] == -np.inf
                assert found.requirement_maintenance_ccy[a, s] == np.inf
                assert found.requirement_initial_ccy[a, s] == np.inf
                assert found.is_liquidatable[a, s]
                continue
            assert (a, s) not in reasons
            bound = D(found.bound_ccy[a, s])
            for model, true in (
                (found.equity_ccy, exact.equity_ccy),
                (found.requirement_maintenance_ccy, exact.requirement_maintenance_ccy),
                (found.requirement_initial_ccy, exact.requirement_initial_ccy),
            ):
                if found.is_exact[a, s]:
                    assert model[a, s] == float(true)
                    assert bound == 0
                else:
                    assert abs(D(model[a, s]) - true) <= bound
            assert found.is_liquidatable[a, s] >= exact.is_liquidatable
            beyond = exact.headroom_ccy > 4 * bound
            if found.is_exact[a, s] or beyond:
                assert found.is_liquidatable[a, s] == exact.is_liquidatable

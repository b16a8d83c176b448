import numpy as np
import pytest

from hedgerow.simulation.crash_paths import PHASES, Paths, crash_paths
from hedgerow.units import HOUR_NS, MINUTE_NS, parse_ns

START = parse_ns("2026-03-16T00:00:00Z")


def drawn(seed: int) -> Paths:
    return crash_paths(
        np.random.Generator(np.random.Philox(seed)),
        start_ns=START,
        first_ns=START - 2 * HOUR_NS,
        end_ns=START + 48 * HOUR_NS,
        step_ns=5 * MINUTE_NS,
    )


def test_every_step_has_a_row() -> None:
    paths = drawn(1)
    assert len(paths.time_ns) == 50 * 12 + 1
    for name in ("spot_btc_usd", "spot_eth_usd", "vol_frac", "basis_btc_frac", "discount_frac"):
        column = getattr(paths, name)
        assert column.shape == (601,)
        assert np.isfinite(column).all()


def test_phases_rise_in_time() -> None:
    starts = [phase.start_hours for phase in PHASES]
    assert starts == sorted(starts)
    assert starts[0] < -2


@pytest.mark.parametrize("seed", range(40))
def test_every_seed_crashes_and_everything_that_follows_a_fall_follows(seed: int) -> None:
    paths = drawn(seed)
    assert paths.spot_btc_usd.min() < 0.88 * paths.spot_btc_usd[0]
    assert paths.spot_eth_usd.min() > 0.3 * paths.spot_eth_usd[0]
    calm, crash = slice(0, 10 * 12), slice(22 * 12, 28 * 12)
    assert paths.vol_frac[crash].max() > 1.4 * paths.vol_frac[calm].mean()
    assert 0.2 < paths.vol_frac.min() <= paths.vol_frac.max() < 4
    assert paths.basis_btc_frac[crash].min() < 0 < paths.basis_btc_frac[calm].mean()
    assert paths.discount_frac[crash].max() > 0.005 > paths.discount_frac[calm].max()
    assert paths.discount_frac.max() < 0.15
    btc, eth = np.diff(np.log(paths.spot_btc_usd)), np.diff(np.log(paths.spot_eth_usd))
    assert 0.75 < np.corrcoef(btc, eth)[0, 1] < 0.99

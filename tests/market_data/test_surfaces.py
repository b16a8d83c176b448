"""Surfaces of real chains: enough slices are taken, near their quotes, and none with arbitrage."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.measure_surfaces import WHOLE, measure, read
from hedgerow.app.chain_request import How
from hedgerow.app.chains import read_columns
from hedgerow.app.surface_tally import ACCEPTED_FRAC_MIN, ERROR_VOLPT_MAX
from hedgerow.errors import Failure
from hedgerow.market import expiry_forwards
from hedgerow.units import parse_ns

# Half a day of calm, of the crash and of what came after.
SAMPLE = tuple(
    (f"{day}T00:00:00", f"{day}T12:00:00") for day in ("2026-01-14", "2026-02-06", "2026-04-20")
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("windows", "how", "accepted_frac_min"),
    # Few slices make a rough share; the bar is that of the whole. Three numbers do not follow a
    # crypto smile as five do, and mids are rougher than marks.
    [
        pytest.param(SAMPLE, How(), ACCEPTED_FRAC_MIN, marks=pytest.mark.slow),
        (SAMPLE, How(model="essvi"), 0.6),
        pytest.param(SAMPLE, How(vols_from="mid", forwards="parity"), 0.75, marks=pytest.mark.slow),
        pytest.param((WHOLE,), How(), ACCEPTED_FRAC_MIN, marks=pytest.mark.slow),
    ],
    ids=["a sample", "essvi", "mids on parity", "all"],
)
def test_surfaces_of_recorded_chains(
    shared_data: Path, windows: tuple[tuple[str, str], ...], how: How, accepted_frac_min: float
) -> None:
    tally = measure(shared_data, windows=windows, how=how)
    assert tally.chains_count >= 6
    assert tally.accepted_frac is not None
    assert tally.accepted_frac >= accepted_frac_min
    assert np.median(tally.errors_volpt) <= ERROR_VOLPT_MAX
    assert max(tally.errors_volpt) <= ERROR_VOLPT_MAX
    assert (tally.butterflies_count, tally.calendars_count) == (0, 0)
    if how.vols_from == "mid":
        assert tally.gated_counts["no_bid"] > 0
        assert np.median(tally.errors_mark_volpt) <= 0.5


def test_parity_agrees_with_the_venue(shared_data: Path) -> None:
    """Calls and puts of a chain name the venue's forward within a fraction of their spreads."""
    off_bps = []
    for chain in read(shared_data, SAMPLE):
        for expiry_ns, found in expiry_forwards(chain, "parity").items():
            if isinstance(found, Failure):
                assert found.reason == "too_few_quotes"
                continue
            assert found.source == "parity"
            venue = np.median(chain.forward_usd[chain.expiry_ns == expiry_ns])
            off_bps.append(1e4 * abs(found.forward_usd / float(venue) - 1.0))
    assert len(off_bps) > 50
    assert np.median(off_bps) <= 3.0
    assert max(off_bps) <= 20.0


def test_listed_futures_are_the_venue_s_forwards(shared_data: Path) -> None:
    """Where a future is listed the venue prices its options on that very future."""
    chains = read_columns(
        shared_data / "deribit_options_2026",
        start_ns=parse_ns(SAMPLE[1][0]),
        end_ns=parse_ns(SAMPLE[1][1]),
        underlyings=("BTC", "ETH"),
        with_futures=True,
    )
    sources = set()
    for chain in chains:
        assert chain.futures_usd
        for expiry_ns, found in expiry_forwards(chain, "future").items():
            assert not isinstance(found, Failure)
            sources.add(found.source)
            assert (found.source == "future") == (expiry_ns in chain.futures_usd)
            venue = float(np.median(chain.forward_usd[chain.expiry_ns == expiry_ns]))
            assert found.forward_usd == pytest.approx(venue, rel=2e-3)
    assert sources == {"venue", "future"}

from decimal import Decimal

import pytest

from hedgerow.market import OptionQuote
from hedgerow.simulation.smile import atm_vol_frac, chain, option_name
from hedgerow.units import DAY_NS, HOUR_NS, parse_ns

NOW = parse_ns("2026-03-16T00:00:00Z")
EXPIRY = parse_ns("2026-03-27T08:00:00Z")


def quoted(vol: float, expiry_ns: int = EXPIRY, now_ns: int = NOW) -> dict[str, OptionQuote]:
    quotes = chain(
        coin="BTC",
        time_ns=now_ns,
        spot_usd=88_000.0,
        vol_frac=vol,
        expiries_ns=(expiry_ns,),
        strikes_usd=(60_000, 88_000, 120_000),
    )
    return {quote.instrument_id: quote for quote in quotes}


def test_names_are_the_venues() -> None:
    assert option_name("BTC", EXPIRY, 80_000, "P") == "BTC-27MAR26-80000-P"
    assert option_name("BTC", parse_ns("2026-03-06T08:00:00Z"), 5, "C") == "BTC-6MAR26-5-C"


def test_vol_decays_towards_its_mean_with_the_tenor() -> None:
    assert atm_vol_frac(1.2, 0.0) == 1.2
    assert 1.2 > atm_vol_frac(1.2, 0.01) > atm_vol_frac(1.2, 0.1) > atm_vol_frac(1.2, 1.0) > 0.45
    assert atm_vol_frac(0.45, 0.1) == pytest.approx(0.45)


def test_puts_and_calls_of_a_strike_share_a_vol_and_obey_parity() -> None:
    quotes = quoted(0.6)
    assert len(quotes) == 6
    for strike in (60_000, 88_000, 120_000):
        call, put = (quotes[f"BTC-27MAR26-{strike}-{right}"] for right in "CP")
        assert call.vol_mark_frac == put.vol_mark_frac
        assert call.price_mark_ccy is not None
        assert put.price_mark_ccy is not None
        forward = float(call.price_underlying_usd)
        parity = 1.0 - strike / forward
        assert float(call.price_mark_ccy - put.price_mark_ccy) == pytest.approx(parity, abs=1.1e-4)


def test_the_smile_curves_and_tilts_to_puts_under_stress() -> None:
    calm, wild = quoted(0.45), quoted(1.2)
    names = [f"BTC-27MAR26-{strike}-P" for strike in (60_000, 88_000, 120_000)]
    low, mid, high = (calm[name].vol_mark_frac for name in names)
    assert min(low, high) > mid
    assert low > high
    tilt = (wild[names[0]].vol_mark_frac - wild[names[2]].vol_mark_frac) / wild[
        names[1]
    ].vol_mark_frac
    assert tilt > 0


def test_prices_are_on_their_ticks_and_expired_series_are_gone() -> None:
    for quote in quoted(0.6).values():
        assert quote.price_mark_ccy is not None
        assert quote.price_mark_ccy % Decimal("0.0001") == 0
        assert quote.price_underlying_usd % Decimal("0.01") == 0
        assert round(quote.vol_mark_frac, 4) == quote.vol_mark_frac
    assert quoted(0.6, EXPIRY, EXPIRY) == {}
    assert len(quoted(0.6, EXPIRY, EXPIRY - HOUR_NS)) == 6
    assert len(quoted(3.0, EXPIRY + 400 * DAY_NS)) == 6

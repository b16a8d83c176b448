"""Every engine with accounts to try it on: one row each, for the tests that hold for all of them.

A new engine adds an `EngineCase` to `CASES`; `test_engines.py` does the rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import msgspec
from hypothesis import strategies as st

from hedgerow.instruments import Instrument
from hedgerow.margin import Rulebook, decode_rulebook
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account, Balance
from tests.builders import (
    EXPIRY_NS,
    Positions,
    account,
    by_id,
    debt,
    index,
    inverse,
    inverse_future,
    lending,
    lending_rulebook,
    option,
    option_quote,
    oracle,
    packaged,
    perpetual,
    quote,
    resting,
    scan_rulebook,
    snapshot,
    supply,
    tiered_rulebook,
)
from tests.rooms.margin.made_brackets import (
    brackets,
    closing_rulebook,
    coin_rulebook,
    discount,
    multi_rulebook,
    okx_portfolio_rulebook,
    risk_unit,
)

D = Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCase:
    """One engine: a rulebook, accounts drawn for it, and a market that answers for all they hold.

    `fixed_ccy` is what the venue asks of any account, however small; `slack_ccy` how far its own
    rounding may move a requirement. Positions of one instrument are drawn of one sign.
    """

    name: str
    rulebook: Rulebook
    build_account: Callable[[st.DrawFn], Account]
    instruments: Mapping[str, Instrument]
    snapshot: Snapshot
    # Decimals cannot be changed: a default may be shared.
    fixed_ccy: Decimal = Decimal(0)
    slack_ccy: Decimal = Decimal("1e-9")


def sizes(most: int, *, places: int = 3) -> st.SearchStrategy[Decimal]:
    """Quantities of either sign, not zero, with so many decimals at most."""
    return st.decimals(-most, most, places=places, allow_nan=False).filter(bool)


def _tiered(draw: st.DrawFn) -> Account:
    held: Positions = {"BTC-PERP": (draw(sizes(50)), 1100), "ETH-PERP": (draw(sizes(500)), 90)}
    orders = tuple(resting("BTC-PERP", draw(sizes(9)), 1010) for _ in range(draw(_FEW)))
    return account(positions=held, balances={"USDC": draw(_CASH)}, orders=orders)


def _scan(draw: st.DrawFn) -> Account:
    held: Positions = {
        "BTC-PERPETUAL": (draw(sizes(100_000, places=0)), 79_000),
        "BTC-80000-call": draw(sizes(10)),
        "BTC-70000-put": draw(sizes(10)),
    }
    orders = tuple(resting("BTC-80000-call", draw(sizes(5)), "0.05") for _ in range(draw(_FEW)))
    return account(currency="BTC", positions=held, balances={"BTC": 50}, orders=orders)


def _lending(draw: st.DrawFn) -> Account:
    much = st.integers(1, 10**9)  # totals beyond 28 digits are refused
    held = {"supply:WETH": draw(much), "debt:USDC": -draw(st.integers(1, 10**12))}
    return account(currency="USD", positions=held)


def _hyperliquid(draw: st.DrawFn) -> Account:
    """Notionals on both sides of the tier at 20 million."""
    held: Positions = {"HYPE-PERP": (draw(sizes(10**6)), 41), "ETH-PERP": (draw(sizes(500)), 90)}
    orders = tuple(resting("HYPE-PERP", draw(sizes(10**5)), 40) for _ in range(draw(_FEW)))
    return account(positions=held, balances={"USDC": draw(_CASH)}, orders=orders)


def _hyperliquid_portfolio(draw: st.DrawFn) -> Account:
    held = msgspec.structs.replace(_hyperliquid(draw), orders=())
    lent = {"USDC": draw(st.integers(-1000, 1000)), "HYPE": draw(st.integers(0, 10_000))}
    rows = (Balance(asset=asset, quantity_coin=D(much)) for asset, much in lent.items())
    return msgspec.structs.replace(held, balances=tuple(rows))


def _coin(draw: st.DrawFn) -> Account:
    held: Positions = {
        "BTC-PERPETUAL": (draw(sizes(10**6, places=0)), 79_000),
        "BTC-DATED": (draw(sizes(10**6, places=0)), 81_000),
    }
    orders = tuple(resting("BTC-DATED", draw(sizes(10**5)), 82_000) for _ in range(draw(_FEW)))
    return account(currency="BTC", positions=held, balances={"BTC": draw(_CASH)}, orders=orders)


def _closing(draw: st.DrawFn) -> Account:
    held: Positions = {"BTC-PERP": (draw(sizes(100)), 1100), "ETH-PERP": (draw(sizes(500)), 90)}
    return account(positions=held, balances={"USDC": draw(_CASH)})


def _multi(draw: st.DrawFn) -> Account:
    held: Positions = {"BTC-PERP": (draw(sizes(100)), 1000), "ETH-PERP": (draw(sizes(500)), 100)}
    return account(positions=held, balances={"BTC": draw(st.integers(0, 1))})


def _okx_portfolio(draw: st.DrawFn) -> Account:
    """Hedges of coins and dollars against each other, losses beyond a balance, least charges."""
    held: Positions = {
        "BTC-PERP": (draw(sizes(500)), 1000),
        "BTC-PERPETUAL": (draw(sizes(10**6, places=0)), 990),
        "BTC-DATED": (draw(sizes(10**6, places=0)), 1020),
        "BTC-TETHER": (draw(sizes(500)), 1000),
        "ETH-PERP": (draw(sizes(500)), 100),
    }
    balances = {"BTC": draw(st.integers(0, 400)), "USDC": draw(_CASH)}
    return account(currency="USD", positions=held, balances=balances)


def _unified(draw: st.DrawFn) -> Account:
    held: Positions = {
        "BTC-PERP": (draw(sizes(1)), 79_000),
        "BTC-PERPETUAL": (draw(sizes(1000)), 79_000),
        "BTC-80000-call-USDC": draw(sizes(5)),
    }
    orders = tuple(resting("BTC-PERP", draw(sizes(1)), 80_000) for _ in range(draw(_FEW)))
    return account(positions=held, balances={"BTC": 1, "USDC": draw(_CASH)}, orders=orders)


def read(name: str) -> Rulebook:
    """A packaged rulebook."""
    return decode_rulebook(packaged(name), where=name)


_CASH, _FEW = st.integers(0, 10**6), st.integers(0, 3)
_HYPE = perpetual("HYPE")
_BTC, _ETH = perpetual("BTC"), perpetual("ETH")
_CALL, _PUT = option(80_000, "call"), option(70_000, "put")
_USDC_CALL = option(80_000, "call", settlement="USDC")
_DATED = inverse_future("BTC-DATED", EXPIRY_NS)
_TETHER = perpetual(instrument_id="BTC-TETHER", settlement="USDT")
_ROWS = brackets((0, "0.01", "0.02"), (5000, "0.02", "0.05"), (50_000, "0.05", "0.1"))
_IN_COIN = brackets((0, "0.004", "0.008"), (5, "0.005", "0.01"), (10, "0.01", "0.02"))
_LENT = {"WETH": 2_000, "USDC": 1}

CASES: list[EngineCase] = [
    EngineCase(
        name="binance USD-M",
        rulebook=tiered_rulebook([(0, "0.01"), (10_000, "0.02"), (30_000, "0.05")], ("BTC", "ETH")),
        build_account=_tiered,
        instruments=by_id(_BTC, _ETH),
        snapshot=snapshot(quote("BTC-PERP", 1000), quote("ETH-PERP", 100)),
    ),
    EngineCase(
        name="deribit portfolio margin",
        rulebook=scan_rulebook(),
        build_account=_scan,
        instruments=by_id(inverse(), _CALL, _PUT),
        snapshot=snapshot(
            index("BTC", 80_000),
            quote("BTC-PERPETUAL", 80_000),
            option_quote(_CALL, 80_500, 0.5),
            option_quote(_PUT, 80_500, 0.6),
        ),
        slack_ccy=D("1e-8"),
    ),
    EngineCase(
        name="aave",
        rulebook=lending_rulebook(WETH=8250, USDC=8500),
        build_account=_lending,
        instruments=by_id(supply("WETH"), debt("USDC")),
        snapshot=snapshot(
            *(oracle(asset, price) for asset, price in _LENT.items()),
            *(lending(asset) for asset in _LENT),
        ),
        slack_ccy=D("1e-4"),
    ),
    EngineCase(
        name="binance COIN-M",
        rulebook=coin_rulebook(BTC=_IN_COIN),
        build_account=_coin,
        instruments=by_id(inverse(), _DATED),
        snapshot=snapshot(quote("BTC-PERPETUAL", 80_000), quote("BTC-DATED", 80_500)),
        slack_ccy=D("1e-7"),
    ),
    EngineCase(
        name="gate and OKX, one currency",
        rulebook=closing_rulebook("0.0006", {"BTC/USDC": _ROWS, "ETH/USDC": _ROWS}),
        build_account=_closing,
        instruments=by_id(_BTC, _ETH),
        snapshot=snapshot(quote("BTC-PERP", 1000), quote("ETH-PERP", 100)),
    ),
    EngineCase(
        name="OKX multi-currency",
        rulebook=multi_rulebook(
            {"BTC/USDC": _ROWS, "ETH/USDC": _ROWS},
            "0.0006",
            BTC=discount((0, "0.98")),
            USDC=discount((0, 1), (10, "0.9")),
        ),
        build_account=_multi,
        instruments=by_id(_BTC, _ETH),
        snapshot=snapshot(quote("BTC-PERP", 1001), quote("ETH-PERP", 101), index("BTC", 1000)),
    ),
    EngineCase(
        name="OKX portfolio margin",
        rulebook=okx_portfolio_rulebook(
            {
                "BTC": risk_unit("0.04", "0.08", "0.12", extreme="0.25"),
                "ETH": risk_unit("0.1", "0.2", extreme="0.36"),
            }
        ),
        build_account=_okx_portfolio,
        instruments=by_id(_BTC, _ETH, inverse(), _DATED, _TETHER),
        snapshot=snapshot(
            index("BTC", 1000),
            index("ETH", 100),
            index("USDT", "0.999"),
            quote("BTC-PERP", 1001),
            quote("BTC-PERPETUAL", 1002),
            quote("BTC-DATED", 1010),
            quote("BTC-TETHER", 1003),
            quote("ETH-PERP", 101),
        ),
        # A step of each of six lines and a step of a coin at its price; the least charge by four.
        slack_ccy=D("1e-7"),
    ),
    EngineCase(
        name="bybit unified",
        rulebook=msgspec.structs.replace(
            read("bybit/2026-11-20"), brackets={"BTC/USDC": _ROWS, "BTC/BTC": _IN_COIN}
        ),
        build_account=_unified,
        instruments=by_id(_BTC, inverse(), _USDC_CALL),
        snapshot=snapshot(
            index("BTC", 80_000),
            quote("BTC-PERP", 80_000),
            quote("BTC-PERPETUAL", 80_000),
            option_quote(_USDC_CALL, 80_500, 0.5),
        ),
        slack_ccy=D("1e-6"),  # a step of a coin, in dollars
    ),
    EngineCase(
        name="hyperliquid cross",
        rulebook=read("hyperliquid/2026-08-22"),
        build_account=_hyperliquid,
        instruments=by_id(_HYPE, _ETH),
        snapshot=snapshot(quote("HYPE-PERP", 40), quote("ETH-PERP", 100)),
    ),
    EngineCase(
        name="hyperliquid portfolio margin",
        rulebook=read("hyperliquid-portfolio/2026-08-22"),
        build_account=_hyperliquid_portfolio,
        instruments=by_id(_HYPE, _ETH),
        snapshot=snapshot(quote("HYPE-PERP", 40), quote("ETH-PERP", 100), index("HYPE", 40)),
        fixed_ccy=D(20),
    ),
]

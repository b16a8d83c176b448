"""What a desk file may not say, and how it is told."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.app.desk import load_desk
from hedgerow.errors import DeskRejected
from hedgerow.limits import METRICS
from tests.builders import resting
from tests.rooms.app.edit import EXAMPLE, GONE, changed, example, mistakes, written

ACCOUNTS = "there are: deribit-btc, deribit-eth, perp, aave-loan, treasury"
PUT = "accounts.[0: deribit-btc].positions.[0]"


def test_the_example_loads_and_says_what_it_says(tmp_path: Path) -> None:
    desk = load_desk(EXAMPLE)
    again = load_desk(written(tmp_path, example()))
    assert desk.mode == again.mode == "auto"
    assert desk.accounts == again.accounts
    assert desk.hedges == again.hedges
    assert desk.digest != again.digest, "the digest is of the bytes, not of what they mean"
    first = desk.accounts[0]
    assert first.positions[0].quantity_contracts == Decimal(-20)
    assert first.balances[0].quantity_coin == Decimal(12)


def test_orders_rest_from_the_start(tmp_path: Path) -> None:
    order = {
        "instrument": "BTC-27FEB26-90000-C",
        "quantity_contracts": "-1.5",
        "price_ccy": "0.0125",
        "reduce_only": True,
    }
    desk = load_desk(written(tmp_path, changed(example(), "accounts.0.orders", [order])))
    assert desk.accounts[0].orders == (
        resting("BTC-27FEB26-90000-C", "-1.5", "0.0125", is_reduce_only=True),
    )
    assert "BTC-27FEB26-90000-C" in desk.instruments


def test_a_digit_of_a_number_is_never_lost(tmp_path: Path) -> None:
    exact = Decimal("12.345678901234567")
    desk = load_desk(written(tmp_path, changed(example(), "accounts.0.balances.BTC", exact)))
    assert desk.accounts[0].balances[0].quantity_coin == exact


# Where, what is written there, and the whole line that tells it.
ONE_MISTAKE = [
    # keys
    ("desk.mod", "auto", "desk.mod: unknown key; did you mean 'mode'?"),
    ("limit", [], "limit: unknown key; did you mean 'limits'?"),
    ("limits.0.sofd", 1, "limits.[0].sofd: unknown key; did you mean 'soft'?"),
    (
        "accounts.0.rulbook",
        "x",
        "accounts.[0: deribit-btc].rulbook: unknown key; did you mean 'rulebook'?",
    ),
    (
        "instruments.0.tick_us",
        1,
        "instruments.[0: BTCUSDT-PERP].tick_us: unknown key; did you mean 'tick_usd'?",
    ),
    (
        "assumptions.oracle.ETH.heart_beat",
        "1h",
        "assumptions.oracle.ETH.heart_beat: unknown key; did you mean 'heartbeat'?",
    ),
    ("wholly_unlike", 1, "wholly_unlike: unknown key"),
    ("mode", "auto", "mode: unknown key; it belongs under [desk]"),
    ("budget.trigger_use", "0.8", "budget.trigger_use: unknown key; it belongs under [[buffers]]"),
    (
        "desk.price_entry_ccy",
        "1",
        "desk.price_entry_ccy: unknown key; it belongs under [[accounts.positions]]",
    ),
    (
        "desk.heartbeat",
        "1h",
        "desk.heartbeat: unknown key; it belongs under [assumptions.oracle.NAME] or "
        "[assumptions.staking.NAME]",
    ),
    # Another kind of instrument has an expiry, and this one stands in the right table.
    (
        "instruments.0.expiry",
        "2026-03-27T08:00:00Z",
        "instruments.[0: BTCUSDT-PERP].expiry: unknown key; only other kinds of it have one",
    ),
    ("budget", GONE, "budget: missing; mode auto acts only inside one"),
    ("desk.step", GONE, "desk.step: missing"),
    ("accounts.1.venue", GONE, "accounts.[1: deribit-eth].venue: missing"),
    # numbers
    (
        "assumptions.option_spread.half_spread_vol",
        Decimal("-0.01"),
        "assumptions.option_spread.half_spread_vol: must be above 0, was -0.01",
    ),
    (
        "assumptions.depth.vol_reference",
        Decimal("-0.5"),
        "assumptions.depth.vol_reference: must be above 0, was -0.5",
    ),
    (
        "assumptions.depth.vol_reference",
        float("nan"),
        "assumptions.depth.vol_reference: must be finite, was NaN",
    ),
    (
        "limits.0.hard",
        float("inf"),
        "limits.[0].hard: must be finite, was Infinity",
    ),
    (
        "accounts.0.positions.0.quantity_contracts",
        float("nan"),
        f"{PUT}.quantity_contracts: must be finite, was NaN",
    ),
    (
        "accounts.0.positions.0.quantity_contracts",
        "NaN",
        f"{PUT}.quantity_contracts: must be finite, was NaN",
    ),
    (
        "accounts.0.balances.BTC",
        -1,
        "accounts.[0: deribit-btc].balances.BTC: must be at least 0, was -1",
    ),
    (
        "accounts.0.balances.BTC",
        True,
        "accounts.[0: deribit-btc].balances.BTC: write a number, was True",
    ),
    (
        "accounts.0.balances.BTC",
        "a dozen",
        "accounts.[0: deribit-btc].balances.BTC: must be a number, was a dozen",
    ),
    ("budget.price_collar", 1, "budget.price_collar: must be below 1, was 1"),
    # words
    (
        "desk.mode",
        "automatic",
        "desk.mode: must be 'observe', 'propose' or 'auto', was automatic",
    ),
    ("desk.step", 15, "desk.step: write a duration such as 90s, 15m, 13h or 2d, was 15"),
    ("desk.step", "0m", "desk.step: must be at least 1s, was 0m"),
    (
        "desk.warmup",
        "99999d",
        "desk.warmup: a duration of more than ten years cannot be meant, was 99999d",
    ),
    (
        "desk.start",
        datetime(2026, 1, 29, tzinfo=UTC),
        "desk.start: write a time in quotes, such as 2026-01-29T00:00:00Z, "
        "was 2026-01-29 00:00:00+00:00",
    ),
    (
        "desk.start",
        "04.02.2026",
        "desk.start: write a time such as 2026-01-29T00:00:00Z, was 04.02.2026",
    ),
    (
        "desk.start",
        "1971-01-01",
        "desk.start: write a time between the years 2000 and 2200, was 1971-01-01",
    ),
    (
        "desk.end",
        "2026-01-29T00:00:00Z",
        "desk.end: must lie after desk.start 2026-01-29T00:00:00Z, was 2026-01-29T00:00:00Z",
    ),
    # references
    (
        "accounts.0.rulebook",
        "deribit/2027",
        "accounts.[0: deribit-btc].rulebook: unknown rulebook 'deribit/2027'; deribit has "
        "2024-06-17, 2026-02-15; 'deribit' alone is that of the day",
    ),
    (
        "accounts.0.positions.0.instrument",
        "BTC-26DEC25-80000-P",
        f"{PUT}.instrument: BTC-26DEC25-80000-P expired 2025-12-26T08:00:00Z, not after the "
        "desk's start 2026-01-29T00:00:00Z",
    ),
    (
        "accounts.0.positions.0.instrument",
        "BTC-31FEB26-80000-P",
        f"{PUT}.instrument: 'BTC-31FEB26-80000-P' is not under [[instruments]], and as a name: "
        "BTC-31FEB26-80000-P: there is no such day: day is out of range for month",
    ),
    (
        "accounts.0.positions.0.instrument",
        "WIF-27FEB26-1-P",
        f"{PUT}.instrument: 'WIF-27FEB26-1-P' is not under [[instruments]], and as a name: "
        "WIF-27FEB26-1-P: no contract terms for WIF settled in WIF; known are BTC in BTC, ETH in "
        "ETH, BTC in USDC, ETH in USDC, SOL in USDC, XRP in USDC",
    ),
    (
        "accounts.0.positions.1",
        {"instrument": "BTC-27FEB26-80000-P", "quantity_contracts": 1},
        "accounts.[0: deribit-btc].positions: 2 entries with the instrument "
        "'BTC-27FEB26-80000-P'; it must be there once",
    ),
    (
        "accounts.0.positions.1",
        {"instrument": "BTC-27FEB26", "quantity_contracts": 1},
        "accounts.[0: deribit-btc].positions.[1].price_entry_ccy: missing; a future is marked "
        "against its entry price",
    ),
    (
        "accounts.2.positions.0.price_entry_ccy",
        GONE,
        "accounts.[2: perp].positions.[0].price_entry_ccy: missing; a future is marked against "
        "its entry price",
    ),
    (
        "accounts.2.orders",
        [{"instrument": "BTCUSDT-PREP", "quantity_contracts": 1, "price_ccy": 1}],
        "accounts.[2: perp].orders.[0].instrument: 'BTCUSDT-PREP' is not under [[instruments]], "
        "and as a name: instrument name must be a dated future such as BTC-27FEB26, "
        "was 'BTCUSDT-PREP'; did you mean 'BTCUSDT-PERP'?",
    ),
    (
        "accounts.2.orders",
        [{"instrument": "BTCUSDT-PERP", "quantity_contracts": 1}],
        "accounts.[2: perp].orders.[0].price_ccy: missing",
    ),
    (
        "accounts.2.orders",
        [{"instrument": "BTCUSDT-PERP", "quantity_contracts": 0, "price_ccy": 1}],
        "BTCUSDT-PERP: the quantity of an order must be finite and not zero, was 0",
    ),
    (
        "accounts.5",
        {"id": "treasury", "venue": "wallet", "currency": "USDC"},
        "accounts: 2 entries with the id 'treasury'; it must be there once",
    ),
    ("hedges.0.account", "prep", f"hedges.[0].account: no account 'prep'; {ACCOUNTS}"),
    (
        "hedges.0.account",
        "deribit-btc",
        "hedges.[0].account: deribit-btc must trade perpetuals, its rulebook was "
        "deribit/2026-02-15",
    ),
    (
        "hedges.0.account",
        "treasury",
        "hedges.[0].account: treasury must trade perpetuals, its rulebook was none",
    ),
    (
        "hedges.0.instrument",
        "SOLUSDT-PERP",
        "hedges.[0].instrument: no linear perpetual 'SOLUSDT-PERP' under [[instruments]]",
    ),
    (
        "hedges.0.instrument",
        "aave-debt-USDC",
        "hedges.[0].instrument: no linear perpetual 'aave-debt-USDC' under [[instruments]]",
    ),
    (
        "hedges.0.instrument",
        "ETHUSDT-PERP",
        "hedges.[0].instrument: must be on BTC, was ETHUSDT-PERP on ETH",
    ),
    ("buffers.0.account", "nobody", f"buffers.[0].account: no account 'nobody'; {ACCOUNTS}"),
    (
        "buffers.0.account",
        "treasury",
        "buffers.[0].account: treasury has no rulebook, hence no buffer",
    ),
    (
        "buffers.0.target_use",
        "0.70",
        "buffers.[0].target_use: must lie below trigger_use 0.70, was 0.70",
    ),
    (
        "buffers.0.target_use",
        "0.8",
        "buffers.[0].target_use: must lie below trigger_use 0.70, was 0.8",
    ),
    ("routes.0.source", "bank", f"routes.[0].source: no account 'bank'; {ACCOUNTS}"),
    ("routes.0.target", "bank", f"routes.[0].target: no account 'bank'; {ACCOUNTS}"),
    (
        "routes.0.target",
        "treasury",
        "routes.[0].target: must be another account than the source, was treasury",
    ),
    (
        "movers.BTC",
        "BTC-PERPETUAL",
        "movers.BTC: no linear perpetual 'BTC-PERPETUAL' under [[instruments]]",
    ),
    (
        "limits.0.scope",
        "coin/BCT",
        "limits.[0].scope: 'coin/BCT' names no node; there are: desk, coin/BTC, coin/ETH, "
        "coin/USDC, coin/wstETH, desk/deribit, desk/deribit/deribit-btc, "
        "desk/deribit/deribit-eth, desk/binance, desk/binance/perp, desk/aave, "
        "desk/aave/aave-loan, desk/wallet, desk/wallet/treasury",
    ),
    (
        "limits.2.scope",
        "desk/kraken/*",
        "limits.[2].scope: 'desk/kraken/*' names no node; there are: desk/deribit/deribit-btc, "
        "desk/deribit/deribit-eth, desk/binance/perp, desk/aave/aave-loan",
    ),
    (
        "limits.2.scope",
        "desk",
        "limits.[2].scope: 'desk' names no node; there are: desk/deribit/deribit-btc, "
        "desk/deribit/deribit-eth, desk/binance/perp, desk/aave/aave-loan",
    ),
    (
        "limits.0.soft",
        500_000,
        "limits.[0].soft: must lie below hard 400000, to warn before it, was 500000",
    ),
    (
        "limits.3.soft",
        Decimal("0.05"),
        "limits.[3].soft: must lie above hard 0.07, to warn before it, was 0.05",
    ),
    (
        "hedges.0.slippage_limit",
        Decimal("0.03"),
        "hedges.[0].slippage_limit: must not exceed budget.price_collar 0.02, was 0.03",
    ),
    ("desk.step", "0.5s", "desk.step: must be at least 1s, was 0.5s"),
    (
        "accounts.4.venue",
        "transit",
        "accounts.[4: treasury].venue: 'transit' is kept for what is on its way between accounts",
    ),
    (
        "accounts.0.balances.ETH",
        "5",
        "accounts.[0: deribit-btc].balances.ETH: does not count under deribit/2026-02-15; hold it "
        "in an account of that coin, or in one without a rulebook",
    ),
    (
        "accounts.2.balances.BTC",
        "5",
        "accounts.[2: perp].balances.BTC: does not count under binance/2021-11-01; hold it in an "
        "account of that coin, or in one without a rulebook",
    ),
    (
        "accounts.3.balances",
        {"USDC": "5"},
        "accounts.[3: aave-loan].balances.USDC: does not count under aave/2023-06-20; supply it as "
        "a position, or hold it in an account without a rulebook",
    ),
    (
        "accounts.2.currency",
        "USDT",
        "accounts.[2: perp].currency: binance/2021-11-01 settles in USDC, was USDT",
    ),
    (
        "routes.0.asset",
        "USDC",
        "routes.[0].asset: only BTC counts under deribit/2026-02-15, was USDC",
    ),
    ("routes.0.use", "repay", "routes.[0].use: must be balance for deribit-btc, was repay"),
    (
        "routes.2.use",
        "balance",
        "routes.[2].use: must be supply or repay for aave-loan, was balance",
    ),
    # what no part knows by itself
    (
        "assumptions.depth.level_step_bps",
        400,
        "depth model: the last bid would lie 12000.5 bps below the mark",
    ),
]


@pytest.mark.parametrize(
    ("where", "value", "told"), ONE_MISTAKE, ids=[f"{w}={v!r:.30}" for w, v, _ in ONE_MISTAKE]
)
def test_one_mistake_is_told_once_with_its_place(
    tmp_path: Path, where: str, value: object, told: str
) -> None:
    assert mistakes(tmp_path, changed(example(), where, value)) == [told]


def test_a_hedge_needs_a_rulebook_that_says_what_an_order_costs(tmp_path: Path) -> None:
    raw = changed(example(), "accounts.2.rulebook", "hyperliquid/2026-08-22")
    changed(raw, "accounts.2.venue", "hyperliquid")
    told = mistakes(tmp_path, raw)
    assert told == [
        f"hedges.[{at}].account: hyperliquid/2026-08-22 does not say what an order of perp costs; "
        "write fee_taker_frac into a copy of the rulebook, at VENUE/DAY.toml in the folder that "
        "rulebooks in [desk] names"
        for at in range(len(raw["hedges"]))
    ]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Mistakes of shape hide no loose end, and the other way round."""
    raw = example()
    made: dict[str, Any] = {
        "desk.mod": "auto",
        "limits.0.soft": float("nan"),
        "assumptions.option_spread.half_spread_vol": -1,
        "accounts.0.rulebook": "deribit/2027",
        "accounts.1.positions.0.instrument": "ETH-26DEC25-2500-P",
        "routes.4.target": "bank",
        "buffers.2.target_use": "0.9",
        "limits.3.hard": 1,
    }
    for where, value in made.items():
        changed(raw, where, value)
    told = mistakes(tmp_path, raw)
    assert len(told) == len(made)
    assert {line.split(": ")[0].split(".")[0] for line in told} == {
        *("desk", "limits", "assumptions", "accounts", "routes", "buffers")
    }


def test_what_a_terminal_would_obey_is_escaped(tmp_path: Path) -> None:
    told = mistakes(tmp_path, changed(example(), "desk.\x1b[2J", "a\nb"))
    assert told == [r"desk.\x1b[2J: unknown key"]
    told = mistakes(tmp_path, changed(example(), "hedges.0.account", "a\nb\u202e"))
    assert told[0].startswith(r"hedges.[0].account: may hold letters, digits and")
    assert told[0].endswith(r"was a\nb\u202e")


def test_a_number_of_thousands_of_digits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    text = EXAMPLE.read_text(encoding="utf-8")
    path.write_text(text.replace("soft = 100000", "soft = 0x" + "f" * 5_000), encoding="utf-8")
    with pytest.raises(DeskRejected, match="was a number of thousands of digits"):
        load_desk(path)


@pytest.mark.parametrize("metric", METRICS)
def test_whatever_can_be_limited_has_its_word_in_the_desk_file(tmp_path: Path, metric: str) -> None:
    raw = example()
    soft, hard = (0.2, 0.1) if METRICS[metric].side == "floor" else (0.1, 0.2)
    scope = "venue/*" if METRICS[metric].nodes == "name" else "desk/*/*"
    raw["limits"] = [{"scope": scope, "metric": metric, "soft": soft, "hard": hard}]
    (limit,) = load_desk(written(tmp_path, raw)).limits
    assert (limit.metric, limit.soft_frac_usd_or_coin, limit.hard_frac_usd_or_coin) == (
        metric, soft, hard,
    )  # fmt: skip


def test_what_cannot_be_limited_is_told_with_what_can(tmp_path: Path) -> None:
    raw = example()
    raw["limits"] = [{"scope": "desk", "metric": "vomma", "soft": 1, "hard": 2}]
    *most, last = METRICS
    told = f"limits.[0].metric: must be {', '.join(most)} or {last}, was vomma"
    assert mistakes(tmp_path, raw) == [told]


def test_a_desk_needs_an_account(tmp_path: Path) -> None:
    raw = example()
    for key in ("accounts", "hedges", "buffers", "routes", "limits"):
        raw[key] = []
    told = "accounts: must have at least 1 entry, was []"
    assert mistakes(tmp_path, raw) == [told]


def test_an_empty_file_lacks_what_every_desk_needs(tmp_path: Path) -> None:
    assert mistakes(tmp_path, {}) == [
        "desk: missing; it needs name, step, start, end",
        "accounts: missing; it needs id, venue, currency",
    ]


def test_one_instrument_comes_from_one_recording(tmp_path: Path) -> None:
    raw = changed(example(), "recording.spot", "a")
    changed(raw, "recording.spot_windows", "b")
    changed(raw, "recording.books", "c")
    changed(raw, "recording.books_raw", "d")
    assert mistakes(tmp_path, raw) == [
        "recording.spot_windows: choose it or spot; both carry the same instruments",
        "recording.books_raw: choose it or books; both carry the same instruments",
    ]


def test_the_kind_of_an_instrument_is_one_of_those_there_are(tmp_path: Path) -> None:
    kinds = (
        "concentrated, constant_product, linear_perpetual, loan_debt, loan_supply, "
        "power_perpetual, quanto_future, quanto_perpetual or vault_share"
    )
    raw = changed(example(), "instruments.3.kind", "perp")
    place = "instruments.[3: aave-debt-USDC].kind"
    assert mistakes(tmp_path, raw) == [f"{place}: must be {kinds}, was perp"]
    raw = changed(example(), "instruments.3.kind", GONE)
    assert mistakes(tmp_path, raw) == [f"{place}: missing; must be {kinds}"]

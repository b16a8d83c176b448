"""Identities of exposures, distances, hedges and transfers, on random desks."""

from decimal import Decimal
from math import fsum

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.collateral import BufferPolicy, Route
from hedgerow.collateral import plan as plan_transfers
from hedgerow.errors import Failure
from hedgerow.exposure import aggregate
from hedgerow.hedging import plan as plan_trades
from hedgerow.limits import survey
from hedgerow.margin import MarginReport, Rulebook, require
from hedgerow.market import MarketEvent, Shock
from hedgerow.planning import Transfer
from hedgerow.planning.project import projected
from hedgerow.portfolio import Account, book
from hedgerow.pricing import value
from hedgerow.solvency import Distance, distance
from hedgerow.units import DAY_NS
from tests.builders import (
    T0_NS,
    account,
    by_id,
    hedge_policy,
    index,
    inverse,
    ladder,
    option,
    option_quote,
    perpetual,
    quote,
    scan_rulebook,
    snapshot,
    tiered_rulebook,
)
from tests.draws import draws

D = Decimal
CALL = option(65000, "call", expiry_ns=T0_NS + 30 * DAY_NS)
PUT = option(55000, "put", expiry_ns=T0_NS + 30 * DAY_NS)
TERMS = by_id(perpetual(), inverse(), CALL, PUT)
MARKET: tuple[MarketEvent, ...] = (
    index("BTC", 60000),
    quote("BTC-PERP", 60030),
    quote("BTC-PERPETUAL", 60010),
    option_quote(CALL, 60400, 0.6),
    option_quote(PUT, 60400, 0.65),
    ladder("BTC-PERP", 60030, half_spread=3, size=10_000),
)
NOW = snapshot(*MARKET)
SIZES = st.integers(-5000, 5000).map(lambda n: D(n) / 100)
AMOUNTS = st.integers(0, 10**9).map(lambda n: D(n) / 100)


@st.composite
def desks(draw: st.DrawFn) -> tuple[Account, ...]:
    """Two accounts with random holdings of everything above."""
    entry = draw(st.integers(30_000, 90_000))
    return (
        account(
            "options",
            venue="deribit",
            currency="BTC",
            positions={
                CALL.instrument_id: draw(SIZES),
                PUT.instrument_id: draw(SIZES),
                "BTC-PERPETUAL": (draw(SIZES) * 1000, entry),
            },
            balances={"BTC": draw(SIZES)},
        ),
        account(
            "perp",
            venue="binance",
            positions={"BTC-PERP": (draw(SIZES), entry)},
            balances={"USDC": draw(AMOUNTS), "BTC": draw(SIZES)},
        ),
    )


@given(desks())
def test_totals_are_the_sum_of_their_leaves(accounts: tuple[Account, ...]) -> None:
    held = book(accounts, TERMS)
    rows = aggregate(held, value(held, NOW), NOW).rows
    leaves = [row for row in rows if row.node.count("/") == 4]
    for metric in ("value_usd", "gamma_usd_per_pct", "vega_usd_per_volpt", "theta_usd_per_day"):
        for row in rows:
            if row.node.startswith("desk") and row.node.count("/") < 4:
                below = [getattr(x, metric) for x in leaves if x.node.startswith(f"{row.node}/")]
                scale = fsum(map(abs, below))
                assert abs(getattr(row, metric) - fsum(below)) <= 1e-12 * scale


@given(desks(), st.floats(0.95, 1.05))
def test_exposures_explain_a_small_move(accounts: tuple[Account, ...], factor: float) -> None:
    """Profit of a move is delta · move + ½ gamma · move², to third order."""
    held = book(accounts, TERMS)
    here = aggregate(held, value(held, NOW), NOW).row("desk")
    moved = NOW.shocked(Shock(spot_factor_frac={"BTC": factor}))
    there = aggregate(held, value(held, moved), moved).row("desk")
    assert not isinstance(here, Failure)
    assert not isinstance(there, Failure)
    move_frac = factor - 1.0
    # gamma_usd_per_pct is Γ · S² / 100.
    explained = here.delta_spot_usd * move_frac + 50.0 * here.gamma_usd_per_pct * move_frac**2
    gross_coin = fsum(
        abs(float(p.quantity_contracts)) / (60_000 if p.instrument_id == "BTC-PERPETUAL" else 1)
        for one in accounts
        for p in one.positions
    )
    # Third order: under 60 S · m³.
    slack = gross_coin * 60_000 * 60 * abs(move_frac) ** 3 + 1e-6
    assert abs(there.value_usd - here.value_usd - explained) <= slack


@given(
    size=st.integers(-300, 300).filter(bool),
    entry=st.integers(40_000, 80_000),
    wallet=st.integers(0, 20_000_000),
    more=st.integers(1, 5_000_000),
)
def test_more_stable_collateral_never_brings_liquidation_closer(
    size: int, entry: int, wallet: int, more: int
) -> None:
    rules = tiered_rulebook([(0, "0.005"), (1_000_000, "0.01"), (5_000_000, "0.05")])

    def sides(balance: int) -> tuple[float, float]:
        held = account(positions={"BTC-PERP": (size, entry)}, balances={"USDC": balance})
        got = distance(held, TERMS, NOW, rules)
        assert isinstance(got, Distance)
        far_down = got.searched_down_frac if got.down_frac is None else got.down_frac
        return -far_down, got.searched_up_frac if got.up_frac is None else got.up_frac

    before, after = sides(wallet), sides(wallet + more)
    # Bisection stops within 1e-4 on the near side: equal distances may differ by that much.
    assert after[0] >= before[0] - 1e-4
    assert after[1] >= before[1] - 3e-4


@draws(40)
@given(
    calls=st.integers(-40, 0),
    puts=st.integers(-40, 0),
    perps=st.integers(-600_000, 600_000),
    coins=st.integers(1, 30),
)
def test_the_sign_of_headroom_changes_where_the_distance_says(
    calls: int, puts: int, perps: int, coins: int
) -> None:
    held = account(
        currency="BTC",
        positions={
            CALL.instrument_id: calls,
            PUT.instrument_id: puts,
            "BTC-PERPETUAL": (perps, 60_000),
        },
        balances={"BTC": coins},
    )
    rules = scan_rulebook()
    got = distance(held, TERMS, NOW, rules)
    assert isinstance(got, Distance)

    def headroom(move_frac: float) -> Decimal:
        report = require(
            held, TERMS, NOW.shocked(Shock(spot_factor_frac={"BTC": 1.0 + move_frac})), rules
        )
        assert isinstance(report, MarginReport)
        return report.headroom_ccy

    for move_frac in (got.down_frac, got.up_frac):
        if move_frac:
            beyond = move_frac + (1.5e-4 if move_frac > 0 else -1.5e-4) * (1.0 + move_frac)
            assert headroom(move_frac) >= 0
            assert headroom(beyond) < 0
    if got.down_frac == got.up_frac == 0.0:
        assert headroom(0.0) < 0


@given(desks(), st.floats(0.0, 5.0), st.floats(1e-9, 1e-3), st.sampled_from(["0.001", "0.1", "7"]))
def test_a_hedge_never_makes_the_delta_larger_nor_crosses_its_band(
    accounts: tuple[Account, ...], band: float, aversion: float, lot: str
) -> None:
    perp = perpetual(lot_contracts=D(lot))
    policy = hedge_policy(risk_aversion_per_usd=aversion, band_min_coin=band)
    state = survey(book(accounts, TERMS), NOW, {}, ())
    made = plan_trades([policy], state, [perp])
    assert made.unmet == ()
    for trade in made.trades:
        assert abs(trade.delta_after_coin) < abs(trade.delta_before_coin)
        assert abs(trade.delta_after_coin) >= trade.band_halfwidth_coin - 1e-9
        # A contract moves like its mark over spot, 1.0005 coins.
        lot_coin = 1.0005 * float(lot)
        assert abs(trade.delta_after_coin) < trade.band_halfwidth_coin + lot_coin + 1e-9
        assert trade.quantity_contracts % D(lot) == 0
        assert trade.cost_expected_usd > 0


@given(
    equities=st.lists(st.integers(-100, 400), min_size=2, max_size=4),
    treasury=AMOUNTS,
    fee=st.sampled_from(["0", "0.5", "3"]),
    step=st.sampled_from(["0.01", "1", "7"]),
)
def test_transfers_conserve_and_leave_every_source_its_buffer(
    equities: list[int], treasury: Decimal, fee: str, step: str
) -> None:
    """Every account holds one contract that requires 50, and 100 initially."""
    rules: dict[str, Rulebook] = {"rules": tiered_rulebook([(0, "0.05")])}
    names = [f"a{at}" for at in range(len(equities))]
    accounts = [
        account(
            name,
            venue="binance",
            rulebook="rules",
            positions={"BTC-PERP": (1, 1000)},
            balances={"USDC": equity},
        )
        for name, equity in zip(names, equities, strict=True)
    ]
    accounts.append(account("cold", venue="treasury", balances={"USDC": treasury % 500}))
    policies = [
        BufferPolicy(account_id=name, trigger_use_frac=D("0.8"), target_use_frac=D("0.25"))
        for name in names
    ]
    routes = [
        Route(
            source_account_id=source,
            target_account_id=target,
            asset="USDC",
            use="balance",
            latency_ns=1,
            fee_coin=D(fee),
            step_coin=D(step),
        )
        for target in names
        for source in ("cold", *names)
        if source != target
    ]
    now = snapshot(index("BTC", 1000), quote("BTC-PERP", 1000))
    state = survey(book(accounts, TERMS), now, rules, ())
    made = plan_transfers(policies, routes, state, rules)
    balance = {one.account_id: one.balance_coin("USDC") for one in accounts}
    start = dict(balance)
    for move in made.moves:
        assert move.quantity_coin > 0
        assert move.quantity_coin % D(step) == 0
        balance[move.route.source_account_id] -= move.quantity_coin + D(fee)
        balance[move.route.target_account_id] += move.quantity_coin
    assert sum(balance.values()) == sum(start.values()) - len(made.moves) * D(fee)
    gave = {move.route.source_account_id for move in made.moves}
    assert balance["cold"] >= 0
    for name in gave - {"cold"}:
        assert balance[name] >= 200  # requirement 50 at its own target use of 0.25
    unmet = {failure.subject for failure in made.unmet}
    for name in names:
        was_low = start[name] <= 0 or D("0.8") * start[name] < 50
        if was_low:
            assert (balance[name] >= 200) != (name in unmet)
        else:
            assert name not in unmet
    # And the same through the projected accounts, fees apart.
    legs = [
        Transfer(
            client_id=str(at),
            source_account_id=move.route.source_account_id,
            target_account_id=move.route.target_account_id,
            asset="USDC",
            quantity_coin=move.quantity_coin,
            use="balance",
            cost_expected_usd=0.0,
            reason="",
        )
        for at, move in enumerate(made.moves)
    ]
    after = projected(accounts, legs, now, TERMS, rules)
    assert sum(one.balance_coin("USDC") for one in after) == sum(start.values())

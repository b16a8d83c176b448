"""A made-up crash, twice: without hedgerow it is liquidated, with it it is not. Seeded."""

from decimal import Decimal

import msgspec
import numpy as np

from hedgerow.execution import Liquidation
from hedgerow.limits import LimitState
from hedgerow.planning import Order, Transfer
from hedgerow.simulation import AccountFrame, Action, Episode, Frame
from hedgerow.units import DAY_NS, MINUTE_NS, parse_ns
from tests.builders import exposure_row

START_NS = parse_ns("2026-01-29T00:00:00Z")
UNKNOWN_ROWS = range(60, 75)


def _prices(steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    moves = rng.normal(0.0, 0.06 / np.sqrt(steps), (2, steps))
    crash = slice(int(steps * 0.62), int(steps * 0.82))
    moves[:, crash] -= 0.36 / (steps * 0.20)
    moves[:, crash.stop :] += 0.09 / (steps * 0.18)
    moves[1] = 0.8 * moves[0] * 1.3 + 0.6 * moves[1]
    level = np.exp(np.cumsum(moves, axis=1))
    return 89_000 * level[0], 2_950 * level[1]


def _order(n: int, quantity: int, price: float, reason: str) -> Order:
    return Order(
        client_id=f"h-{n}",
        account_id="perp-1",
        venue="binance-like",
        instrument_id="BTC-PERPETUAL" if n % 3 else "ETH-PERPETUAL",
        quantity_contracts=Decimal(quantity),
        price_limit_usd=Decimal(f"{price:.1f}"),
        cost_expected_usd=12.0,
        reason=reason,
    )


def _action(leg: Order | Transfer, time_ns: int, status: str, cost_usd: float) -> Action:
    done = leg.quantity_contracts if isinstance(leg, Order) else leg.quantity_coin
    price = leg.price_limit_usd if isinstance(leg, Order) and status == "filled" else None
    return Action(
        time_ns=time_ns,
        leg=leg,
        status=status,
        message="" if status != "rejected" else "insufficient margin",
        cost_usd=cost_usd,
        done_contracts_or_coin=done if status in ("filled", "credited") else Decimal(0),
        price_average_usd=price,
    )


def _accounts(
    row: int, btc: float, eth: float, topped: float, dead: dict[str, bool]
) -> tuple[AccountFrame, ...]:
    fall = btc / 89_000 - 1
    known = row not in UNKNOWN_ROWS

    def one(
        account_id: str, venue: str, currency: str, equity: float | None, requirement: float | None,
        price: float, down: float | None, up: float | None, confidence: str,
    ) -> AccountFrame:  # fmt: skip
        if dead.get(account_id):
            equity, requirement, down, up = 0.0, 0.0, None, None
        return AccountFrame(
            account_id=account_id,
            venue=venue,
            currency=currency,
            equity_usd=None if equity is None else equity * price,
            equity_ccy=equity,
            requirement_ccy=requirement,
            confidence=confidence,
            distance_down_frac=down if known else None,
            distance_up_frac=up if known else None,
            is_distance_known=known,
        )

    option_equity = 14 + 12 * fall + 4 * topped - 30 * min(fall + 0.1, 0) ** 2
    option_need = 5.5 - 8 * fall
    loan_use = 0.56 / (1 + 1.25 * fall) * (1 - 0.2 * topped)
    return (
        one("options", "deribit-like", "BTC", option_equity if known else None,
            option_need if known else None, btc,
            -max(0.0, (option_equity - option_need) / 34), 0.42 + fall, "estimate"),
        one("perp-1", "binance-like", "USDT", 210_000 + 640_000 * fall + 95_000 * topped,
            52_000 * (1 + fall), 1.0, -max(0.0, 0.27 + fall + 0.14 * topped), None, "reconciled"),
        one("loan", "aave-like", "USD", 1_450_000 * (1 + 1.25 * fall),
            1_450_000 * (1 + 1.25 * fall) * loan_use, 1.0, -max(0.0, 1 - loan_use), None, "exact"),
        one("perp-2", "binance-like", "USDC", 400_000.0 - 95_000 * topped, 0.0, 1.0, None, None,
            "exact"),
        one("wallet", "treasury", "ETH", 120.0 - 90 * topped, 0.0, eth, None, None, "exact"),
    )  # fmt: skip


def sample(*, helped: bool, steps: int = 240, seed: int = 7) -> Episode:
    """Nine days in `steps` frames: calm, a fall of a third, a late bounce."""
    btc, eth = _prices(steps, seed)
    step_ns = 9 * DAY_NS // steps // MINUTE_NS * MINUTE_NS
    rng = np.random.default_rng(seed + 1)
    frames: list[Frame] = []
    actions: list[Action] = []
    liquidations: list[Liquidation] = []
    dead: dict[str, bool] = {}
    topped = False
    for row in range(steps):
        time_ns = START_NS + row * step_ns
        fall = float(btc[row] / 89_000 - 1)
        accounts = _accounts(row, float(btc[row]), float(eth[row]), float(topped), dead)
        for account in accounts:
            short = (account.equity_ccy or 0) < (account.requirement_ccy or 0)
            if not helped and short and not dead.get(account.account_id):
                dead[account.account_id] = True
                liquidations.append(
                    Liquidation(
                        account_id=account.account_id,
                        venue=account.venue,
                        time_ns=time_ns,
                        loss_usd=Decimal("38500.25") + 1_000 * len(liquidations),
                        message="equity below requirement; position closed at market",
                    )
                )
        if helped and rng.random() < 24 / steps:
            size = int(rng.integers(2, 40)) * (1 if rng.random() < 0.4 else -1)
            n = len(actions) + 1
            leg = _order(
                n, size, float(btc[row]),
                f"delta {size * 1000:,} USD outside the band of ±25,000 USD",
            )  # fmt: skip
            status = "rejected" if n % 9 == 0 else "filled"
            actions.append(
                _action(leg, time_ns, status, 0.0 if status == "rejected" else abs(size) * 3.1)
            )
        if helped and fall < -0.14 and not topped:
            topped = True
            for n, (target, asset, use) in enumerate(
                (
                    ("options", "BTC", "balance"),
                    ("perp-1", "USDT", "balance"),
                    ("loan", "USDC", "repay"),
                )
            ):
                transfer = Transfer(
                    client_id=f"t-{n}",
                    source_account_id="wallet" if n else "perp-2",
                    target_account_id=target,
                    asset=asset,
                    quantity_coin=Decimal("12.5") * 10**n,
                    use="repay" if use == "repay" else "balance",
                    cost_expected_usd=4.0,
                    reason=f"use of {target} above 70 %: fill to 55 %",
                )
                actions.append(_action(transfer, time_ns + n * MINUTE_NS, "credited", 4.25))
        known = row not in UNKNOWN_ROWS
        equity = sum(a.equity_usd for a in accounts if a.equity_usd is not None)
        hedge = 0.15 if helped else 1.0
        limit = LimitState(
            node="desk/binance-like/perp-1",
            metric="margin_use_frac",
            value_frac_usd_or_coin=0.31 - fall if known else None,
            soft_frac_usd_or_coin=0.7,
            hard_frac_usd_or_coin=0.9,
            rung="watch" if known else "unknown",
            message="" if known else "equity is unknown: 3 options have no quote",
        )
        delta = msgspec.structs.replace(
            limit,
            node="desk",
            metric="delta_spot_usd",
            value_frac_usd_or_coin=hedge * 410_000.0,
            soft_frac_usd_or_coin=100_000.0,
            hard_frac_usd_or_coin=500_000.0,
            rung="calm" if helped else "soft",
        )
        noise = rng.normal(0, 1, 6)
        frames.append(
            Frame(
                time_ns=time_ns,
                prices_usd={"BTC": float(btc[row]), "ETH": float(eth[row])},
                equity_usd=equity if known else None,
                exposures={
                    "BTC": exposure_row(
                        "coin/BTC",
                        delta_spot_usd=hedge * (180_000 - 1_300_000 * fall) + 9_000 * noise[0],
                        gamma_usd_per_pct=-8_200 + 9_000 * abs(fall) + 150 * noise[2],
                        vega_usd_per_volpt=-3_900 + 60 * noise[4],
                        theta_usd_per_day=4_800 + 2_000 * abs(fall),
                    ),
                    "ETH": exposure_row(
                        "coin/ETH",
                        delta_spot_usd=hedge * (90_000 - 400_000 * fall) + 6_000 * noise[1],
                        gamma_usd_per_pct=-2_100 + 90 * noise[3],
                        vega_usd_per_volpt=-900 + 20 * noise[5],
                    ),
                },
                accounts=accounts,
                limits=(limit, delta),
                missing=() if known else ("BTC-27FEB26-80000-P: no quote for 13 h",),
                option_age_ns_max=3 * MINUTE_NS,
            )
        )
    return Episode(
        name="crash of February 2026, made up",
        with_hedgerow=helped,
        frames=tuple(frames),
        actions=tuple(actions),
        liquidations=tuple(liquidations),
        alerts=("2026-02-05 14:10 loan: use above 90 %",) if not helped else (),
        assumptions=(
            "Order books: depth as a function of volatility (assumption, no recording).",
            "Oracle rounds: 1 h heartbeat and 0.5 % deviation.",
            "Options between snapshots: last surface, forward moved by the perpetual.",
        ),
        fees_usd=1_234.5 if helped else 310.0,
        funding_usd=-812.25 if helped else -1_999.0,
        events_count=96_000,
    )

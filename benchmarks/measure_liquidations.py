"""Measure how near the rules come to what liquidators of a lending protocol really received.

For every call in ``aave_v2_liquidations`` the collateral seized is computed from the debt repaid,
the two oracle prices and a bonus, by the rule of Aave v2, and only then compared with what was
seized. The bonus comes from three places, never from the call itself: the parameters of early 2022
(many of which governance had changed since the calls), a history learnt from earlier calls alone,
and that history with the parameters where it does not reach. Expected cost: 7,623 calls at 100 µs.

Run ``python benchmarks/measure_liquidations.py --json``; the recordings lie in ``../shared/data``,
or where ``--data`` says. The learnt histories are listed on standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bonus_history import CONFIRMATIONS_COUNT, BonusHistory, learn_bonuses
from hedgerow.errors import Failure
from hedgerow.margin import LendingReserve
from hedgerow.margin.liquidation_call import LiquidationCall
from hedgerow.margin.rules.aave_v2 import seizable_raw
from hedgerow.units import format_ns
from hedgerow.venues.recordings import read_liquidation_calls, read_reserves

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FOLDER = "aave_v2_liquidations"
NEAR_FRAC = 1e-4
# Dollars with so many decimals: the rule takes integers, and only their ratio counts.
_PRICE_DECIMALS = 18
NEAR = "near"
FIRST = "first calls of their collateral"
CHANGED = "bonus had changed, not yet believed"
DUST = "one smallest unit is more than the tolerance"
STALE = "recorded prices are within 5 % of a bonus of that collateral"
MISMATCH = "recorded prices are further off"
_STALE_FRAC = 0.05


def read(data: Path) -> tuple[list[LiquidationCall], dict[str, LendingReserve]]:
    """Read all calls and the parameters of early 2022."""
    folder = data / FOLDER
    return list(read_liquidation_calls(folder, start_ns=0, end_ns=2**62)), read_reserves(folder)


def seized_raw(
    call: LiquidationCall, bonus_bps: int, reserves: Mapping[str, LendingReserve]
) -> int:
    """Compute what a call seizes at a bonus, in the collateral's smallest unit."""
    collateral, debt = reserves[call.collateral], reserves[call.debt]
    return seizable_raw(
        collateral_price_base=int(call.price_collateral_usd.scaleb(_PRICE_DECIMALS)),
        collateral_decimals=collateral.asset_decimals,
        debt_price_base=int(call.price_debt_usd.scaleb(_PRICE_DECIMALS)),
        debt_decimals=debt.asset_decimals,
        debt_to_cover_raw=int(call.repaid_coin.scaleb(debt.asset_decimals)),
        liquidation_bonus_bps=bonus_bps,
    )


def is_near(call: LiquidationCall, bonus_bps: int, reserves: Mapping[str, LendingReserve]) -> bool:
    """Whether what we compute is what was seized, within the tolerance."""
    really = call.seized_coin.scaleb(reserves[call.collateral].asset_decimals)
    return abs(seized_raw(call, bonus_bps, reserves) - really) <= really * _exact(NEAR_FRAC)


def reasons(
    calls: Sequence[LiquidationCall],
    reserves: Mapping[str, LendingReserve],
    history: Mapping[str, BonusHistory],
) -> pl.DataFrame:
    """Give one row per call: whether each source of the bonus explains it, and why not.

    The reason looks back with hindsight, at every bonus the collateral ever had; the answers do
    not.
    """
    rows = []
    for call in calls:
        dated_bps = reserves[call.collateral].liquidation_bonus_bps
        learnt = history[call.collateral].bonus_bps(call.time_ns)
        by_dated = dated_bps > 0 and is_near(call, dated_bps, reserves)
        by_learnt = not isinstance(learnt, Failure) and is_near(call, learnt, reserves)
        rows.append(
            {
                "collateral": call.collateral,
                "is_known": not isinstance(learnt, Failure),
                "by_dated": by_dated,
                "by_learnt": by_learnt,
                "by_either": by_dated if isinstance(learnt, Failure) else by_learnt,
                "reason": NEAR if by_learnt else _why(call, reserves, history, dated_bps),
            }
        )
    return pl.DataFrame(rows)


def _why(
    call: LiquidationCall,
    reserves: Mapping[str, LendingReserve],
    history: Mapping[str, BonusHistory],
    dated_bps: int,
) -> str:
    of_collateral = history[call.collateral]
    ever = {*of_collateral.bonuses_bps, *([dated_bps] if dated_bps else [])}
    if any(is_near(call, bonus_bps, reserves) for bonus_bps in ever):
        is_first = isinstance(of_collateral.bonus_bps(call.time_ns), Failure)
        return FIRST if is_first else CHANGED
    smallest = min(
        call.seized_coin.scaleb(reserves[call.collateral].asset_decimals),
        call.repaid_coin.scaleb(reserves[call.debt].asset_decimals),
    )
    if smallest * _exact(NEAR_FRAC) < 1:
        return DUST
    ratio_bps = float(call.ratio_bps())
    return STALE if any(abs(ratio_bps / each - 1) < _STALE_FRAC for each in ever) else MISMATCH


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Seized collateral against the rules.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the recordings")
    options = parser.parse_args()
    if not (options.data / FOLDER).is_dir():
        print(f"no folder {FOLDER} in {options.data}", file=sys.stderr)
        return 2
    calls, reserves = read(options.data)
    history = learn_bonuses(calls)
    for each in sorted(history.values(), key=lambda one: one.collateral):
        steps = ", ".join(
            f"{bonus_bps} after {format_ns(time_ns)}"
            for time_ns, bonus_bps in zip(each.times_ns, each.bonuses_bps, strict=True)
        )
        print(f"{each.collateral}: {steps or 'none believed'}", file=sys.stderr)
    results = figures(reasons(calls, reserves, history))
    for count in (1, CONFIRMATIONS_COUNT + 1):
        other = reasons(calls, reserves, learn_bonuses(calls, confirmations_count=count))
        near = int(other["by_learnt"].sum())
        results.append(
            _result(f"seized_learnt_after_{count}_near_frac", near / len(calls), None,
                    f"{near} of {len(calls)}, each bonus believed after {count} of a kind, "
                    f"not {CONFIRMATIONS_COUNT}")
        )  # fmt: skip
    if options.json:
        print(json.dumps({"results": results}))
    else:
        for result in results:
            print(
                f"{result['name']}: {result['value']:.4g} (bar {result['bar']}); {result['note']}"
            )
    return 0


def figures(table: pl.DataFrame) -> list[dict[str, object]]:
    """Give the figures in the shape that `make measure` reads."""
    n = len(table)
    dated, learnt, either, known = (
        int(table[name].sum()) for name in ("by_dated", "by_learnt", "by_either", "is_known")
    )
    why = Counter(table.filter(pl.col("reason") != NEAR)["reason"].to_list())
    counted = ", ".join(f"{count} {name}" for name, count in why.most_common())
    fits = n - why[MISMATCH] - why[STALE] - why[DUST]
    return [
        _result("seized_dated_near_frac", dated / n, None,
                f"{dated} of {n} within {NEAR_FRAC:g}, bonus of the parameters of early 2022"),
        _result("seized_learnt_near_frac", learnt / n, dated / n,
                f"{learnt} of {n}, bonus learnt from earlier calls ({known} had one); bar is the "
                f"dated parameters' share; the others: {counted}"),
        _result("seized_learnt_of_fitting_near_frac", learnt / max(fits, 1), None,
                f"{learnt} of the {fits} whose prices give a bonus of their collateral"),
        _result("seized_learnt_or_dated_near_frac", either / n, dated / n,
                f"{either} of {n}, learnt and before the first lesson dated; the dated parameters "
                "are of later, so no forecast"),
    ]  # fmt: skip


def _result(name: str, value: float, bar: float | None, note: str) -> dict[str, object]:
    return {"name": name, "value": value, "unit": "1", "better": "higher", "bar": bar, "note": note}


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))


if __name__ == "__main__":
    raise SystemExit(main())

"""Measure how near rebuilt accounts of a lending protocol come to what the protocol said of them.

Every one of the detailed accounts of ``aave_positions_202306`` is added up from its balances, the
oracle's prices and one threshold an asset, by the rules of Aave v2, and only then compared with the
stored debt and health factor. Thresholds of dollar coins are listed beside the balances, stETH's
stands in the rulebook ``aave/2023-06-20``; nothing is fitted to an account. Accounts also hold what
the file does not list: it shows as collateral or debt that is missing, and the reasons are counted.
Expected cost: 646 accounts of a few assets, reading included well below a second.

Run ``python benchmarks/measure_lending_accounts.py --json``; the recordings lie in
``../shared/data``, or where ``--data`` says. Accounts that miss are listed on standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import polars as pl

from hedgerow.margin import LendingRulebook, decode_rulebook
from hedgerow.margin.rules.aave_v2 import Standing, standing
from hedgerow.venues.recordings import (
    read_lending_accounts,
    read_lending_reserves,
    read_stored_standings,
)

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FOLDER = "aave_positions_202306"
RULEBOOK = "aave/2023-06-20"
NEAR_FRAC = 1e-6
# Bars: shares of all accounts, and of those whose collateral is listed.
DEBT_FRAC_MIN, HEALTH_LISTED_FRAC_MIN = 0.95, 0.95
# Why an account misses; the first that fits is its reason.
NEAR = "near"
DEBT_UNLISTED = "debt not listed"
COLLATERAL_UNLISTED = "collateral not listed"
SPECK_UNLISTED = "a speck not listed tips the floored threshold"
SUPPLY_IDLE = "supply that does not count as collateral"
OTHER = "other"


def staked_threshold_bps() -> int:
    """Give the threshold of staked ETH of the dated rulebook, which has it under wstETH."""
    name = files("hedgerow.margin") / "rulebooks" / f"{RULEBOOK}.toml"
    rulebook = decode_rulebook(name.read_bytes(), where=RULEBOOK)
    assert isinstance(rulebook, LendingRulebook)
    return rulebook.reserves["wstETH"].liquidation_threshold_bps


def rebuilt(data: Path) -> dict[str, Standing]:
    """Add up every detailed account; what the protocol stored is not looked at."""
    folder = data / FOLDER
    reserves = read_lending_reserves(folder, {"stETH": staked_threshold_bps()})
    accounts = read_lending_accounts(folder)
    return {user: standing(balances, reserves) for user, balances in accounts.items()}


def compared(ours: Mapping[str, Standing], stored: Mapping[str, Standing]) -> pl.DataFrame:
    """Give one row per account: relative errors (ours over theirs, less one) and the reason."""
    rows = []
    for user, theirs in stored.items():
        own = ours[user]
        assert own.health_wad is not None
        assert theirs.health_wad is not None
        row = {
            "user": user,
            "collateral_frac": own.collateral_base_raw / theirs.collateral_base_raw - 1.0,
            "debt_frac": own.debt_base_raw / theirs.debt_base_raw - 1.0,
            "health_frac": own.health_wad / theirs.health_wad - 1.0,
            "threshold_bps": own.threshold_average_bps - theirs.threshold_average_bps,
        }
        rows.append(row | {"reason": reason(row)})
    return pl.DataFrame(rows)


def reason(row: Mapping[str, object]) -> str:
    """Name why the health factor of an account is not near, or say that it is."""
    collateral, debt, health = (
        float(str(row[name])) for name in ("collateral_frac", "debt_frac", "health_frac")
    )
    if abs(health) <= NEAR_FRAC:
        return NEAR
    # The protocol saw more than the file lists; accounts that owe other coins often hold others.
    if debt < -NEAR_FRAC:
        return DEBT_UNLISTED
    if collateral < -NEAR_FRAC:
        return COLLATERAL_UNLISTED
    if collateral > NEAR_FRAC:
        return SUPPLY_IDLE
    if abs(debt) <= NEAR_FRAC and abs(int(str(row["threshold_bps"]))) == 1:
        return SPECK_UNLISTED
    return OTHER


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Rebuilt accounts against stored ones.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the recordings")
    options = parser.parse_args()
    if not (options.data / FOLDER).is_dir():
        print(f"no folder {FOLDER} in {options.data}", file=sys.stderr)
        return 2
    table = compared(rebuilt(options.data), read_stored_standings(options.data / FOLDER))
    for row in table.filter(pl.col("reason") != NEAR).sort("reason", "user").iter_rows(named=True):
        print(
            f"{row['user']}  health {row['health_frac']:+.2e}  debt {row['debt_frac']:+.2e}  "
            f"collateral {row['collateral_frac']:+.2e}  {row['reason']}",
            file=sys.stderr,
        )
    results = figures(table)
    if options.json:
        print(json.dumps({"results": results}))
    else:
        for each in results:
            print(f"{each['name']}: {each['value']:.4g} (bar {each['bar']}); {each['note']}")
    return 0


def figures(table: pl.DataFrame) -> list[dict[str, object]]:
    """Give the figures in the shape that `make measure` reads."""
    debt = table.filter(pl.col("debt_frac").abs() <= NEAR_FRAC)
    listed = table.filter(pl.col("collateral_frac").abs() <= NEAR_FRAC)
    is_near = pl.col("health_frac").abs() <= NEAR_FRAC
    near, near_listed = table.filter(is_near), listed.filter(is_near)
    why = Counter(table.filter(pl.col("reason") != NEAR)["reason"].to_list())
    counted = ", ".join(f"{count} {name}" for name, count in why.most_common())
    median = debt["debt_frac"].abs().median()
    assert isinstance(median, float)
    return [
        _result("lending_debt_near_frac", len(debt) / len(table), "higher", DEBT_FRAC_MIN,
                f"{len(debt)} of {len(table)} debts within {NEAR_FRAC:g}, median {median:.1e}"),
        _result("lending_collateral_listed_frac", len(listed) / len(table), "higher", None,
                f"{len(listed)} of {len(table)} accounts whose collateral is all in the file"),
        _result("lending_health_listed_near_frac", len(near_listed) / max(len(listed), 1), "higher",
                HEALTH_LISTED_FRAC_MIN,
                f"{len(near_listed)} of those {len(listed)} health factors within {NEAR_FRAC:g}"),
        _result("lending_health_near_frac", len(near) / len(table), "higher", None,
                f"{len(near)} of all {len(table)} within {NEAR_FRAC:g}; the others: {counted}"),
    ]  # fmt: skip


def _result(
    name: str, value: float, better: str, bar: float | None, note: str
) -> dict[str, object]:
    return {"name": name, "value": value, "unit": "1", "better": better, "bar": bar, "note": note}


if __name__ == "__main__":
    raise SystemExit(main())

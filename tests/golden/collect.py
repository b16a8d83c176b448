"""Copy the cases that our tests use from the peers' collection beside the repository.

Run ``python -m tests.golden.collect`` and review the diff. Every number becomes a string, so that
no digit is lost on the way.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1].parent / "shared"


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"), parse_float=str, parse_int=str)


def _suite(path: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    read = _read(SHARED / "vectors" / path)
    kept = ("id", "kind", "source", "note", "given", "then", "tolerance")
    return {
        "title": read["title"],
        "units": read["units"],
        "licence": "facts only, re-expressed as inputs and outputs",
        "cases": [
            {key: case[key] for key in kept if key in case}
            for case in read["cases"]
            if wanted(case)
        ],
    }


def _methods() -> dict[str, Any]:
    read = _read(SHARED / "reference" / "method_vectors.json")
    return {
        "title": "Values of numerical methods: published, or computed with 40 digits",
        "licence": "facts only",
        "about": read["about"],
        "conventions": read["conventions"],
        **{
            name: read[name]
            for name in (
                "black_scholes_published",
                "black_scholes_high_precision",
                "inverse_option",
                "implied_vol_regression",
                "svi_vogt",
                "liquidation_price",
                "lending_repair",
                "hedge_band",
                "portfolio_scan",
                "lp",
            )
        },
    }


def main() -> None:
    """Write every golden file."""
    deribit = {
        "deribit-pme-btc-2024-06-17",
        "deribit-iv-shock-30d",
        "deribit-ticker-greeks-btc-27sep24-40000c",
        "deribit-delta-decay-7000c",
        "deribit-ntd-zero-strike-call",
        "deribit-position-inverse-perp-live",
    }
    binance = {
        "binance-usdm-cross-eth",
        "binance-usdm-isolated-btc",
        "binance-usdm-account-components",
        "binance-btcusdt-maint-amount-2021",
        "binance-pm-position-btcusdt",
    }
    perpetuals = {"liquidation_price", "tier_deduction", "account_identity", "portfolio_margin"}
    bybit = {"liquidation_price", "option_standard_margin"}
    aave = {"health_factor", "close_factor_bps", "available_collateral_to_liquidate"}
    files = {
        "deribit/venue_cases.json": _suite("venues/deribit.json", lambda c: c["id"] in deribit),
        "binance/venue_cases.json": _suite(
            "venues/binance.json",
            lambda c: c["id"] in binance or c["id"].startswith("binance-iso-toy"),
        ),
        "bybit/venue_cases.json": _suite("venues/bybit.json", lambda c: c["kind"] in bybit),
        "hyperliquid/venue_cases.json": _suite(
            "venues/hyperliquid.json", lambda c: c["kind"] in perpetuals
        ),
        "hyperliquid/protocol_cases.json": _suite(
            "onchain/hyperliquid.json", lambda c: c["kind"] == "tiered_maintenance_margin"
        ),
        "okx/venue_cases.json": _suite(
            "venues/okx.json", lambda c: c["kind"] == "liquidation_price"
        ),
        "aave/protocol_cases.json": _suite("onchain/aave_v3.json", lambda c: c["kind"] in aave),
        "methods/numbers.json": _methods(),
    }
    for name, content in files.items():
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        (HERE / name).parent.mkdir(exist_ok=True)
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

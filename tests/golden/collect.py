"""Copy the cases that our tests use from the peers' collection beside the repository.

Run ``python -m tests.golden.collect``, set `READ_ON` where the collection has changed, and review
the diff. Every number becomes a string, so that no digit is lost on the way.

Each file says of itself where its numbers are from, when they were read, under which licence, and
how it is made again; `tests/tidy/test_golden_says_where_from.py` insists. A number that our own
code gave is no evidence: its source begins with the words *regression pin*.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1].parent / "shared"
READ_ON = "2026-11-20"  # the day of the collection that the files below are from
REGENERATE = "python -m tests.golden.collect"
# The collection says this of entries of its sheet of methods that name no source.
CALCULATED = "computed independently for the collection, from the formulas of its sheet of methods"


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"), parse_float=str, parse_int=str)


def _suite(path: str, source: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    read = _read(SHARED / "vectors" / path)
    kept = ("id", "kind", "source", "note", "given", "then", "tolerance")
    return {
        "title": read["title"],
        "units": read["units"],
        "source": f"{source}; each case names its own",
        "read_on": READ_ON,
        "licence": "facts only, re-expressed as inputs and outputs",
        "regenerate": REGENERATE,
        "cases": [
            {key: case[key] for key in kept if key in case}
            for case in read["cases"]
            if wanted(case)
        ],
    }


def _methods() -> dict[str, Any]:
    read = _read(SHARED / "reference" / "method_vectors.json")
    names = (
        "black_scholes_published",
        "black_scholes_high_precision",
        "inverse_option",
        "implied_vol_regression",
        "svi_vogt",
        "first_passage",
        "cash_at_hit",
        "two_sided_survival",
        "liquidation_probability_7d_sigma60",
        "liquidation_price",
        "lending_repair",
        "hedge_band",
        "hedge_lp",
        "collateral_lp",
        "portfolio_scan",
        "lp",
        "latency_var_bp_sigma60_99",
        "cascade",
        "hunting",
    )
    return {
        "title": "Values of numerical methods: published, or computed with 40 digits",
        "source": "books and papers, libraries' own tests, and independent arithmetic: "
        "`sources` has one for each entry, and `about` says what the kinds mean",
        "read_on": READ_ON,
        "licence": "facts only",
        "regenerate": REGENERATE,
        "about": read["about"],
        "conventions": read["conventions"],
        "sources": {name: _source(read[name]) for name in names},
        **{name: read[name] for name in names},
    }


def _source(entry: Any) -> dict[str, str]:
    """Kind and source of one entry: its own words, or those of the whole collection."""
    first = entry[0] if isinstance(entry, list) else entry
    return {"kind": first.get("kind", "calc"), "source": first.get("source", CALCULATED)}


def files() -> dict[str, str]:
    """Make the text of every golden file, by its path below this folder."""
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
    bybit = {
        "liquidation_price",
        "inverse_cross_liquidation_price",
        "option_standard_margin",
    }
    aave = {"health_factor", "close_factor_bps", "available_collateral_to_liquidate"}
    made = {
        "deribit/venue_cases.json": _suite(
            "venues/deribit.json",
            "the venue's documents and worked examples",
            lambda c: c["id"] in deribit,
        ),
        "binance/venue_cases.json": _suite(
            "venues/binance.json",
            "the venue's documents and worked examples",
            lambda c: c["id"] in binance or c["id"].startswith("binance-iso-toy"),
        ),
        "bybit/venue_cases.json": _suite(
            "venues/bybit.json",
            "the venue's documents and worked examples",
            lambda c: c["kind"] in bybit,
        ),
        "hyperliquid/venue_cases.json": _suite(
            "venues/hyperliquid.json",
            "the venue's documents and worked examples",
            lambda c: c["kind"] in perpetuals,
        ),
        "hyperliquid/protocol_cases.json": _suite(
            "onchain/hyperliquid.json",
            "the venue's documents and worked examples",
            lambda c: (
                c["kind"]
                in {"tiered_maintenance_margin", "liquidation_price_isolated", "adl_ranking_longs"}
            ),
        ),
        "okx/venue_cases.json": _suite(
            "venues/okx.json",
            "the venue's documents and worked examples",
            lambda c: c["kind"] == "liquidation_price",
        ),
        "aave/protocol_cases.json": _suite(
            "onchain/aave_v3.json",
            "the protocol's own test suites, by commit",
            lambda c: c["kind"] in aave,
        ),
        "methods/numbers.json": _methods(),
    }
    return {
        name: json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        for name, content in made.items()
    }


def main() -> None:
    """Write every golden file."""
    for name, text in files().items():
        (HERE / name).parent.mkdir(exist_ok=True)
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""The peers' cases of on-chain venues as accounts: positions, a market and a rulebook each."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hedgerow.instruments import Instrument, Option
from hedgerow.margin import MarginReport
from hedgerow.market import AgeLimits, MarketEvent, MarketState, Snapshot
from hedgerow.units import SECOND_NS
from tests.builders import T0_NS, index, option, option_quote

SHARED = Path(__file__).resolve().parents[4] / "shared" / "vectors"


def cases(path: str) -> list[Any]:
    """The cases of a suite, each a test; one test that says why where the suite is not there."""
    file = SHARED / f"{path}.json"
    if not file.is_file():
        return [pytest.param(None, marks=pytest.mark.skip("../shared/vectors is not there"))]
    read = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    sets = {
        each["id"]: each["scenarios"] for each in read.get("defaults", {}).get("scenario_sets", [])
    }
    for each in read["cases"]:
        if "scenario_set" in each["given"]:
            each["given"]["scenarios"] = sets[each["given"]["scenario_set"]]
    return [pytest.param(each, id=each["id"]) for each in read["cases"]]


def options_of(
    coin: str, expiries: list[Mapping[str, Any]]
) -> tuple[dict[str, Instrument], dict[str, Decimal], list[MarketEvent]]:
    """Options of a case's expiries: their terms, quantities and quotes."""
    terms: dict[str, Instrument] = {}
    held: dict[str, Decimal] = {}
    quotes: list[MarketEvent] = []
    for expiry in expiries:
        for leg in expiry["options"]:
            made: Option = option(
                leg["strike"],
                "call" if leg["is_call"] else "put",
                coin=coin,
                settlement="USDC",
                expiry_ns=T0_NS + int(expiry["seconds_to_expiry"]) * SECOND_NS,
            )
            name = f"{made.instrument_id}-{expiry['seconds_to_expiry']}"
            made = msgspec.structs.replace(made, instrument_id=name)
            terms[name] = made
            held[name] = held.get(name, Decimal(0)) + Decimal(leg["amount"])
            quotes.append(option_quote(made, expiry["forward"], float(leg["vol"])))
    return terms, held, quotes


def market(*events: MarketEvent, dollar: Any = 1) -> Snapshot:
    """A snapshot at T0 in which the stable coin has a price of its own."""
    state = MarketState(ages=AgeLimits(), movers={}, dollars_usd={})
    for event in (*events, index("USDC", dollar)):
        state.apply(event)
    return state.freeze(T0_NS)


def initial_margin(report: MarginReport) -> Decimal:
    """What Derive calls a margin: negative is a shortfall."""
    return report.equity_ccy - report.requirement_initial_ccy


def certain(given: Any) -> Any:
    """Give the same inputs with every feed sure: a snapshot cannot say otherwise."""
    if isinstance(given, dict):
        return {k: 1 if k.endswith("confidence") else certain(v) for k, v in given.items()}
    return [certain(each) for each in given] if isinstance(given, list) else given

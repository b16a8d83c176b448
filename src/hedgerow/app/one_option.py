"""What the commands about one option share: its column, its heading, how answers are printed."""

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import RenderableType

from hedgerow.app.screen import wide_console
from hedgerow.app.terms import Terms
from hedgerow.pricing import EuropeanColumns, Floats

__all__ = ["columns_of", "given_of", "items_of", "show_option", "title_of"]


def columns_of(
    terms: Terms, underlying_usd: Floats, vol_frac: float, years: float
) -> EuropeanColumns:
    """One option at several underlyings. On spot its carry moves with the rate."""
    same = np.ones_like(underlying_usd)
    return EuropeanColumns(
        underlying_usd=underlying_usd,
        strike_usd=terms.strike_usd * same,
        vol_frac=vol_frac * same,
        expiry_years=years * same,
        is_call=np.full(len(underlying_usd), terms.is_call),
        rate_frac_per_year=terms.rate_frac_per_year,
        carry_frac_per_year=terms.checked_carry(),
        carry_follows_rate=terms.carry_frac_per_year is not None,
    )


def title_of(terms: Terms, years: float) -> str:
    """Name an option in the heading of its answer."""
    paid = ", paid in coin" if terms.is_coin_settled else ""
    on = "forward" if terms.carry_frac_per_year is None else "spot"
    return (
        f"{terms.right} {terms.strike_usd:,.10g} on {on} {terms.underlying_usd:,.10g}, "
        f"{365 * years:.6g} days{paid}"
    )


def given_of(terms: Terms, years: float) -> dict[str, Any]:
    """Say what was asked, by name, as JSON has it."""
    return {
        "right": terms.right,
        "underlying_usd": terms.underlying_usd,
        "underlying_is": "forward" if terms.carry_frac_per_year is None else "spot",
        "strike_usd": terms.strike_usd,
        "expiry_years": years,
        "rate_frac_per_year": terms.rate_frac_per_year,
        "carry_frac_per_year": terms.checked_carry(),
        "settlement": "coin" if terms.is_coin_settled else "usd",
    }


def show_option(
    builtins: Callable[[], dict[str, Any]], tables: Callable[[], RenderableType], *, as_json: bool
) -> None:
    """Print an answer: one line of JSON, or what a person reads. Only one of the two is made."""
    if as_json:
        sys.stdout.write(json.dumps(builtins(), sort_keys=True, allow_nan=False) + "\n")
        return
    wide_console().print(tables(), highlight=False, crop=False)


def items_of(values: Floats) -> tuple[float, ...]:
    """Turn a column into what a record holds."""
    return tuple(values.tolist())

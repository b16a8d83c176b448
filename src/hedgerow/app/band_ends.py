"""What does not go together in a `[[hedges]]` table: a band, and what it follows from.

A band follows from one thing: a risk aversion, a budget of cost or of shortfall, a width, or times.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hedgerow.app.portfolio_model import packaged_vols
from hedgerow.app.raw_tables import number_of
from hedgerow.hedging import BAND_KINDS

__all__ = ["band_ends"]

_ONE_OF: Final = ("risk_aversion_per_usd", "budget_bps_per_day", "budget_shortfall_usd")


def band_ends(where: str, hedge: Mapping[str, Any], vols: Any) -> Iterator[str]:
    """Tell what is missing of a band, and what is given for nothing."""
    kind, given = hedge.get("band"), [key for key in _ONE_OF if key in hedge]
    if kind is not None and kind not in BAND_KINDS:
        return  # told elsewhere
    fixed = number_of(hedge.get("fixed_cost_usd", 0))
    source = {"fixed": "band_min_coin"}.get(str(kind))
    if kind == "leland" and "interval" in hedge:
        source = "interval"
    if source is not None:
        for key in given:
            yield f"{where}.{key}: {kind} follows from {source} here; leave it out"
    elif not given:
        yield f"{where}.{_ONE_OF[0]}: missing; it needs that, {_ONE_OF[1]} or {_ONE_OF[2]}"
    elif len(given) > 1:
        yield f"{where}.{given[1]}: choose it or {given[0]}; the band follows from one of them"
    if kind == "fixed" and number_of(hedge.get("band_min_coin")) == 0:
        yield f"{where}.band_min_coin: must be above 0, the fixed band is this wide; was 0"
    if "interval" in hedge and kind != "leland":
        named = kind or "none named"
        yield f"{where}.interval: only the band 'leland' hedges at times, was {named}"
    if kind == "fixed-cost" and fixed == 0:
        yield f"{where}.fixed_cost_usd: must be above 0 for the band 'fixed-cost'"
    is_named = kind is not None or any(key.startswith("budget") for key in given)
    if not is_named and fixed:
        yield f"{where}.fixed_cost_usd: the band that no key names has no place for it; write band"
    coin = hedge.get("underlying")
    is_told = isinstance(vols, Mapping) and coin in vols
    if is_named and isinstance(coin, str) and not is_told and coin not in packaged_vols():
        yield f"{where}.band: needs a vol of {coin}; write one under [vols]"

"""CME's SPAN: losses of a future in sixteen scenarios, and the minimum of short options."""

from collections.abc import Callable, Mapping
from typing import Final

from hedgerow.app.certify.given import Given, fraction_of
from hedgerow.errors import VectorsRejected
from hedgerow.margin.rules import span as rules

__all__ = ["KINDS"]


def _scan(given: Given) -> Mapping[str, object]:
    moves = [fraction_of(move) for move, _ in given.raw("scenarios")]
    known = [each for each in moves if each is not None]
    if len(known) != len(moves):
        raise VectorsRejected("scenarios must be pairs of a price move and a vol move")
    losses = rules.risk_array(
        given.fraction("position"),
        known,
        range_points=given.fraction("price_scan_range_points"),
        multiplier=given.fraction("multiplier"),
        cover_frac=given.fraction("extreme_cover", 1),
    )
    return {"risk_array_loss_positive": losses, "scanning_risk": rules.scanning_risk(losses)}


def _short_options(given: Given) -> Mapping[str, object]:
    charge = rules.short_option_charge(
        given.fraction("net_short_options"), given.fraction("som_rate")
    )
    return {
        "som_charge": charge,
        "requirement": rules.requirement(
            given.fraction("scanning_risk"), short_option_minimum=charge
        ),
    }


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "scan_risk_array": _scan,
    "short_option_minimum": _short_options,
}

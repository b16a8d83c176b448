"""The vols that prices mean, for people and programs; a price without one says why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.pricing import ImpliedReason, QuoteGate
from hedgerow.reporting.figures import plain, significant
from hedgerow.reporting.grid import Column, grid

__all__ = [
    "GATE_WORDS",
    "REASON_WORDS",
    "VolAnswer",
    "VolQuote",
    "implied_builtins",
    "implied_tables",
]

REASON_WORDS: Final[Mapping[ImpliedReason, str]] = {
    ImpliedReason.OK: "has a vol",
    ImpliedReason.NOT_FINITE: "an input is not a finite number",
    ImpliedReason.NOT_POSITIVE: "forward and strike must be positive",
    ImpliedReason.EXPIRED: "no time is left, so the price says nothing about volatility",
    ImpliedReason.BELOW_INTRINSIC: "cheaper than exercise, no volatility is low enough",
    ImpliedReason.NO_TIME_VALUE: "worth exercise and nothing more, any vol near zero gives it",
    ImpliedReason.ABOVE_MAXIMUM: (
        "at or above the most it can be worth: the forward for a call, the strike for a put"
    ),
    ImpliedReason.OUT_OF_RANGE: "the vol itself is too large or too small to be written",
}
GATE_WORDS: Final[Mapping[QuoteGate, str]] = {
    QuoteGate.OK: "passes every gate",
    QuoteGate.NOT_FINITE: "forward, strike, time or tick cannot be used",
    QuoteGate.NO_BID: "there is no bid",
    QuoteGate.NO_ASK: "there is no ask",
    QuoteGate.CROSSED: "the bid is above the ask",
    QuoteGate.BID_WITHIN_TICK: "the bid is not above intrinsic value and one tick",
    QuoteGate.NO_VOL: "bid, ask or their middle has no implied vol",
    QuoteGate.WIDE: "the spread is more vol than allowed",
    QuoteGate.COARSE: "one tick is more vol than allowed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VolAnswer:
    """What one price means: a vol, or the reason why it means none.

    The middle of a quote that has no middle has no price either, and the gate it fails for reason.
    """

    price_of: str
    price_usd: float | None
    price_coin: float | None
    vol_frac: float | None
    reason: ImpliedReason | QuoteGate

    @property
    def why(self) -> str | None:
        """In words, where there is no vol."""
        if self.vol_frac is not None:
            return None
        if isinstance(self.reason, QuoteGate):
            return GATE_WORDS[self.reason]
        return REASON_WORDS[self.reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class VolQuote:
    """The quality of a quote; widths are known where the middle has a vol."""

    width_volpt: float | None
    tick_volpt: float | None
    gate: QuoteGate


def implied_builtins(
    given: Mapping[str, Any],
    answers: Sequence[VolAnswer],
    quote: VolQuote | None,
    hint: str | None = None,
    remarks: Sequence[str] = (),
) -> dict[str, Any]:
    """Give what `json.dumps` takes; a price without a vol has null and a reason."""
    return {
        "option": dict(given),
        "vols": {
            each.price_of: {
                "price_usd": each.price_usd,
                "price_coin": each.price_coin,
                "vol_frac": each.vol_frac,
                "reason": None if each.vol_frac is not None else each.reason.name.lower(),
                "message": each.why,
            }
            for each in answers
        },
        "quote": None
        if quote is None
        else {
            "width_volpt": quote.width_volpt,
            "tick_volpt": quote.tick_volpt,
            "gate": quote.gate.name.lower(),
            "message": GATE_WORDS[quote.gate],
        },
        "hint": hint,
        "remarks": list(remarks),
    }


def implied_tables(
    title: str,
    answers: Sequence[VolAnswer],
    quote: VolQuote | None,
    hint: str | None = None,
    remarks: Sequence[str] = (),
) -> RenderableType:
    """Set up one row a price, and what its spread and tick are in vol points."""
    is_in_coin = any(each.price_coin is not None for each in answers)
    head: tuple[Column, ...] = (
        ("Quoted", "", False), ("Premium", "USD", True),
        *([("Premium", "coin", True)] if is_in_coin else []),
        ("Implied vol", "%", True), ("Why", "", False),
    )  # fmt: skip
    rows = [
        (
            each.price_of,
            "none" if each.price_usd is None else significant(each.price_usd),
            *([_premium_coin(each)] if is_in_coin else []),
            "none" if each.vol_frac is None else significant(100.0 * each.vol_frac),
            each.why or "",
        )
        for each in answers
    ]
    parts: list[RenderableType] = [grid(title, head, rows)]
    if quote is not None:
        width, tick = (
            "unknown" if each is None else f"{plain(each, 3)} vol points"
            for each in (quote.width_volpt, quote.tick_volpt)
        )
        gate = quote.gate.name.lower().replace("_", " ")
        parts += [
            Text(),
            Text(f"Spread {width}, one tick {tick}. Gate: {gate}, {GATE_WORDS[quote.gate]}."),
        ]
    if hint is not None:
        parts += [Text(), Text(f"Hint: {hint}.")]
    if remarks:
        parts += [Text(), *(Text(remark, style="yellow") for remark in remarks)]
    return Group(*parts)


def _premium_coin(answer: VolAnswer) -> str:
    return "none" if answer.price_coin is None else significant(answer.price_coin)

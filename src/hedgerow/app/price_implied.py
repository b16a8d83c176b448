"""What ``hedgerow price implied`` does: the vols that prices mean, and how good a quote is."""

import math
import sys
from typing import Any, Final

from hedgerow.app.one_option import given_of, show_option, title_of
from hedgerow.app.option_request import Prices
from hedgerow.app.terms import Terms
from hedgerow.pricing import ImpliedReason, QuoteGate, implied_vols, quote_vols
from hedgerow.reporting.vols import VolAnswer, VolQuote, implied_builtins, implied_tables

__all__ = ["find_implied"]

_WITHOUT_MID: Final = (QuoteGate.NOT_FINITE, QuoteGate.NO_BID, QuoteGate.NO_ASK, QuoteGate.CROSSED)
# When a price is probably meant in the other unit: more coins than an option can pay, or a premium
# below a dollar where coins cost thousands.
_COINS_MAX, _DEAR_USD, _COIN_PRICE_MAX = 2.0, 1_000.0, 1.0


def find_implied(terms: Terms, prices: Prices, *, as_json: bool) -> int:
    """Find the vols of prices, print them, and exit with 1 where one has none."""
    prices.check()
    years = terms.years()
    forward_usd = terms.underlying_usd * math.exp(terms.checked_carry() * years)
    answers, quote = _answered(terms, prices, years, forward_usd)
    hint = _unit_hint(terms, prices, forward_usd)
    given = given_of(terms, years)
    show_option(
        lambda: implied_builtins(given, answers, quote, hint, terms.remarks()),
        lambda: implied_tables(title_of(terms, years), answers, quote, hint, terms.remarks()),
        as_json=as_json,
    )
    lost = [each for each in answers if each.vol_frac is None]
    if lost and not as_json:
        said = "; ".join(f"the {each.price_of}: {each.why}" for each in lost)
        sys.stderr.write(f"exit 1: no vol of {said}\n")
    return 1 if lost else 0


def _answered(
    terms: Terms, prices: Prices, years: float, forward_usd: float
) -> tuple[list[VolAnswer], VolQuote | None]:
    """Find the vol of every price given, and how good the quote is where there is one."""
    unit_usd = forward_usd if prices.is_in_coin else 1.0
    growth = math.exp(terms.rate_frac_per_year * years)
    answers: list[VolAnswer] = []

    def undiscounted(price_ccy: float) -> float:
        return price_ccy * unit_usd * growth

    def add(name: str, price_ccy: float, vol_frac: Any, reason_code: Any) -> None:
        reason = ImpliedReason(int(reason_code))
        answers.append(
            VolAnswer(
                price_of=name,
                price_usd=price_ccy * unit_usd,
                price_coin=price_ccy if prices.is_in_coin else None,
                vol_frac=float(vol_frac) if reason is ImpliedReason.OK else None,
                reason=reason,
            )
        )

    asked = (forward_usd, terms.strike_usd, years, terms.is_call)
    if prices.paid_ccy is not None:
        found = implied_vols(undiscounted(prices.paid_ccy), *asked)
        add("price", prices.paid_ccy, found.vol_frac, found.reason_code)
    quote: VolQuote | None = None
    bid, ask, tick = prices.bid_ccy, prices.ask_ccy, prices.tick_ccy
    if bid is not None and ask is not None and tick is not None:
        quoted = quote_vols(
            undiscounted(bid), undiscounted(ask), *asked, tick_usd=undiscounted(tick)
        )
        add("bid", bid, quoted.vol_bid_frac, quoted.reason_bid_code)
        add("ask", ask, quoted.vol_ask_frac, quoted.reason_ask_code)
        gate = QuoteGate(int(quoted.gate_code))
        has_mid = gate not in _WITHOUT_MID
        if has_mid:
            add("mid", 0.5 * (bid + ask), quoted.vol_mid_frac, quoted.reason_mid_code)
        else:
            answers.append(
                VolAnswer(
                    price_of="mid", price_usd=None, price_coin=None, vol_frac=None, reason=gate
                )
            )
        quote = VolQuote(
            width_volpt=_known(quoted.width_volpt) if has_mid else None,
            tick_volpt=_known(quoted.tick_volpt) if has_mid else None,
            gate=gate,
        )
    return answers, quote


def _unit_hint(terms: Terms, prices: Prices, forward_usd: float) -> str | None:
    """Say where prices look as if they were counted in the other unit."""
    given = (prices.paid_ccy, prices.bid_ccy, prices.ask_ccy)
    known = [price for price in given if price]
    if not known:
        return None
    if prices.is_in_coin and max(known) > _COINS_MAX * max(1.0, terms.strike_usd / forward_usd):
        way = "divide it by the forward" if terms.is_coin_settled else "leave out --in-coin"
        return f"{max(known):g} coins are dear for an option on one; if it is in USD, {way}"
    if not prices.is_in_coin and forward_usd >= _DEAR_USD and max(known) < _COIN_PRICE_MAX:
        return (
            f"{max(known):g} USD is little for an option on a coin of {forward_usd:,.0f} USD; if "
            "it is in coin, add --in-coin"
        )
    return None


def _known(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None

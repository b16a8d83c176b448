"""What looser bounds would save, each for one of something that a person can act upon."""

from collections.abc import Sequence

from hedgerow.errors import Failure
from hedgerow.limits import METRICS, Survey
from hedgerow.margin import MarginReport
from hedgerow.planning.outcome import Joint
from hedgerow.planning.purses import is_fence
from hedgerow.planning.records import BoundPrice
from hedgerow.planning.wants import Demand

__all__ = ["bound_prices"]

# To a millionth of a dollar, and of what is less than that six digits.
_DECIMALS = 6


def bound_prices(chosen: Joint) -> tuple[BoundPrice, ...]:
    """Price the bounds of a programme; how far its search may go is none.

    A demand of an account says how much of its equity it may need at most. A dollar more of equity
    lets it need that share of a dollar more, so that share of the demand's own price is saved. Of
    an account in a coin it is a dollar's worth of the coin at today's price.
    """
    return tuple(
        _priced(each.name, each.price_usd_per_figure, chosen)
        for each in chosen.shadows
        if not is_fence(each.name)
    )


def _priced(name: str, price_usd_per_figure: float, chosen: Joint) -> BoundPrice:
    own = [each for each in chosen.demands if each.name == name]
    if own:
        factor_frac, figure = _of_equity(own, chosen.before)
    else:
        factor_frac, figure = 1.0, _figure(name, chosen)
    saved = factor_frac * price_usd_per_figure
    return BoundPrice(name=name, saved_usd_per_figure=round(saved, _DECIMALS), figure=figure)


def _of_equity(own: Sequence[Demand], now: Survey) -> tuple[float, str]:
    """Give what one of the figure is for, and in the account's own unit where that is not known."""
    report = now.reports.get(own[0].node)
    uses_frac = {each.use_frac for each in own}
    currency = report.currency if isinstance(report, MarginReport) else "the account's currency"
    price_usd = _price_usd(currency, now)
    # Two limits of one name, and which of them binds is not known.
    if price_usd is None or len(uses_frac) > 1:
        return 1.0, f"{currency} that it may lack"
    return uses_frac.pop() / price_usd, "USD more of equity there"


def _price_usd(currency: str, now: Survey) -> float | None:
    if currency == "USD":
        return 1.0
    found = now.snapshot.asset(currency)
    return None if isinstance(found, Failure) else found.price_usd


def _figure(name: str, chosen: Joint) -> str:
    """Name the unit of a limit on exposures or losses; of a balance, the coin."""
    if any(each.name == name for each in chosen.asks):
        words = name.replace(":", " ").replace(",", " ").split()
        metric = next(METRICS[word] for word in words if word in METRICS)
        return f"{metric.unit} of {metric.title}"
    return f"{name.partition(' of ')[0]} more there"

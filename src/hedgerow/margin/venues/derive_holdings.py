"""What both managers of Derive ask of an account: one expiry of its options, and a coin's worth.

Inside the settlement window the part of the forward that is fixed is what was observed, and the vol
is that of the average, as in `hedgerow.pricing`: what the venue's vol feed says then was not seen,
so the worth of such an option is [U].

A snapshot tells no feed's confidence; every feed is taken to be sure, and what an unsure one adds
to the initial requirement is not counted ([U]).
"""

from collections.abc import Sequence
from decimal import Decimal

from hedgerow.errors import Failure, Outcome
from hedgerow.margin.holdings import OptionHeld
from hedgerow.margin.records import Evidence
from hedgerow.margin.rules.derive.book import Expiry, OptionLeg
from hedgerow.margin.rules.derive.options import YEAR_S
from hedgerow.market import Snapshot
from hedgerow.units import to_exact, to_model

__all__ = ["expiry_of_options", "known_of", "worth_usd"]


def known_of(held: Sequence[OptionHeld], evidence: Evidence) -> Evidence:
    """Give how well an expiry's worth is known: not at all inside its settlement window."""
    return "U" if any(each.mark.open_frac < 1.0 for each in held) else evidence


def expiry_of_options(held: list[OptionHeld], rate_frac_per_year: Decimal = Decimal(0)) -> Expiry:
    """Make one expiry of its options: its forward is that of the youngest quote among them."""
    youngest = min(held, key=lambda each: (each.mark.age_ns, each.terms.instrument_id)).mark
    life_s = youngest.expiry_years * YEAR_S
    variable_usd = youngest.open_frac * youngest.forward_usd
    return Expiry(
        life_s=life_s,
        forward_fixed_usd=youngest.average_usd - variable_usd,
        forward_variable_usd=variable_usd,
        rate_frac_per_year=to_model(rate_frac_per_year),
        confidence_forward_frac=1.0,
        confidence_rate_frac=1.0,
        confidence_vol_frac=1.0,
        legs=tuple(
            OptionLeg(
                strike_usd=to_model(each.terms.strike_usd),
                is_call=each.terms.right == "call",
                quantity_coin=to_model(each.size_coin),
                vol_frac=each.mark.vol_average_frac,
            )
            for each in held
        ),
    )


def worth_usd(asset: str, snapshot: Snapshot) -> Outcome[Decimal]:
    """Price a coin held: by its index, or a staked token by its base."""
    if asset not in snapshot.stakings:
        return snapshot.spot_usd(asset)
    priced = snapshot.asset(asset)
    if isinstance(priced, Failure):
        return priced
    return to_exact(priced.price_usd, Decimal("1e-12"), "down")

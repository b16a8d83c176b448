"""By what a plan is priced: as the command line says, else as `[planning]`, else as is usual."""

from typing import NamedTuple

from hedgerow.app.desk import Desk
from hedgerow.app.plan_asked import (
    CAPITAL_FRAC_PER_YEAR,
    HORIZON_DAYS,
    OPTION_DEPTH_CONTRACTS,
    SLIPPAGE_FRAC,
)
from hedgerow.planning import JointTerms

__all__ = ["PlanPrices", "prices_of"]


class PlanPrices(NamedTuple):
    """What is assumed of options' depth and how far fills may go, for how long costs count."""

    option_depth_contracts: float = OPTION_DEPTH_CONTRACTS
    horizon_days: float = HORIZON_DAYS
    capital_frac_per_year: float = CAPITAL_FRAC_PER_YEAR
    slippage_frac: float = SLIPPAGE_FRAC

    def terms(self, ticket_usd: float = 0.0) -> JointTerms:
        """Give them as plans take them."""
        return JointTerms(
            horizon_days=self.horizon_days,
            capital_frac_per_year=self.capital_frac_per_year,
            ticket_usd=ticket_usd,
            slippage_frac=self.slippage_frac,
        )


def prices_of(
    desk: Desk,
    *,
    option_depth_contracts: float | None = None,
    horizon_days: float | None = None,
    capital_frac_per_year: float | None = None,
    slippage_frac: float | None = None,
) -> PlanPrices:
    """Give by what plans of a desk are priced, so that a look plans as its agent would.

    A desk kept by bands says nothing of it: none of the keys may stand in its file.
    """
    asked = option_depth_contracts, horizon_days, capital_frac_per_year, slippage_frac
    own = PlanPrices()
    if desk.planning is not None:
        depth, terms = desk.planning.depth, desk.planning.terms
        own = PlanPrices(
            option_depth_contracts=depth.option_contracts,
            horizon_days=terms.horizon_days,
            capital_frac_per_year=terms.capital_frac_per_year,
            slippage_frac=terms.slippage_frac,
        )
    return PlanPrices(*(said if one is None else one for one, said in zip(asked, own, strict=True)))

"""Hyperliquid, both files: the chain's tables and formulas, and the venue's worked examples."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from hedgerow.app.certify.given import Given
from hedgerow.errors import VectorsRejected
from hedgerow.margin.rules.hyperliquid import account, funding, liquidation, portfolio, tiers

__all__ = ["KINDS", "SUITES"]

_SIDES: Final[Mapping[str, int]] = {"long": 1, "buy": 1, "short": -1, "sell": -1}


def _side(given: Given, otherwise: int | None = None) -> int:
    """Give 1 for long and -1 for short, however the case says it."""
    if otherwise is not None and "side" not in given:
        return otherwise
    if given.raw("side") in _SIDES:
        return _SIDES[given.text("side")]
    side = given.integer("side")
    if side not in (1, -1):
        raise VectorsRejected(f"side must be long, short, 1 or -1, was {side}")
    return side


def _table(given: Given) -> tuple[tiers.Tier, ...]:
    rows = list(given.tables("tiers"))
    return tiers.tiers_of(
        [row.fraction("lower_bound") for row in rows],
        [row.fraction("max_leverage") for row in rows],
    )


def _one_tier(maintenance_frac: Fraction) -> tuple[tiers.Tier, ...]:
    return (
        tiers.Tier(
            notional_lower_usd=Fraction(0),
            maintenance_frac=maintenance_frac,
            deduction_usd=Fraction(0),
        ),
    )


def _isolated_price(given: Given) -> Fraction:
    table = (
        _table(given) if "tiers" in given else _one_tier(1 / given.fraction("maintenance_leverage"))
    )
    return liquidation.liquidation_price_usd(
        given.fraction("mark_price"),
        _side(given) * abs(given.fraction("size")),
        margin_usd=given.fraction("isolated_margin_equity"),
        tiers=table,
    )


def _funding_8h(given: Given) -> Mapping[str, object]:
    rate = funding.rate_frac_per_8h(
        given.fraction("avg_premium"),
        interest_frac_per_8h=given.fraction("interest_8h", funding.INTEREST_FRAC_PER_8H),
    )
    return {"value": rate, "hourly_payment_rate": funding.rate_frac_per_hour(rate)}


def _ranked(given: Given, name: str) -> Mapping[str, object]:
    profits = {
        each.text("id"): liquidation.Profit(
            price_mark_usd=each.fraction("mark"),
            price_entry_usd=each.fraction("entry"),
            notional_usd=each.fraction("notional"),
            account_value_usd=each.fraction("account_value"),
            is_long=_side(each, otherwise=1) > 0,
        )
        for each in given.tables(name)
    }
    return {
        "order": list(liquidation.deleveraging_order(profits)),
        "index": {
            who: liquidation.deleveraging_index_frac(profit) for who, profit in profits.items()
        },
    }


def _price(given: Given) -> Mapping[str, object]:
    size = given.fraction("szi")
    size = _side(given, otherwise=1 if size > 0 else -1) * abs(size)
    mark = given.fraction("mark")
    if "tiers" in given:
        table = _table(given)
    elif "maintenance_rate" in given:
        table = _one_tier(given.fraction("maintenance_rate"))
    else:
        table = _one_tier(1 / (2 * given.fraction("max_leverage")))
    is_isolated = given.text("margin_mode", "isolated") == "isolated"
    margin = given.fraction("isolated_margin" if is_isolated else "account_value")
    own = tiers.maintenance_usd(abs(size) * mark, table)
    # What a cross account requires in all; without it the position is its only one.
    required = given.fraction("maintenance_margin", own)
    return {
        "liquidation_price": liquidation.liquidation_price_usd(
            mark,
            size,
            margin_usd=margin,
            tiers=table,
            other_maintenance_usd=required - own,
        ),
        "margin_available": margin - required,
    }


def _identity(given: Given) -> Mapping[str, object]:
    side = _side(given, otherwise=1)
    isolated = given.fraction("isolated_marginUsed", 0)
    value = account.account_value_usd(given.fraction("crossAccountValue"), [isolated])
    return {
        "accountValue": value,
        "totalRawUsd": account.raw_usd(value, side * given.fraction("totalNtlPos")),
        "isolated_rawUsd": account.raw_usd(isolated, side * given.fraction("position_value", 0)),
    }


def _funding(given: Given) -> Mapping[str, object]:
    def known(name: str) -> Fraction | None:
        return given.fraction(name) if name in given else None

    premium = known("premium")
    if premium is None:
        premium = funding.premium_frac(
            given.fraction("oracle"),
            impact_bid_usd=known("impact_bid"),
            impact_ask_usd=known("impact_ask"),
        )
    rate = funding.rate_frac_per_8h(
        premium,
        interest_frac_per_8h=given.fraction("interest_8h", funding.INTEREST_FRAC_PER_8H),
        pull_frac_max=given.fraction("clamp", funding.PULL_FRAC_MAX),
    )
    return {
        "premium": premium,
        "funding_rate_8h": rate,
        "hourly_rate": funding.rate_frac_per_hour(rate),
    }


def _deductions(given: Given) -> Mapping[str, object]:
    table = tiers.tiers_of(given.fractions("lower_bounds"), given.fractions("max_leverage"))
    return {
        "maintenance_rate": [tier.maintenance_frac for tier in table],
        "deduction": [tier.deduction_usd for tier in table],
    }


def _liquidation_rule(given: Given) -> Mapping[str, object]:
    notional = given.fraction("position_notional_usdc")

    def order(*, in_cooldown: bool) -> Fraction:
        return liquidation.order_usd(
            notional,
            in_cooldown=in_cooldown,
            whole_usd_max=given.fraction("threshold"),
            part_frac=given.fraction("fraction"),
        )

    backstop = liquidation.backstop_usd(given.fraction("maintenance"))
    return {
        "first_order_notional": order(in_cooldown=False),
        "during_cooldown_full": order(in_cooldown=True) == notional,
        "backstop_threshold": backstop,
        "goes_to_backstop": given.fraction("equity") < backstop,
    }


def _portfolio(given: Given) -> Mapping[str, object]:
    # What an account does not hold or owe is left out of a case.
    requirement = portfolio.requirement_usd(
        given.fractions("cross_maintenance") if "cross_maintenance" in given else (),
        borrowed_usd=given.fraction("borrowed_value", 0),
        offset_usd=given.fraction("min_borrow_offset", portfolio.OFFSET_USD),
    )
    value = given.fraction("portfolio_balance", 0)
    threshold = None
    if "collateral" in given:
        token = given.table("collateral")
        collateral = portfolio.Collateral(
            quantity_coin=token.fraction("balance"),
            price_oracle_usd=token.fraction("oracle"),
            loan_to_value_frac=token.fraction("ltv"),
            supply_coin_max=token.fraction("supply_cap"),
            borrow_usd_max=token.fraction("borrow_cap"),
        )
        value += portfolio.collateral_usd(collateral)
        threshold = portfolio.threshold_frac(collateral.loan_to_value_frac)
    return {
        "liquidation_threshold": threshold,
        "requirement": requirement,
        "liquidation_value": value,
        # With nothing to set against it a requirement has no ratio.
        "ratio": requirement / value if value > 0 else "infinite",
        "liquidatable": portfolio.is_liquidatable(requirement, value),
    }


def _borrowed(given: Given) -> Mapping[str, object]:
    # A size of either sign means the short, and spot is what is borrowed against.
    short = abs(given.fraction("perp_short"))
    pnl = -short * (given.fraction("mark") - given.fraction("entry"))
    return {"usdc_borrowed": portfolio.borrowed_usd(pnl)}


KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "tiered_maintenance_margin": lambda given: tiers.maintenance_usd(
        given.fraction("notional"), _table(given)
    ),
    "liquidation_price_isolated": _isolated_price,
    "funding_rate_8h": _funding_8h,
    "adl_ranking_longs": lambda given: _ranked(given, "accounts"),
}

_VENUE_KINDS: Final[Mapping[str, Callable[[Given], object]]] = {
    "liquidation_price": _price,
    "account_identity": _identity,
    "funding": _funding,
    "tier_deduction": _deductions,
    "adl_rank": lambda given: _ranked(given, "users"),
    "borrow_rate": lambda given: {
        "apy": portfolio.borrow_rate_frac_per_year(given.fraction("utilization"))
    },
    "portfolio_margin": _portfolio,
    "liquidation_rule": _liquidation_rule,
    "portfolio_margin_borrow": _borrowed,
}

SUITES: Final = {"venue_hyperliquid": _VENUE_KINDS}

"""Small accounts on Derive in a line, and the figures its rules are deployed with."""

from typing import Literal

from hedgerow.margin.rules.derive.book import Expiry, OptionLeg, split_forward_usd
from hedgerow.margin.rules.derive.portfolio_v1 import Portfolio, PortfolioParameters, Scenario
from hedgerow.margin.rules.derive.portfolio_v2 import Collateral, Parameters2, Portfolio2, Scenario2
from hedgerow.margin.rules.derive.standard import Market, StandardParameters

DAY_S = 86_400.0
# The deploy scripts' figures (scripts/config-mainnet.sol @ 7736900d39).
STANDARD = StandardParameters(
    perp_initial_frac=0.10,
    perp_maintenance_frac=0.065,
    short_most_frac=0.15,
    short_least_frac=0.13,
    call_maintenance_frac=0.09,
    put_maintenance_frac=0.09,
    put_maintenance_of_value_frac=0.09,
    unpaired_initial_frac=1.2,
    unpaired_maintenance_frac=1.1,
    put_initial_of_maintenance_frac=1.05,
    oracle_threshold_frac=0.55,
    oracle_factor_frac=1.0,
    depeg_threshold_frac=0.99,
    depeg_factor_frac=2.0,
    base_factor_frac=0.8,
    base_initial_scale_frac=0.9375,
)
V1 = PortfolioParameters(
    basis_up_frac=1.05,
    basis_down_frac=0.95,
    basis_add_frac=0.25,
    basis_multiplier_frac=0.01,
    peg_threshold_frac=0.98,
    peg_factor_frac=2.0,
    confidence_threshold_frac=0.6,
    confidence_factor_frac=0.5,
    base_frac=0.02,
    perp_frac=0.02,
    option_frac=0.01,
    initial_factor_frac=1.3,
    discount_base_frac=0.95,
    discount_rate_multiplier_frac=4.0,
    discount_rate_add_frac=0.05,
    vol_up_frac=0.45,
    vol_down_frac=0.3,
    short_power=0.3,
    long_power=0.13,
    floor_s=DAY_S,
)
V2 = Parameters2(
    maintenance_factor_frac=0.8,
    initial_factor_frac=1.0,
    short_rate_multiplier_frac=0.5,
    long_rate_multiplier_frac=1.0,
    short_rate_add_frac=0.08,
    long_rate_add_frac=0.08,
    long_discount_frac=0.95,
    short_discount_frac=1.04,
    basis_up_frac=1.045,
    basis_down_frac=0.955,
    basis_add_frac=0.5,
    basis_multiplier_frac=2.0,
    peg_threshold_frac=0.98,
    peg_factor_frac=2.0,
    confidence_threshold_frac=0.55,
    confidence_factor_frac=1.0,
    perp_maintenance_frac=0.015,
    perp_initial_frac=0.005,
    option_maintenance_frac=0.003,
    option_initial_frac=0.002,
    vol_up_frac=0.5,
    vol_down_frac=0.275,
    short_power=0.3,
    long_power=0.13,
    floor_s=DAY_S,
    vol_up_least_frac=0.45,
    linear_cap_frac=0.15,
    linear_cap_per_root_year_frac=-0.05,
    abs_cap_frac=0.15,
    abs_cap_per_root_year_frac=-0.05,
    skew_least_log=0.01,
    skew_width_frac=4.0,
    skew_static_frac=0.6,
    skew_scale_frac=-0.1,
)
MOVES = (1.15, 1.05, 1.0, 0.95, 0.85)
VOL_SHOCKS: tuple[Literal["up", "none", "down"], ...] = ("up", "none", "down")


def cells_second(*moves: float) -> list[Scenario2]:
    """Give each price by three vols, then two damped tails and two cells of skew."""
    return [
        *(Scenario2(spot_frac=spot, vol_shock=vol) for spot in moves for vol in VOL_SHOCKS),
        Scenario2(spot_frac=3.0, vol_shock="up", dampening_frac=0.0693),
        Scenario2(spot_frac=0.34, vol_shock="up", dampening_frac=0.21),
        Scenario2(spot_frac=1.0, vol_shock="linear"),
        Scenario2(spot_frac=1.0, vol_shock="abs"),
    ]


CELLS1 = [Scenario(spot_frac=spot, vol_shock=vol) for spot in MOVES for vol in VOL_SHOCKS]
CELLS2 = cells_second(*MOVES)


def leg(strike: float, quantity: float, *, is_call: bool = True, vol: float = 0.8) -> OptionLeg:
    """Make one option; a positive quantity is long."""
    return OptionLeg(strike_usd=strike, is_call=is_call, quantity_coin=quantity, vol_frac=vol)


def expiry(*legs: OptionLeg, seconds: float = 20 * DAY_S, forward: float = 2_000.0) -> Expiry:
    """Put options under one expiry, its forward split as the contract splits it."""
    fixed, variable = split_forward_usd(forward, seconds)
    return Expiry(
        life_s=seconds,
        forward_fixed_usd=fixed,
        forward_variable_usd=variable,
        rate_frac_per_year=0.03,
        confidence_forward_frac=1.0,
        confidence_rate_frac=1.0,
        confidence_vol_frac=1.0,
        legs=legs,
    )


def market(*expiries: Expiry, perp: float = 0.0, base: float = 0.0) -> Market:
    """Make what the standard manager sees of one underlying."""
    return Market(
        spot_usd=2_000.0,
        confidence_spot_frac=1.0,
        perp_usd=2_010.0,
        confidence_perp_frac=1.0,
        perp_coin=perp,
        perp_unrealised_usd=0.0,
        perp_unsettled_usd=0.0,
        base_coin=base,
        expiries=expiries,
    )


def first(*expiries: Expiry, perp: float = 0.0, base: float = 0.0, cash: float = 0.0) -> Portfolio:
    """Make an account of the first portfolio manager."""
    return Portfolio(
        spot_usd=2_000.0,
        confidence_spot_frac=1.0,
        stable_usd=1.0,
        cash_usd=cash,
        base_coin=base,
        perp_coin=perp,
        perp_usd=2_010.0,
        confidence_perp_frac=1.0,
        perp_unrealised_usd=0.0,
        perp_unsettled_usd=0.0,
        expiries=expiries,
    )


def second(
    *expiries: Expiry, perp: float = 0.0, coins: float = 0.0, cash: float = 0.0
) -> Portfolio2:
    """Make an account of the second portfolio manager: a perpetual, ether, dollars, options."""
    eth = Collateral(
        asset="ETH",
        quantity_coin=coins,
        price_usd=2_000.0,
        confidence_frac=1.0,
        haircut_maintenance_frac=0.015,
        haircut_initial_frac=0.005,
        is_risk_cancelling=True,
    )
    return Portfolio2(
        spot_usd=2_000.0,
        confidence_spot_frac=1.0,
        stable_usd=1.0,
        cash_usd=cash,
        perp_coin=perp,
        perp_usd=2_010.0,
        confidence_perp_frac=1.0,
        perp_unrealised_usd=0.0,
        perp_unsettled_usd=0.0,
        collaterals=(eth,) if coins else (),
        expiries=expiries,
    )

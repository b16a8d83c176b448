"""What ``hedgerow price`` knows beside options, as one table: each kind, its flags, its function.

A kind is one command. Its variants are told apart by a flag that only one of them has: a future
with ``--quantity`` counts coins and is paid in dollars, one with ``--quantity-usd`` is paid in
coin. Functions are named, and looked up when a command runs, so that help stays quick.
"""

from typing import Final, NamedTuple

__all__ = ["FLAGS", "KINDS", "NEEDED_FOR", "Flag", "Kind", "Variant"]


class Flag(NamedTuple):
    """How a column of a pricing function is given: flag, bounds in `amounts.BOUNDS`, words."""

    name: str
    of: str
    text: str


class Variant(NamedTuple):
    """One function of `hedgerow.pricing`, or of `app.positions`, and the columns it takes."""

    name: str
    function: str
    needs: tuple[str, ...]
    takes: tuple[str, ...] = ()


class Kind(NamedTuple):
    """One command; its first variant is meant unless a column only another has is given."""

    name: str
    text: str
    variants: tuple[Variant, ...]
    is_drawn: bool = False


FLAGS: Final = {
    "quantity_coin": Flag("--quantity", "amount", "Coins or tokens, negative when short or owed."),
    "quantity_usd": Flag("--quantity-usd", "amount", "Dollars of a contract paid in coin."),
    "quantity_contracts": Flag("--quantity", "amount", "Contracts or tokens, negative when short."),
    "liquidity_contracts": Flag("--liquidity", "amount", "Liquidity L in roots of coin times USD."),
    "value_share_usd": Flag("--value", "amount", "What the share is worth, USD; finds L."),
    "deposit_coin": Flag("--deposit-coin", "amount", "Coins put in at --entry or now; finds L."),
    "deposit_usd": Flag("--deposit-usd", "amount", "Dollars put in at --entry or now; finds L."),
    "multiplier_coin_per_usd": Flag("--multiplier", "positive", "Coins paid per dollar of mark."),
    "price_entry_usd": Flag("--entry", "positive", "Price at which it was entered, USD."),
    "price_mark_usd": Flag("--mark", "positive", "Present price of the contract, USD."),
    "price_spot_usd": Flag("--spot", "positive", "Present price of the coin, USD."),
    "price_usd": Flag("--price", "positive", "Present price of the coin, USD."),
    "price_base_usd": Flag("--price", "positive", "Present price of the base coin, USD."),
    "price_settlement_usd": Flag("--settlement-price", "positive", "Of the coin paid in, USD."),
    "price_forward_usd": Flag("--forward", "positive", "Plain forward of the underlying, USD."),
    "price_lower_usd": Flag("--lower", "positive", "Lower end of the range, USD."),
    "price_upper_usd": Flag("--upper", "positive", "Upper end of the range, USD."),
    "expiry_years": Flag("--years", "expiry_years", "Life left in years of 365 days."),
    "horizon_years": Flag(
        "--horizon", "expiry_years", "Years interest is counted over; a day if left out."
    ),
    "collateral_coin": Flag("--collateral", "amount", "Coins posted beside it."),
    "funding_frac_per_interval": Flag(
        "--funding", "funding_frac_per_interval", "Next funding rate; positive when longs pay."
    ),
    "rate_coin_per_coin": Flag("--exchange-rate", "positive", "Base coins per staked token."),
    "discount_frac": Flag("--discount", "discount_frac", "Below its rate, 0.2%; a premium is < 0."),
    "growth_frac_per_year": Flag("--growth", "rate_frac_per_year", "Of the exchange rate a year."),
    "index_coin_per_coin": Flag("--index", "positive", "Growth of scaled units since inception."),
    "rate_frac_per_year": Flag("--rate", "rate_frac_per_year", "Rate, continuous: 0.05 or 5%."),
    "yield_frac_per_year": Flag("--yield", "rate_frac_per_year", "Yield, continuous: 8%."),
    "norm_factor_frac": Flag("--norm-factor", "norm_factor_frac", "What is left of the token."),
    "exponent_power": Flag("--exponent", "exponent_power", "Of the price; 2 when left out."),
    "scale_usd": Flag("--scale", "positive", "The power is divided by it; 10000 when left out."),
    "funding_days": Flag("--funding-days", "elapsed_days", "Funding period; 17.5 when left out."),
    "vol_frac": Flag("--vol", "vol_frac", "Annual volatility: 0.65 or 65%."),
    "vol_underlying_frac": Flag("--vol-underlying", "vol_frac", "Of what is marked: 65%."),
    "vol_settlement_frac": Flag("--vol-settlement", "vol_frac", "Of the coin paid in: 80%."),
    "correlation_frac": Flag("--correlation", "correlation_frac", "Of their returns, -1 to 1."),
}

# What a column that may be left out is needed for: a rate that nobody gave is not a rate of zero,
# so these numbers are left out with it.
NEEDED_FOR: Final = {
    "funding_frac_per_interval": ("funding_usd_per_interval", "funding_coin_per_interval"),
    "collateral_coin": ("equity_usd", "delta_equity_coin"),
    "growth_frac_per_year": ("accrual_usd_per_day",),
}
_POWER_TERMS = ("rate_frac_per_year", "exponent_power", "scale_usd", "funding_days")
_POOL_TAKES = (
    "liquidity_contracts", "value_share_usd", "deposit_coin", "deposit_usd", "price_entry_usd",
    "vol_frac",
)  # fmt: skip
KINDS: Final = (
    Kind(
        "future",
        "Value a dated future: --quantity in coins is paid in dollars, --quantity-usd in coin.",
        (
            Variant(
                "linear future", "linear_futures",
                ("quantity_coin", "price_entry_usd", "price_mark_usd", "price_spot_usd",
                 "expiry_years"),
            ),
            Variant(
                "inverse future", "inverse_futures",
                ("quantity_usd", "price_entry_usd", "price_mark_usd", "expiry_years"),
                ("collateral_coin",),
            ),
        ),
    ),
    Kind(
        "perp",
        "Value a perpetual: --quantity in coins is paid in dollars, --quantity-usd in coin.",
        (
            Variant(
                "linear perpetual", "linear_perpetuals",
                ("quantity_coin", "price_entry_usd", "price_mark_usd"),
                ("funding_frac_per_interval",),
            ),
            Variant(
                "inverse perpetual", "inverse_perpetuals",
                ("quantity_usd", "price_entry_usd", "price_mark_usd"),
                ("collateral_coin", "funding_frac_per_interval"),
            ),
        ),
    ),
    Kind(
        "quanto",
        "Value a contract marked in dollars and paid in another coin, or find its fair --forward.",
        (
            Variant(
                "quanto", "quanto_contracts",
                ("quantity_contracts", "multiplier_coin_per_usd", "price_entry_usd",
                 "price_mark_usd", "price_settlement_usd"),
            ),
            Variant(
                "quanto forward", "quanto_forwards",
                ("price_forward_usd", "vol_underlying_frac", "vol_settlement_frac",
                 "correlation_frac", "expiry_years"),
            ),
        ),
    ),
    Kind(
        "pool",
        "Value a share of a pool, at every price or between --lower and --upper. Its size is told "
        "by --liquidity, --value or what was deposited. With --entry what it lost against holding, "
        "with --vol what it loses to rebalancers.",
        (
            Variant(
                "full-range share", "pool_full_range",
                ("price_usd",), _POOL_TAKES,
            ),
            Variant(
                "concentrated share", "pool_concentrated",
                ("price_usd", "price_lower_usd", "price_upper_usd"), _POOL_TAKES,
            ),
        ),
        is_drawn=True,
    ),
    Kind(
        "staked",
        "Value a liquid staked token.",
        (
            Variant(
                "staked token", "staked_coins",
                ("quantity_coin", "rate_coin_per_coin", "price_base_usd"),
                ("discount_frac", "growth_frac_per_year"),
            ),
        ),
    ),
    Kind(
        "loan",
        "Value a supply or, with a negative --quantity, a debt of a lending market.",
        (
            Variant(
                "loan", "loans",
                ("quantity_coin", "index_coin_per_coin", "price_usd", "rate_frac_per_year"),
                ("horizon_years",),
            ),
        ),
    ),
    Kind(
        "fixed-yield",
        "Value a token that redeems for one coin at expiry.",
        (
            Variant(
                "fixed-yield token", "fixed_yield_tokens",
                ("quantity_coin", "price_usd", "yield_frac_per_year", "expiry_years"),
            ),
        ),
    ),
    Kind(
        "power",
        "Value a power perpetual at a --vol, or find what its --mark implies.",
        (
            Variant(
                "power perpetual", "power_at_vol",
                ("quantity_contracts", "price_usd", "norm_factor_frac", "vol_frac"), _POWER_TERMS,
            ),
            Variant(
                "power perpetual's mark", "power_of_mark",
                ("price_mark_usd", "price_usd", "norm_factor_frac"), _POWER_TERMS,
            ),
        ),
    ),
)  # fmt: skip

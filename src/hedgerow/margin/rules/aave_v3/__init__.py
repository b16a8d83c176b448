"""Aave v3 (through v3.7): loans against weighted collateral, in the protocol's own integers.

`interest` turns scaled balances into amounts, `account` says how an account stands, `liquidation`
what a liquidator may take. Token amounts are in their smallest units, prices and values in the base
currency with eight decimals (``_base``, in records ``_base_raw``), rates and indices in ray.
Collateral rounds down, debt rounds up.

References
----------
Rules: aave-dao/aave-v3-origin,
src/contracts/protocol/libraries/logic/{GenericLogic,ValidationLogic,LiquidationLogic}.sol
@ fd1fbd9150. Balances as a client shows them: aave/aave-utilities, packages/math-utils
@ d4c93961ec.
"""

from hedgerow.margin.rules.aave_v3.account import (
    Category,
    Holding,
    Standing,
    collateral_base,
    debt_base,
    health_factor_wad,
    standing,
)
from hedgerow.margin.rules.aave_v3.interest import (
    balance_raw,
    balance_shown_raw,
    compounded_interest_ray,
    debt_raw,
    linear_interest_ray,
    normalised_income_ray,
    percent_mul,
    ray_mul,
)
from hedgerow.margin.rules.aave_v3.liquidation import (
    close_factor_bps,
    deficits_raw,
    is_liquidatable,
    leaves_dust,
    liquidation_amounts_raw,
    repayable_raw,
)

__all__ = [
    "Category",
    "Holding",
    "Standing",
    "balance_raw",
    "balance_shown_raw",
    "close_factor_bps",
    "collateral_base",
    "compounded_interest_ray",
    "debt_base",
    "debt_raw",
    "deficits_raw",
    "health_factor_wad",
    "is_liquidatable",
    "leaves_dust",
    "linear_interest_ray",
    "liquidation_amounts_raw",
    "normalised_income_ray",
    "percent_mul",
    "ray_mul",
    "repayable_raw",
    "standing",
]

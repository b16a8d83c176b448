"""GMX v2: a pool is the counterparty of every position, at oracle prices.

Dollars, rates and factors are integers scaled 1e30, as in the contracts. Products with a factor and
divisions floor in turn.

`fixed_point` is the contracts' arithmetic, its power included; `impact` what a trade pays for
tilting the market and at what price it is entered; `funding` what one side pays the other;
`borrowing` what both pay the pool; `position` what a position is worth and when it is liquidated.

References
----------
Rules: gmx-io/gmx-synthetics, contracts/{position/PositionUtils, pricing/PricingUtils,
pricing/PositionPricingUtils, market/MarketUtils, order/BaseOrderUtils, utils/Precision, utils/Calc}
.sol @ a5c0c88351. Power: PaulRBerg/prb-math v2, contracts/{PRBMath, PRBMathUD60x18}.sol.
"""

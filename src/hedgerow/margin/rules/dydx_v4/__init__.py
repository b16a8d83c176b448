"""dYdX v4: perpetuals on an order book, margined in USDC, counted in integer quantums.

A base quantum is ``10^atomic resolution`` of the asset, a quote quantum a millionth of USDC; both
end in ``_raw`` here. Rates are in parts per million.

`requirement` says what a position must be backed with, `liquidation` at what prices a liquidated
one is closed and who pays the difference, `funding` what longs pay shorts.

References
----------
Rules: dydxprotocol/v4-chain, protocol/x/perpetuals/lib/lib.go,
protocol/x/perpetuals/types/liquidity_tier.go, protocol/x/clob/keeper/liquidations.go,
protocol/x/perpetuals/funding/funding.go @ 84d4664bae.
"""

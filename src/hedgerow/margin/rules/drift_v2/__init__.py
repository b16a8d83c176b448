"""Drift v2: cross margin on Solana, in the program's own fixed point.

Prices and quote amounts are scaled 1e6, base amounts and funding rates 1e9, weights and margin
ratios 1e4, liquidation and insurance fees 1e6. Divisions floor unless a function says otherwise;
products are never rounded.

`weights` says what a deposit, a borrow, a profit or a perpetual counts for; `liquidation` how much
of an account changes hands; `insurance` what the fund takes and what others bear when an account
owes more than it has; `funding` what longs pay shorts.

References
----------
Rules: drift-labs/protocol-v2, programs/drift/src/{math/liquidation.rs, math/margin.rs,
math/funding.rs, state/perp_market.rs, state/spot_market.rs} @ 0ae3e3b1db.
"""

"""Hyperliquid: perpetuals margined in USDC, in tiers, and a portfolio margin that borrows.

Dollars, coins and rates are exact fractions; nothing is rounded, as the venue does not say how it
rounds.

`tiers` says what a notional requires, `account` what an account is worth and may take out,
`liquidation` when and how positions are closed and who is deleveraged, `funding` what longs pay
shorts, `portfolio` the ratio of an account in portfolio margin and what borrowing costs.

References
----------
Rules: the venue's documentation, pages *Margining, Margin tiers, Liquidations, Auto-deleveraging,
Funding, Portfolio margin*, 2026-08-22. The engine is closed: these are the documented rules.
"""

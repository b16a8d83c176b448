"""Derive v2: standard manager, two generations of portfolio margin, auctions, perpetual funding.

The contracts count in 18-decimal fixed point; the rules here are float64 and agree with them to
about 1e-9 relative, far inside what the peer's suites assert. Margin is a *balance*: negative is a
shortfall. Money is in USD, time in seconds, a year has 365 days.

References
----------
derivexyz/v2-core @ 7736900d39 and lyra-finance/lyra-utils @ 759e962526.
"""

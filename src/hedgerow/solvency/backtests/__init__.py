"""How likely was it by what came before, and were such chances and alarms right.

Recorded prices, forecasts and outcomes enter as columns; what was known at each hour is all that a
forecast of that hour sees.
"""

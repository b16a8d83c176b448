"""What numbers mean: time as integer nanoseconds, and the one crossing between two worlds.

Exact numbers (`Decimal`, `int`) are what venues count; `float64` is what models estimate. They meet
in `units.cross` and nowhere else: either enters and the other leaves. Written times enter and
nanoseconds leave, and back; floats that a file keeps enter `units.printed`, and the decimals that
were meant leave. The room refuses to make anything exact out of what is not finite, or without
being told which way it rounds.
"""

from hedgerow.units.cross import (
    CENT_USD,
    Rounding,
    digits_of,
    exact_lots,
    is_multiple,
    mul_div_down,
    mul_div_up,
    quantise,
    quantise_fraction_up,
    scaled,
    to_exact,
    to_model,
)
from hedgerow.units.printed import Printed
from hedgerow.units.shares import percent
from hedgerow.units.time import (
    DAY_NS,
    HOUR_NS,
    MINUTE_NS,
    SECOND_NS,
    YEAR_HOURS,
    YEAR_NS,
    YEAR_S,
    date_utc,
    format_ns,
    parse_ns,
    years_between,
)

__all__ = [
    "CENT_USD",
    "DAY_NS",
    "HOUR_NS",
    "MINUTE_NS",
    "SECOND_NS",
    "YEAR_HOURS",
    "YEAR_NS",
    "YEAR_S",
    "Printed",
    "Rounding",
    "date_utc",
    "digits_of",
    "exact_lots",
    "format_ns",
    "is_multiple",
    "mul_div_down",
    "mul_div_up",
    "parse_ns",
    "percent",
    "quantise",
    "quantise_fraction_up",
    "scaled",
    "to_exact",
    "to_model",
    "years_between",
]

"""What a value in a desk file may be: durations, moments, exact and real numbers, names."""

import re
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from hedgerow.app.name_meant import name_meant
from hedgerow.limits import METRICS
from hedgerow.units import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, parse_ns

__all__ = [
    "UNKNOWN_NAME",
    "Count",
    "DollarPeg",
    "Duration",
    "DurationPositive",
    "Exact",
    "ExactFraction",
    "ExactNotNegative",
    "ExactPositive",
    "Fraction",
    "MetricName",
    "Moment",
    "Name",
    "NotNegative",
    "Part",
    "Positive",
    "Real",
    "RungBounds",
    "Step",
    "duration_ns",
]

# What a name that is none is told as, where the one that was meant is known: the whole mistake.
UNKNOWN_NAME: Final = "unknown_name"

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_DURATION_NS_MAX = 3_653 * DAY_NS
_MOMENT_NS_MIN, _MOMENT_NS_MAX = parse_ns("2000-01-01"), parse_ns("2200-01-01")
_PEG_USD_MIN, _PEG_USD_MAX = Decimal("0.5"), Decimal("1.5")
_DURATION_NS = {"s": SECOND_NS, "m": MINUTE_NS, "h": HOUR_NS, "d": DAY_NS}


def duration_ns(written: Any) -> Any:
    """Read a duration such as 90s, 15m, 13h or 2d.

    Raises
    ------
    ValueError
        If it is none.
    """
    found = _DURATION.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise ValueError("write a duration such as 90s, 15m, 13h or 2d")
    length_ns = int(Decimal(found[1]) * _DURATION_NS[found[2]])
    if length_ns > _DURATION_NS_MAX:
        raise ValueError("a duration of more than ten years cannot be meant")
    return length_ns


def _moment_ns(written: Any) -> Any:
    if not isinstance(written, str):
        raise ValueError("write a time in quotes, such as 2026-01-29T00:00:00Z")
    try:
        moment_ns = parse_ns(written)
    except (ValueError, OverflowError) as bad:
        raise ValueError("write a time such as 2026-01-29T00:00:00Z") from bad
    if not _MOMENT_NS_MIN <= moment_ns <= _MOMENT_NS_MAX:
        raise ValueError("write a time between the years 2000 and 2200")
    return moment_ns


def _step_ns(written: Any) -> Any:
    step_ns = duration_ns(written)
    if step_ns < SECOND_NS:
        raise ValueError("must be at least 1s")  # ids of orders count in seconds
    return step_ns


def _metric(name: str) -> str:
    if name not in METRICS:
        meant = name_meant(name, METRICS)
        if meant is not None:
            said = f"unknown metric {name!r}; did you mean {meant!r}?"
            raise PydanticCustomError(UNKNOWN_NAME, "{said}", {"said": said})
        *most, last = METRICS
        raise ValueError(f"must be {', '.join(most)} or {last}")
    return name


def _no_flag(written: Any) -> Any:
    if isinstance(written, bool):
        raise ValueError("write a number")
    return written


def _peg_usd(price_usd: Decimal) -> Decimal:
    # A dollar coin stands still while every other coin moves. What is half a dollar off is none, or
    # is meant in another unit: 100 is cents.
    if not _PEG_USD_MIN <= price_usd <= _PEG_USD_MAX:
        raise ValueError(
            f"must be what one coin is worth in USD, from {_PEG_USD_MIN} to {_PEG_USD_MAX}"
        )
    return price_usd


def _four(bounds: list[float]) -> list[float]:
    if len(bounds) != 4:
        raise ValueError("must be four bounds: of watch, call, inject and reduce")
    return bounds


_Number = BeforeValidator(_no_flag)
_DIGITS = Field(max_digits=36, decimal_places=18, allow_inf_nan=False)

Duration = Annotated[int, BeforeValidator(duration_ns)]
DurationPositive = Annotated[int, BeforeValidator(duration_ns), Field(gt=0)]
Step = Annotated[int, BeforeValidator(_step_ns)]
Moment = Annotated[int, BeforeValidator(_moment_ns)]
Exact = Annotated[Decimal, _Number, _DIGITS]
ExactPositive = Annotated[Decimal, _Number, _DIGITS, Field(gt=0)]
ExactNotNegative = Annotated[Decimal, _Number, _DIGITS, Field(ge=0)]
DollarPeg = Annotated[Decimal, _Number, _DIGITS, Field(gt=0), AfterValidator(_peg_usd)]
ExactFraction = Annotated[Decimal, _Number, _DIGITS, Field(gt=0, lt=1)]
Real = Annotated[float, _Number, Field(allow_inf_nan=False)]
Positive = Annotated[float, _Number, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, _Number, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, _Number, Field(gt=0, lt=1, allow_inf_nan=False)]
RungBound = Annotated[float, _Number, Field(gt=0, le=1, allow_inf_nan=False)]
RungBounds = Annotated[list[RungBound], AfterValidator(_four)]
Count = Annotated[int, _Number]
MetricName = Annotated[str, AfterValidator(_metric)]
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[\w.:\-]+$")]


class Part(BaseModel):
    """Every part refuses keys it does not know and numbers that are not finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

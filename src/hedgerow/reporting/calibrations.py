"""How forecast chances held, for a terminal: bins by horizon, totals and scores, crashes apart."""

from collections.abc import Sequence

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.reporting.figures import UNKNOWN, percent, plain, significant
from hedgerow.reporting.framing import headed, note
from hedgerow.reporting.grid import Column, grid
from hedgerow.solvency import SCORE_FLOOR_FRAC, Calibration, holding_frac

__all__ = ["CrashRow", "calibration_tables"]


class CrashRow(msgspec.Struct, frozen=True, kw_only=True):
    """What was said and what came on some days, of one side, all coins and leverages together."""

    first_day: str
    last_day: str
    horizon_hours: int
    is_long: bool
    forecasts_count: int
    predicted_frac: float
    closed_form_frac: float
    observed_frac: float


def calibration_tables(
    heading: str, found: Sequence[Calibration], crashes: Sequence[CrashRow]
) -> RenderableType:
    """Bins of every horizon, then what each horizon comes to, then the days of crashes."""
    held = [each.holds for row in found for each in row.bins]
    return Group(
        *headed(heading),
        _bins(found),
        note(
            f"{sum(held)} of {len(held)} bins hold what came inside the 95 % band of as many "
            "independent trials as windows fit side by side."
        ),
        Text(),
        _horizons(found),
        note(
            "Apart: bins of each coin and side by itself, of windows that lie end to end, over "
            "several phases. Scores: mean log of the chance given to what came, none nearer to 0 "
            f"or 1 than {SCORE_FLOOR_FRAC:g}; the closed form is that of a lognormal price with a "
            "daily decay of 0.94."
        ),
        *([Text(), _crashes(crashes), note(_CRASH_NOTE)] if crashes else []),
    )


_CRASH_NOTE = (
    "Chosen because prices crashed then, so that no honest chance agrees with them; they are also "
    "part of the tables above, as every hour is."
)


def _bins(found: Sequence[Calibration]) -> RenderableType:
    head: tuple[Column, ...] = (
        ("Horizon", "", True), ("Said", "from", True), ("Said", "to", True),
        ("Forecasts", "", True), ("Periods", "", True), ("Said", "mean", True),
        ("Came", "", True), ("Band", "from", True), ("Band", "to", True), ("Holds", "", False),
    )  # fmt: skip
    rows = [
        (
            f"{row.horizon_hours} h", percent(each.from_frac, 1), percent(each.to_frac, 1),
            plain(each.forecasts_count, 0), plain(each.periods_count, 0),
            percent(each.predicted_frac, 3), percent(each.observed_frac, 3),
            percent(each.low_frac, 3), percent(each.high_frac, 3),
            "yes" if each.holds else "no",
        )
        for row in found
        for each in row.bins
    ]  # fmt: skip
    return grid("What was said, and what came", head, rows)


def _horizons(found: Sequence[Calibration]) -> RenderableType:
    head: tuple[Column, ...] = (
        ("Horizon", "", True), ("Predicted", "", True), ("Observed", "", True), ("Ratio", "", True),
        ("Closed form", "ratio", True), ("Bins hold", "", True), ("Apart hold", "", True),
        ("Closed form", "hold", True), ("Score", "", True), ("Closed form", "score", True),
        ("Gain", "95 %", True), ("Least", "chance", True),
    )  # fmt: skip
    rows = [
        (
            f"{row.horizon_hours} h",
            plain(row.totals.predicted_count, 0), plain(row.totals.observed_count, 0),
            _ratio(row.totals.ratio_frac), _ratio(row.rival_totals.ratio_frac),
            f"{sum(each.holds for each in row.bins)}/{len(row.bins)}",
            f"{row.bins_apart_holding_count}/{row.bins_apart_count}",
            f"{sum(each.holds for each in row.rival_bins)}/{len(row.rival_bins)}",
            plain(row.score_log, 5), plain(row.rival_score_log, 5),
            f"{plain(row.gain_low_log, 5)} to {plain(row.gain_high_log, 5)}",
            significant(row.probability_frac_min, 1),
        )
        for row in found
    ]  # fmt: skip
    held = holding_frac([each for row in found for each in row.bins])
    return grid(f"By horizon; {percent(held, 0)} of all bins hold", head, rows)


def _ratio(ratio_frac: float | None) -> str:
    return UNKNOWN if ratio_frac is None else plain(ratio_frac, 3)


def _crashes(crashes: Sequence[CrashRow]) -> RenderableType:
    head: tuple[Column, ...] = (
        ("Days", "", False), ("Horizon", "", True), ("Side", "", False), ("Forecasts", "", True),
        ("Said", "", True), ("Closed form", "", True), ("Came", "", True),
    )  # fmt: skip
    rows = [
        (
            f"{each.first_day} to {each.last_day[5:]}", f"{each.horizon_hours} h",
            "long" if each.is_long else "short", plain(each.forecasts_count, 0),
            percent(each.predicted_frac, 2), percent(each.closed_form_frac, 2),
            percent(each.observed_frac, 2),
        )
        for each in crashes
    ]  # fmt: skip
    return grid("In the days of crashes", head, rows)

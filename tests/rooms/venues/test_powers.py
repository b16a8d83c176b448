from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from hedgerow.errors import RecordingRejected
from hedgerow.market import PowerState
from hedgerow.units import MINUTE_NS, parse_ns
from hedgerow.venues.recordings import read_power_states
from tests.rooms.venues.made import EVER, changed, file

NAME = "squeeth_controller.parquet"
START = datetime(2023, 8, 17, 21, tzinfo=UTC)
START_NS = parse_ns("2023-08-17T21:00:00Z")


def states(minutes: int = 3) -> pl.DataFrame:
    rows = [
        {
            "ts": START + timedelta(minutes=at),
            "norm_factor": 0.289 - 1e-6 * at,
            "WETH": 1700.25 - at,
            "OSQTH": 0.0485,
        }
        for at in range(minutes)
    ]
    return pl.DataFrame(rows, schema_overrides={"ts": pl.Datetime("us", "UTC")})


def test_a_state_is_exact_in_dollars_and_known_when_its_minute_is_over(tmp_path: Path) -> None:
    events = list(read_power_states(file(tmp_path, NAME, states()), **EVER))
    assert len(events) == 3
    assert events[1] == PowerState(
        time_ns=START_NS + 2 * MINUTE_NS,
        instrument_id="oSQTH",
        norm_factor_frac=Decimal("0.288999"),
        price_underlying_usd=Decimal("1699.25"),
        price_mark_usd=Decimal("1699.25") * Decimal("0.0485"),
    )


def test_the_window_is_of_times_known(tmp_path: Path) -> None:
    folder = file(tmp_path, NAME, states())
    at_ns = START_NS + 2 * MINUTE_NS
    (event,) = read_power_states(folder, start_ns=at_ns, end_ns=at_ns + 1)
    assert event.time_ns == at_ns


@pytest.mark.parametrize("column", ["norm_factor", "WETH", "OSQTH"])
@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_what_cannot_be_is_refused(tmp_path: Path, column: str, bad: float) -> None:
    folder = file(tmp_path, NAME, changed(states(), column, 1, bad))
    with pytest.raises(RecordingRejected, match=f"row 1 .*{column} must be finite and positive"):
        list(read_power_states(folder, **EVER))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    folder = file(tmp_path, NAME, states().drop("norm_factor"))
    with pytest.raises(RecordingRejected, match="norm_factor"):
        list(read_power_states(folder, **EVER))


def test_the_recording_of_august_2023(shared_data: Path) -> None:
    events = list(read_power_states(shared_data / "defi_minute_202308", **EVER))
    assert len(events) == 5_760
    first = events[0]
    assert isinstance(first, PowerState)
    assert first.time_ns == parse_ns("2023-08-14T00:01:00Z")
    # Index 0.2896 · 1839.2² / 10000 = 97.95, and a mark seven thousandths above it.
    index = first.norm_factor_frac * first.price_underlying_usd**2 / 10_000
    assert 1.006 < first.price_mark_usd / index < 1.008

"""Neither a month nor five of them need to fit in memory."""

import subprocess
import sys
from pathlib import Path

import pytest

# Measured above the imports: 105 MB for a month, 125 MB for five, most of it the buffers in which
# polars unpacks; the same five months kept as records take more than 350 MB.
ABOVE_IMPORTS_MB_MAX = 180

PROGRAM = """
import sys
from pathlib import Path
from hedgerow.units import parse_ns
from hedgerow.venues.recordings import read_chains

def peak_mb():
    # Not ru_maxrss: across exec it keeps the peak of the parent, here a worker with every import.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024

folder, mode, start, end = sys.argv[1:]
before_mb = peak_mb()
window = {"start_ns": parse_ns(start), "end_ns": parse_ns(end)}
events = read_chains(Path(folder), underlyings=["BTC", "ETH"], **window)
rows = len(list(events)) if mode == "keep" else sum(1 for _ in events)
print(rows, peak_mb() - before_mb)
"""

MONTH = ("2026-03-01", "2026-04-01", 218_844 + 2 * 124)
ALL = ("2025-12-01", "2026-06-01", 973_412 + 2 * 604)


def above_imports_mb(folder: Path, mode: str, window: tuple[str, str, int]) -> float:
    start, end, events = window
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), mode, start, end],
        capture_output=True,
        text=True,
        check=True,
    )
    rows, peak_mb = done.stdout.split()
    assert int(rows) == events
    return float(peak_mb)


@pytest.mark.slow
@pytest.mark.parametrize("window", [MONTH, ALL], ids=["month", "all"])
def test_reading_stays_within_a_bound(shared_data: Path, window: tuple[str, str, int]) -> None:
    folder = shared_data / "deribit_options_2026"
    assert above_imports_mb(folder, "stream", window) < ABOVE_IMPORTS_MB_MAX


@pytest.mark.slow
def test_the_measure_notices_who_keeps_everything(shared_data: Path) -> None:
    folder = shared_data / "deribit_options_2026"
    assert above_imports_mb(folder, "keep", ALL) > 1.5 * ABOVE_IMPORTS_MB_MAX

"""One option through the public call, the first call of a process, code for older machines."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from llvmlite.binding import get_host_cpu_features

from hedgerow.pricing import EuropeanColumns, european_greeks

from .clock import Result, Way, interleaved, row

FIRST = """
from time import perf_counter, process_time
begun = perf_counter()
import numpy as np
from llvmlite.binding import get_host_cpu_features

from hedgerow.pricing import EuropeanColumns, european_greeks
one = np.ones(1)
european_greeks(EuropeanColumns(
    underlying_usd=one, strike_usd=one, vol_frac=one, expiry_years=one, is_call=one > 0))
print(perf_counter() - begun, process_time())
"""

# The name alone would leave Numba the features of the host, and so its 512 bits.
AVX2 = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma,+bmi,+bmi2"}
NARROW = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pricing.greeks import greeks
from pricing.scenarios import scenarios
kept = {"greeks_12_ns_per_option_1e4", "coin_greeks_ns_per_option_1e4", "scenario_cell_ns"}
found = [*greeks(10_000, ()), *scenarios()]
print(json.dumps({row["name"]: row["value"] for row in found if row["name"] in kept}))
"""


def single() -> list[Result]:
    """Measure one option through the public functions, columns and gate included."""
    one = np.ones(1)
    forward, strike, vol, years, is_call = 6e4 * one, 6.5e4 * one, 0.65 * one, 0.2 * one, one > 0

    def call() -> None:
        european_greeks(
            EuropeanColumns(
                underlying_usd=forward,
                strike_usd=strike,
                vol_frac=vol,
                expiry_years=years,
                is_call=is_call,
            )
        )

    took = interleaved({"call": Way(call, 1, 500)})
    us = median(took["call"]) / 1e3
    return [row("single_option_us", us, "µs", 20.0, "gate and records too")]


def first_call() -> list[Result]:
    """Measure the first price of a process, everything imported in it, with and without a cache."""
    with tempfile.TemporaryDirectory() as folder:
        runs = [_printed(FIRST, {"NUMBA_CACHE_DIR": folder}).split() for _ in range(6)]
    took = [float(wall) for wall, _ in runs]
    worked = [float(processor) for _, processor in runs]
    note = "a new process, imports included"
    return [
        row("first_call_cached_s", median(took[1:]), "s", 1.5, f"{note}; wall clock, median of 5"),
        row("first_call_cached_cpu_s", median(worked[1:]), "s", None, f"{note}; processor time"),
        row("first_call_compiling_s", took[0], "s", None, f"{note}; wall clock"),
    ]


def has_avx2() -> bool:
    """Whether this is a machine for which AVX2 code can be made and run."""
    return platform.machine() in ("x86_64", "AMD64") and get_host_cpu_features()["avx2"]


def narrow() -> list[Result]:
    """Measure code for machines with AVX2 only, compiled in a process and a cache of its own."""
    if not has_avx2():
        print("this machine has no AVX2: its rows are left out", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as folder:
        found = json.loads(_printed(NARROW, AVX2 | {"NUMBA_CACHE_DIR": folder}))
    note = "compiled for AVX2, 256 bits, where this machine may have more"
    return [
        row("greeks_12_avx2_ns", found["greeks_12_ns_per_option_1e4"], "ns", 30.0, note),
        row("coin_greeks_avx2_ns", found["coin_greeks_ns_per_option_1e4"], "ns", None, note),
        row("scenario_cell_avx2_ns", found["scenario_cell_ns"], "ns", 10.0, note),
    ]


def _printed(program: str, chosen: dict[str, str]) -> str:
    """Give what a program prints in a new process."""
    return subprocess.run(
        [sys.executable, "-c", program, str(Path(__file__).resolve().parents[1])],
        env=os.environ | chosen,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout

"""Compiled code kept on disk follows its sources, in whatever file they stand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HELPER = """
from hedgerow.pricing.kernels.compiled import inlined
ADDED = {added}

@inlined
def moved(x):
    return {factor} * x + ADDED
"""

KERNEL = """
import numpy as np
from hedgerow.pricing.kernels.compiled import COLUMN, RESULT, compiled, inlined
from helper import moved

@inlined
def passed_on(x):
    return moved(x)

@compiled(COLUMN, RESULT)
def kernel(given, out):
    for i in range(given.shape[0]):
        out[i] = passed_on(given[i])

out = np.empty(1)
kernel(np.array([10.0]), out)
print(out[0])
"""


def answer(folder: Path, *, factor: float, added: float) -> tuple[float, int]:
    """Run the kernel in a process of its own; give its answer and how many codes are kept."""
    (folder / "helper.py").write_text(HELPER.format(factor=factor, added=added))
    (folder / "kernel.py").write_text(KERNEL)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(folder / "kernel.py")],
        env=os.environ | {"NUMBA_CACHE_DIR": str(folder / "kept"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout), len(list((folder / "kept").rglob("*.nbc")))


@pytest.mark.slow
def test_a_change_in_a_helper_elsewhere_is_seen(tmp_path: Path) -> None:
    assert answer(tmp_path, factor=2.0, added=0.0) == (20.0, 1)
    assert answer(tmp_path, factor=2.0, added=0.0) == (20.0, 1)
    assert answer(tmp_path, factor=3.0, added=0.0) == (30.0, 2)
    assert answer(tmp_path, factor=3.0, added=0.5) == (30.5, 3)
    assert answer(tmp_path, factor=2.0, added=0.0) == (20.0, 3)

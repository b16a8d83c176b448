"""Compiled code kept on disk follows its sources, in whatever file they stand."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pytest

from hedgerow.pricing.kernels.compiled import _digest

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


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_damaged_file_is_no_end(tmp_path: Path, ending: str) -> None:
    assert answer(tmp_path, factor=2.0, added=0.0) == (20.0, 1)
    (kept,) = (tmp_path / "kept").rglob(f"*.{ending}")
    for left in (b"", b"\x80\x04half of it"):
        kept.write_bytes(left)
        assert answer(tmp_path, factor=2.0, added=0.0)[0] == 20.0


def digest_of(
    source: Callable[..., Any], *, defaults: Any = None, only: Any = None, **known: Any
) -> str:
    made = FunctionType(source.__code__, known, source.__name__, defaults)
    made.__kwdefaults__ = only
    return _digest(made)


def reader(x: float) -> Any:
    return TABLE[0] * x  # type: ignore[name-defined]  # noqa: F821


def with_default(x: float, by: Any = None) -> Any:
    return x * by


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1.0, 2.0), (1.0, 3.0)),
        ((1.0, (2.0, 5)), (1.0, (2.0, 6))),
        (np.arange(5_000.0), np.arange(5_000.0) + (np.arange(5_000) == 2_500)),
        (np.arange(4.0), np.arange(4.0).reshape(2, 2)),
        (np.zeros(2), np.zeros(2, dtype=np.int64)),
        (np.float64(1.0), np.float64(2.0)),
        (np.float32(1.0), np.float64(1.0)),
        (1, 1.0),
        (True, 1),
        ("a", "b"),
    ],
)
def test_everything_a_kernel_takes_in_is_in_its_name(one: Any, other: Any) -> None:
    assert digest_of(reader, TABLE=one) == digest_of(reader, TABLE=one)
    assert digest_of(reader, TABLE=one) != digest_of(reader, TABLE=other)
    assert digest_of(with_default, defaults=(one,)) != digest_of(with_default, defaults=(other,))
    first, second = ({"by": each} for each in (one, other))
    assert digest_of(with_default, only=first) != digest_of(with_default, only=second)


@pytest.mark.parametrize("unknown", [[1.0], {"a": 1.0}, object(), os, lambda: 1.0, (1.0, [2.0])])
def test_what_cannot_be_spelt_out_is_refused(unknown: Any) -> None:
    with pytest.raises(TypeError, match="of which no digest is known"):
        digest_of(reader, TABLE=unknown)


def test_code_without_a_name_is_refused() -> None:
    def outer(x: float) -> Any:
        def inner() -> float:
            return x

        return inner

    with pytest.raises(TypeError, match="goes by no name"):
        _digest(outer)
    with pytest.raises(TypeError, match="goes by no name"):
        _digest(outer(1.0))

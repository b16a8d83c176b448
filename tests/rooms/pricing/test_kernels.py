"""What the compiler made of the kernels, and where it may keep it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from hedgerow.pricing.kernels import accounts, averaged, elementary, implied, vanilla

# Whichever width the machine has: 256 bits are ymm, 512 are zmm.
PACKED = r"^\s+v(?:mul|add|sub|div|sqrt|fn?m(?:add|sub)\d+)pd\s[^\n]*%[yz]mm"
MOVED = r"^\s+v(?:mov[au]p[ds]|unpck[lh]pd|perm\w+|shuf\w+|insert\w+)\s[^\n]*%[yz]mm"


# How many loops each kernel has, all of which must have become vector loops, and three quarters of
# the packed instructions seen: a loop that falls back to one number at a time takes away more.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("kernel", "loops_count", "instruction", "packed_min"),
    [
        pytest.param(vanilla.greeks, 4, PACKED, 165, id="greeks"),
        pytest.param(vanilla.coin_numbers, 6, PACKED, 180, id="coin_numbers"),
        pytest.param(vanilla.profits, 3, PACKED, 125, id="profits"),
        pytest.param(averaged.profits, 3, PACKED, 125, id="averaged"),
        pytest.param(implied.vols, 6, PACKED, 170, id="vols"),
        pytest.param(accounts.contract, 2, PACKED, 20, id="contract"),
        pytest.param(accounts.turn, 3, MOVED, 26, id="turn"),
    ],
)
def test_every_loop_became_packed_instructions(
    kernel: Any, loops_count: int, instruction: str, packed_min: int
) -> None:
    made = kernel.dispatcher(cache=False)
    (assembly,) = made.inspect_asm().values()
    (code,) = made.inspect_llvm().values()
    bodies = re.findall(r"^vector\.body(?!\S*preheader)[^:\s]*:", code, re.MULTILINE)
    assert len(bodies) == loops_count
    if "ymm" in assembly or "zmm" in assembly:  # x86 with AVX
        assert len(re.findall(instruction, assembly, re.MULTILINE)) >= packed_min
    # What is left over at the end of a column may be scalar, but nothing calls out of the loop.
    assert not re.search(r"call [^\n]*@(exp|log|erfc?|pow)\b", code)


def test_exponential_and_logarithm_are_good_to_the_last_digits() -> None:
    with mpmath.workdps(40):
        for x in (*np.linspace(-700.0, 700.0, 401), -1e-9, 0.0, 1e-300, 0.34657, -0.34658):
            want = mpmath.exp(mpmath.mpf(float(x)))
            assert abs(mpmath.mpf(elementary.exp(float(x))) / want - 1) < 3e-16, x
        rng = np.random.default_rng(1)
        near = 1.0 + np.concatenate([rng.normal(size=200) * 1e-8, [2.0**-52, -(2.0**-53), 0.0]])
        for a in (*np.exp(rng.uniform(-300, 300, 300)), *near):
            for b in (1.0, 3.0, 1.9999999):
                want = mpmath.log(mpmath.mpf(float(a)) / mpmath.mpf(b))
                assert abs(mpmath.mpf(elementary.log_ratio(float(a), b)) - want) <= 5e-16 * abs(
                    want
                )
    assert elementary.exp(-1e3) == 0.0
    assert elementary.exp(0.0) == 1.0


def test_tails_are_good_to_the_last_digits() -> None:
    with mpmath.workdps(40):
        for z in np.concatenate([np.linspace(0.0, 40.0, 801), np.geomspace(1e-9, 1.0, 100)]):
            exact = mpmath.mpf(float(z))
            want = mpmath.erfc(exact / mpmath.sqrt(2)) / 2 / mpmath.npdf(exact)
            got = elementary.mills_above(float(z)) / elementary.mills_under(float(z))
            assert abs(mpmath.mpf(got) / want - 1) < 1e-15, z


PRICE = """
import numpy as np
from hedgerow.pricing import EuropeanColumns, european_greeks
from hedgerow.pricing.compiling import hear
hear(lambda: None, lambda why: print(why.partition(':')[0], end=' '))
one = np.ones(1)
options = EuropeanColumns(
    underlying_usd=one, strike_usd=one, vol_frac=one, expiry_years=one, is_call=one > 0
)
print(round(european_greeks(options).value_usd[0], 6))
"""


def priced(root: Path, environment: dict[str, str]) -> str:
    """Price in a process of its own, whose package has no place for compiled code."""
    clean = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRICE],
        env=clean | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_without_a_place_to_write_kernels_are_compiled_anew(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[3]
    package = tmp_path / "hedgerow"
    shutil.copytree(
        root / "src" / "hedgerow", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    # A file where a folder is wanted stops everybody, also one who may write anywhere.
    (package / "pricing" / "kernels" / "__pycache__").touch()
    nowhere = tmp_path / "nowhere"
    nowhere.touch()
    homeless = {"HOME": str(nowhere)}
    assert priced(tmp_path, homeless) == "RuntimeError 0.382925"
    bad = {"NUMBA_CACHE_DIR": str(nowhere / "below")}
    assert priced(tmp_path, homeless | bad) == "RuntimeError 0.382925"
    chosen = tmp_path / "chosen"
    assert priced(tmp_path, homeless | {"NUMBA_CACHE_DIR": str(chosen)}) == "0.382925"
    assert list(chosen.rglob("*.nbc"))

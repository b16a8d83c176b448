"""A short run comes to the head that is written down: again, elsewhere, on another machine.

The head is no truth about money (`tests/golden/heads.py` says what it is and how it is written
anew). That README shows the head of its own, longer run is looked at in
`tests/docs/test_commands.py`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.golden.heads import played
from tests.golden.read import case

ROOT = Path(__file__).resolve().parents[2]
THEN: dict[str, str] = case("runs/heads", "embedded-crash")["then"]

# What NumPy, OpenBLAS and Numba would find on a machine of 2008, a zone and a hash of its own.
OLDER = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Nehalem",
    "NUMBA_CPU_NAME": "generic",
    "PYTHONHASHSEED": "77",
    "TZ": "Asia/Kathmandu",
}
PLAY = "from tests.golden.heads import played\nprint(played()['chain_head'])"


def test_a_run_comes_to_the_head_that_was_written_down() -> None:
    assert played() == THEN, "if a journal was meant to change: python -m tests.golden.heads"


def test_the_run_is_worth_a_digest() -> None:
    """Plans are carried out in it, and each is told in rows of its own."""
    assert int(THEN["rows"]) > 4 * int(THEN["actions"]) > 40


@pytest.mark.slow
def test_a_machine_that_can_do_less_comes_to_it_too() -> None:
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PLAY],
        cwd=ROOT,
        env=os.environ | OLDER,
        capture_output=True,
        check=True,
        text=True,
    )
    assert told.stdout.strip() == THEN["chain_head"]

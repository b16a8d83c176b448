"""Settings and places that every test shares."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from hedgerow.app.kernel_cache import choose_kernel_cache

# The same examples on every run and no deadline: a shared machine that is slow for a moment is not
# a wrong answer. To look for new examples: --hypothesis-profile=explore
settings.register_profile("house", deadline=None, derandomize=True, print_blob=True)
# A quarter of them before each commit (make check); make test draws all.
settings.register_profile(
    "quick", deadline=None, derandomize=True, print_blob=True, max_examples=25
)
settings.register_profile("explore", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("house")

# Compiled kernels are shared by the workers and by later runs of the same sources.
choose_kernel_cache(Path(__file__).resolve().parents[1] / "build")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Leave what is collected out of the search for cycles: it stays until the end.

    Ten thousand tests and the modules they import were walked again and again, a third of the time
    that collecting took. While tests run, cycles are looked for less often, and at the very end.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(20_000, 20, 20)


# Recordings are not ours to ship: they lie beside the repository, or nowhere.
_SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; tests that need it are skipped where it is absent."""
    if not _SHARED_DATA.is_dir():
        pytest.skip("no real recordings: ../shared/data is not beside the repository")
    return _SHARED_DATA

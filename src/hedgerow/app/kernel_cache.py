"""Where compiled kernels are kept: chosen once, at start-up, before Numba is imported.

Numba would keep them beside the package, or not at all if that cannot be written. Lower rooms know
nothing of it.
"""

import os
import sys
import tempfile
from pathlib import Path

__all__ = ["choose_kernel_cache"]

_VARIABLE = "NUMBA_CACHE_DIR"


def choose_kernel_cache(base: Path | None = None) -> Path | None:
    """Name a folder to Numba, made and found writable; without one, leave the choice to it.

    Parameters
    ----------
    base
        Where the folder of kernels lies; left out, in the user's own cache.

    Returns
    -------
    Path or None
        None if somebody has chosen already (the environment, or an import of Numba), or if nothing
        could be written.
    """
    if os.environ.get(_VARIABLE) or "numba" in sys.modules:
        return None
    try:
        folder = (base or _users() / "hedgerow") / "kernels"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError):  # RuntimeError: nobody knows where home is
        return None
    os.environ[_VARIABLE] = str(folder)
    return folder


def _users() -> Path:
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    return Path(chosen) if os.path.isabs(chosen) else Path.home() / ".cache"

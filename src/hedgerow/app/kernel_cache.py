"""Where compiled kernels are kept: chosen once, at start-up, before Numba is imported.

Numba would keep them beside the package, or not at all if that cannot be written; and it notices a
change only in the file of a kernel itself. So each state of the kernels' sources has a folder of
its own. Lower rooms know nothing of it.
"""

import os
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

__all__ = ["choose_kernel_cache", "kernels_digest"]

_VARIABLE = "NUMBA_CACHE_DIR"


def choose_kernel_cache(base: Path | None = None) -> Path | None:
    """Name a folder to Numba, made and found writable; without one, leave the choice to it.

    Parameters
    ----------
    base
        Where folders of kernels lie; left out, in the user's own cache.

    Returns
    -------
    Path or None
        None if somebody has chosen already (the environment, or an import of Numba), or if nothing
        could be written.
    """
    if os.environ.get(_VARIABLE) or "numba" in sys.modules:
        return None
    try:
        folder = (base or _users() / "hedgerow") / f"kernels-{kernels_digest()}"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError):  # RuntimeError: nobody knows where home is
        return None
    os.environ[_VARIABLE] = str(folder)
    return folder


def kernels_digest() -> str:
    """Give what changes when any source of a kernel does."""
    folder = Path(__file__).resolve().parents[1] / "pricing" / "kernels"
    seen = sha256()
    for path in sorted(folder.glob("*.py")):
        seen.update(path.read_bytes())
    return seen.hexdigest()[:16]


def _users() -> Path:
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    return Path(chosen) if os.path.isabs(chosen) else Path.home() / ".cache"

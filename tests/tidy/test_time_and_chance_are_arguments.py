"""Only `app` asks the clock, the environment or chance (docs/explanation/time-and-chance.md).

An import contract keeps the modules out that have nothing else to give. This looks at what is
called of the others: `datetime` also has types, `os` also opens files, NumPy also has generators
that somebody seeded.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.tidy.conftest import Source, nodes

# Each name stands for itself and all below it.
_AMBIENT = (
    "time", "random", "secrets", "uuid", "socket", "platform", "locale", "getpass",
    "os.environ", "os.environb", "os.getenv", "os.getenvb", "os.urandom", "os.getpid",
    "os.getcwd", "os.getlogin", "os.cpu_count", "os.uname", "os.times",
    "sys.argv", "sys.stdin", "sys.platform",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today",
    "datetime.date.today",
    "pathlib.Path.cwd", "pathlib.Path.home", "tempfile",
    "numpy.random",
)  # fmt: skip
# Types, and generators that must be told their seed.
_SEEDED = (
    "numpy.random.Generator", "numpy.random.default_rng", "numpy.random.SeedSequence",
    "numpy.random.Philox", "numpy.random.PCG64", "numpy.random.PCG64DXSM",
)  # fmt: skip
_SEED_GIVERS = frozenset(_SEEDED) - {"numpy.random.Generator"}


def _is_below(name: str, roots: tuple[str, ...]) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def _full_names(tree: ast.Module) -> dict[str, str]:
    """Say what each imported name stands for."""
    names: dict[str, str] = {}
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                first = each.name.partition(".")[0]
                names[each.asname or first] = each.name if each.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for each in node.names:
                names[each.asname or each.name] = f"{node.module}.{each.name}"
    return names


def _dotted(node: ast.expr, names: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        head = _dotted(node.value, names)
        return None if head is None else f"{head}.{node.attr}"
    return None


def ambient(tree: ast.Module) -> Iterator[str]:
    """Give every use of a clock, of chance without a seed, or of the environment."""
    names = _full_names(tree)
    for node in nodes(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = _dotted(node, names)
            # `numpy.random` itself is half of a name: what is taken from it is what is asked.
            is_ambient = name and name != "numpy.random" and _is_below(name, _AMBIENT)
            if name and is_ambient and not _is_below(name, _SEEDED):
                yield f"{node.lineno}: {name}"
        if isinstance(node, ast.Call) and _dotted(node.func, names) in _SEED_GIVERS:
            is_none = node.args and isinstance(node.args[0], ast.Constant)
            is_none = is_none and node.args[0].value is None  # type: ignore[attr-defined]
            if is_none or not (node.args or node.keywords):
                yield f"{node.lineno}: {_dotted(node.func, names)} without a seed"


def test_no_room_below_app_asks_clock_chance_or_environment(sources: dict[str, Source]) -> None:
    below = {name: each.tree for name, each in sources.items() if "app" not in name.split("/")}
    assert len(below) > 100
    found = [f"{name}:{use}" for name, tree in below.items() for use in ambient(tree)]
    assert not found, "take time_ns, rng or the value as an argument:\n" + "\n".join(found)


USES = """
    import os; os.environ["HOME"]                                       os.environ
    from os import getenv; getenv("HOME")                               os.getenv
    import time; time.time()                                            time.time
    from time import perf_counter as tick; tick()                       time.perf_counter
    import time as t; t.monotonic()                                     time.monotonic
    from datetime import datetime; datetime.now()                       datetime.datetime.now
    import datetime; datetime.date.today()                              datetime.date.today
    import random; random.random()                                      random.random
    import numpy as np; np.random.normal()                              numpy.random.normal
    from numpy import random; random.seed(1)                            numpy.random.seed
    import numpy as np; np.random.default_rng()                         without a seed
    from numpy.random import default_rng; default_rng(None)             without a seed
    import numpy as np; np.random.Generator(np.random.Philox())         without a seed
    from pathlib import Path; Path.home()                               pathlib.Path.home
"""


@pytest.mark.parametrize("row", USES.strip().splitlines())
def test_the_check_sees_it(row: str) -> None:
    source, told = row.strip().rsplit("  ", 1)
    assert any(told.strip() in use for use in ambient(ast.parse(source.strip())))


@pytest.mark.parametrize(
    "source",
    [
        "import os; os.open('x', os.O_CREAT)",
        "from datetime import datetime, UTC; datetime(2026, 1, 1, tzinfo=UTC)",
        "import numpy as np; np.random.default_rng(7)",
        "import numpy as np; np.random.Generator(np.random.Philox(7))",
        "def f(rng): return rng.random()",
        "time = 3; time + 1",
    ],
)
def test_the_check_passes_what_is_given(source: str) -> None:
    assert list(ambient(ast.parse(source))) == []

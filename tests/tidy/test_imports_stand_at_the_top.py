"""Imports stand at the top of a module, where the graph of rooms sees them, and nothing hides one.

Two kinds are late, and said here: `app.actions` imports by name what a command runs, so that asking
for help does not wait for numerics; and `pricing` and `solvency` import their compiled kernels when
they are first needed, for Numba takes a second to import and must know its folder before.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

_WITH_KERNELS = ("pricing", "solvency")


def late_imports(source: str) -> Iterator[str]:
    """Give every import that is not a statement of the module itself, and every TYPE_CHECKING."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in ("TYPE_CHECKING", "__import__", "import_module"):
                yield f"{node.lineno}: {name}"
        if node not in tree.body and isinstance(node, ast.ImportFrom):
            yield f"{node.lineno}: from {node.module}"
        if node not in tree.body and isinstance(node, ast.Import):
            yield f"{node.lineno}: import {node.names[0].name}"


def test_imports_stand_at_the_top(root: Path) -> None:
    package = root / "src" / "hedgerow"
    found = []
    for file in sorted(package.rglob("*.py")):
        where = file.relative_to(package).as_posix()
        for late in late_imports(file.read_text(encoding="utf-8")):
            room = where.partition("/")[0]
            is_kernel = room in _WITH_KERNELS and late.endswith(f"from hedgerow.{room}.kernels")
            is_command = where == "app/actions.py" and late.endswith("import_module")
            if not is_kernel and not is_command:
                found.append(f"{where}:{late}")
    assert not found, "\n".join(found)


def test_the_check_sees_what_is_hidden() -> None:
    source = """
import math
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from a import b
def f():
    import c
    from .d import e
    importlib.import_module("g")
"""
    assert list(late_imports(source)) == [
        "4: TYPE_CHECKING", "5: from a", "7: import c", "8: from d", "9: import_module",
    ]  # fmt: skip

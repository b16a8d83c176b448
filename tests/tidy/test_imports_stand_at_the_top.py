"""Imports stand at the top of a module, where the graph of rooms sees them, and nothing hides one.

Four kinds are late, and said here: `app.actions` imports by name what a command runs, so that
asking for help does not wait for numerics; `pricing` and `solvency` import their compiled kernels
when first needed, for Numba takes a second to import and must know its folder before; a registry
imports whatever lies in its own folder, which no graph of rooms could tell from the folder itself;
and `fcntl`, the lock of a file, is imported where there is one: Windows has none.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.tidy.conftest import Source, nodes

_WITH_KERNELS = ("pricing", "solvency")
_REGISTRIES = ("app/certify/suites/__init__.py", "margin/venues/__init__.py")


def late_imports(tree: ast.Module) -> Iterator[str]:
    """Give every import that is not a statement of the module itself, and every TYPE_CHECKING."""
    top = set(map(id, tree.body))
    for node in nodes(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in ("TYPE_CHECKING", "__import__", "import_module"):
                yield f"{node.lineno}: {name}"
        if isinstance(node, ast.ImportFrom) and id(node) not in top:
            yield f"{node.lineno}: from {node.module}"
        if isinstance(node, ast.Import) and id(node) not in top:
            yield f"{node.lineno}: import {node.names[0].name}"


def is_of_its_own_folder(source: str) -> bool:
    """Whether every import by name names a module beside the source, and runs when it is read."""
    tree = ast.parse(source)
    inside = {
        each
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for each in ast.walk(node)
    }
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module")
    ]
    return bool(calls) and all(
        call not in inside and ast.unparse(call.args[0]).startswith("f'{__name__}.{")
        for call in calls
    )


def test_imports_stand_at_the_top(sources: dict[str, Source]) -> None:
    found = []
    for where, source in sources.items():
        is_registry = where in _REGISTRIES and is_of_its_own_folder(source.text)
        for late in late_imports(source.tree):
            room = where.partition("/")[0]
            is_kernel = room in _WITH_KERNELS and late.endswith(f"from hedgerow.{room}.kernels")
            is_command = where == "app/actions.py" and late.endswith("import_module")
            is_found = is_registry and late.endswith("import_module")
            is_lock = where == "app/kept_runs.py" and late.endswith("import fcntl")
            if not (is_kernel or is_command or is_found or is_lock):
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
    assert list(late_imports(ast.parse(source))) == [
        "4: TYPE_CHECKING", "5: from a", "7: import c", "8: from d", "9: import_module",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "is_own"),
    [
        ('made = [import_module(f"{__name__}.{name}") for name in names]', True),
        ('made = [import_module(f"hedgerow.app.{name}") for name in names]', False),
        ('made = import_module(f"{__name__}.{name}"), import_module("os")', False),
        ('def f():\n    import_module(f"{__name__}.{name}")', False),
        ("made = []", False),
    ],
)
def test_a_registry_reads_its_own_folder_only(source: str, is_own: bool) -> None:
    assert is_of_its_own_folder(source) == is_own

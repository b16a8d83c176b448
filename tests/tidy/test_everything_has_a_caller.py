"""What is public has a caller: in the house, in what measures it, or in the reference of a room.

A test is no caller, nor is the sign on a room's door. Only names are compared, so what shares its
name with something that is called passes; whatever is refused here has certainly no caller.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from hedgerow.app.actions import ACTIONS

# Called by whoever gave the base class, or soon.
_KEPT = {
    "_Screen.on_broken_pipe": "rich calls it",
    "_Compiling.on_start": "Numba calls it",
    "_Compiling.on_end": "Numba calls it",
    "worst_fills": "limits will ask what orders that rest may lead to",
}


def defined(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Give public functions, classes and methods, as they would be written."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


def named(tree: ast.AST) -> Iterator[str]:
    """Give every name that is read, as often as it is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def uncalled(trees: list[ast.Module], callers: list[ast.Module], told: str) -> Iterator[str]:
    """Give what is defined in trees and read nowhere but in itself, nor told of."""
    reads = Counter(name for tree in (*trees, *callers) for name in named(tree))
    # A command is decorated where it stands, and what it runs is named in a table.
    run = {action.rpartition(":")[2] for action in ACTIONS.values()}
    words = set(re.findall(r"\w+", told))
    for tree in trees:
        for full, node in defined(tree):
            name = full.rpartition(".")[2]
            is_command = any(
                ast.unparse(each).startswith(("app.", "_app.")) or ".command" in ast.unparse(each)
                for each in getattr(node, "decorator_list", [])
            )
            is_read = reads[name] > Counter(named(node))[name]
            if not (is_read or is_command or name in run or name in words):
                yield full


def parsed(folder: Path) -> list[ast.Module]:
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))]


def test_whatever_is_public_has_a_caller(root: Path) -> None:
    callers = [tree for folder in ("tools", "benchmarks") for tree in parsed(root / folder)]
    pages = (
        root / "docs" / "reference" / f"{room}.md" for room in ("pricing", "solvency", "collateral")
    )
    told = "".join(page.read_text(encoding="utf-8") for page in pages)
    found = set(uncalled(parsed(root / "src" / "hedgerow"), callers, told))
    assert found == set(_KEPT), "delete it with its tests, or call it; what is kept says why"


def test_the_check_sees_who_has_none() -> None:
    source = """
def used(): pass
def alone(): return alone()
def told_of(): pass
def _own(): pass
class Held:
    def asked(self): pass
    def unasked(self): used(); self.asked()
@app.command
def command(): pass
"""
    caller = ast.parse("from made import alone\nHeld()")
    assert list(uncalled([ast.parse(source)], [caller], "There is `told_of`.")) == [
        "alone", "Held.unasked",
    ]  # fmt: skip

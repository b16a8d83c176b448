"""What is public has a caller: in the house, in what measures it, or in an example of a page.

A test is no caller, nor is the sign on a room's door, nor a word on a page: an example of that page
has to call it. Only names are compared, those of functions and classes with the room that they were
imported from, so what shares its name with something read in its own room, or with any attribute,
passes; whatever is refused here has certainly no caller.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from doctest import DocTestParser
from pathlib import Path

from hedgerow.app.actions import ACTIONS
from tests.tidy.conftest import Source

# Called by whoever gave the base class, or soon.
_KEPT = {
    "_Screen.on_broken_pipe": "rich calls it",
    "_Compiling.on_start": "Numba calls it",
    "_Compiling.on_end": "Numba calls it",
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


def named(tree: ast.AST, imported: Mapping[str, str], room: str) -> Iterator[str]:
    """Give every name that is read, as often as it is: `room.name`, an attribute as `.name`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield imported.get(node.id, f"{room}.{node.id}")
        elif isinstance(node, ast.Attribute):
            yield f".{node.attr}"


def imports(tree: ast.Module) -> dict[str, str]:
    """Give what names of a module were imported as: `room.name`."""
    return {
        each.asname or each.name: f"{node.module.split('.')[1]}.{each.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("hedgerow.")
        for each in node.names
    }


def called_in(page: str) -> Iterator[str]:
    """Give what the examples of a page call, as ``room.name(`` or ``name(``."""
    for block in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        for example in DocTestParser().get_examples(block):
            for node in ast.walk(ast.parse(example.source)):
                if isinstance(node, ast.Call):
                    yield ast.unparse(node.func).rpartition(".")[2]


def uncalled(
    trees: list[tuple[str, ast.Module]], callers: list[ast.Module], told: str
) -> Iterator[str]:
    """Give what is defined in trees, each of a room, and read nowhere but in itself nor shown."""
    everywhere = [*trees, *(("", tree) for tree in callers)]
    reads = Counter(name for room, tree in everywhere for name in named(tree, imports(tree), room))
    # A method belongs to no import: any name that is its own will do.
    bare = Counter(key.rpartition(".")[2] for key in reads.elements())
    # A command is decorated where it stands, and what it runs is named in a table.
    run = {action.rpartition(":")[2] for action in ACTIONS.values()}
    shown = set(called_in(told))
    for room, tree in trees:
        imported = imports(tree)
        for full, node in defined(tree):
            name = full.rpartition(".")[2]
            is_command = any(
                ast.unparse(each).startswith(("app.", "_app.")) or ".command" in ast.unparse(each)
                for each in getattr(node, "decorator_list", [])
            )
            own = Counter(named(node, imported, room))
            is_read = any(reads[key] > own[key] for key in (f"{room}.{name}", f".{name}"))
            if "." in full:
                is_read = bare[name] > sum(
                    count for key, count in own.items() if key.endswith(f".{name}")
                )
            if not (is_read or is_command or name in run or name in shown):
                yield full


def parsed(folder: Path) -> list[ast.Module]:
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))]


def test_whatever_is_public_has_a_caller(root: Path, sources: dict[str, Source]) -> None:
    callers = [tree for folder in ("tools", "benchmarks") for tree in parsed(root / folder)]
    rooms = ("pricing", "risk", "solvency", "hedging", "planning", "collateral", "structures")
    # A refusal for want of a rule for orders sends its reader to the second.
    pages = [*(f"reference/{room}.md" for room in rooms), "how-to/your-own-desk.md"]
    told = "".join((root / "docs" / page).read_text(encoding="utf-8") for page in pages)
    rooms_of = [
        (name.partition("/")[0].removesuffix(".py"), each.tree) for name, each in sources.items()
    ]
    found = set(uncalled(rooms_of, callers, told))
    assert found == set(_KEPT), "delete it with its tests, or call it; what is kept says why"


def test_the_check_sees_who_has_none() -> None:
    source = """
def used(): pass
def alone(): return alone()
def told_of(): pass
def shown(): pass
def _own(): pass
class Held:
    def asked(self): pass
    def unasked(self): used(); self.asked()
@app.command
def command(): pass
"""
    caller = ast.parse(
        "from hedgerow.made import Held\nfrom hedgerow.other import alone\nHeld(alone())"
    )
    page = "There is `told_of`.\n\n```python\n>>> made.shown(\n...     1)\ntold_of(2)\n```\n"
    assert list(uncalled([("made", ast.parse(source))], [caller], page)) == [
        "alone", "told_of", "Held.unasked",
    ]  # fmt: skip

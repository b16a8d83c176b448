"""What is public has a caller: in the house, in what measures it, or in an example of a page.

A test is no caller, nor is the sign on a room's door, nor a word on a page: an example of that page
has to call it. What pages alone call is written down below, each with what it is there for, so that
it cannot grow unnoticed. Only names are compared, those of functions and classes with the room that
they are read in or from, so what shares its name with something read in its own room passes, and of
methods whatever shares it with any attribute; whatever is refused here has certainly no caller. A
class that is named in what functions take and give, and nowhere else, nobody makes.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from doctest import DocTestParser
from pathlib import Path

import pytest

from hedgerow.app.actions import ACTIONS
from hedgerow.app.price_kinds import KINDS
from tests.tidy.conftest import Source, nodes

# Called by whoever gave the base class, or soon; or named by a string.
_KEPT = {
    "app._Screen.on_broken_pipe": "rich calls it",
    "pricing._Compiling.on_start": "Numba calls it",
    "pricing._Compiling.on_end": "Numba calls it",
    "app.say_compiling": "`app.actions` asks for it by name, so that it is not imported before",
    "solvency.words": "the generator as compiled, for the published words it is held against",
}

# Called by an example of a page and by nobody here. Each is for whoever calls hedgerow from Python,
# where an issue asked for a documented API; what a command does by other code is no reason.
_ONLY_ON_A_PAGE = {
    "options inside their settlement average, and what is no option over a grid, in columns": (
        "pricing.averaged_coin_greeks", "pricing.averaged_greeks", "pricing.AveragedColumns",
        "pricing.moved_profits",
    ),
    "what quotes say of vol: of a chain in coin, of one expiry without a model, of thirty days": (
        "pricing.implied_vols_coin", "pricing.index_volpt", "pricing.variance_strip",
    ),
    "closed forms of first passage, which the sheet has cases of and chances are held against": (
        "solvency.bridge_hit_frac", "solvency.corridor", "solvency.ever_frac",
        "solvency.hit_density_per_year", "solvency.mean_years", "solvency.median_years",
        "solvency.seen_barrier_usd",
    ),
    "closed forms of where one position or loan breaks and what repairs it, from numbers alone": (
        "solvency.inverse_price_usd", "solvency.loan_price_frac", "solvency.loan_repair",
    ),
    "triggers and targets by dynamic programming, for whoever knows his costs": (
        "solvency.best_policy", "solvency.policy_cost_frac", "solvency.trigger_start_log",
        "solvency.RescueProblem",
    ),
    "collateral of several chains that counts by a deadline": (
        "solvency.usable_within", "solvency.Remote",
    ),
    "crowds: books of one's own, hunts that do not pay, deficits shared out among winners": (
        "solvency.book_impact", "solvency.haircuts_pro_rata", "solvency.haircuts_queued",
        "solvency.hedge_left", "solvency.left_to_absorb_coin", "solvency.safe_size_coin",
    ),
    "which fills of resting orders are the worst, where no rule says so": (
        "margin.worst_fills",
    ),
    "the error that a hedge has by chance: the sheet, 9": ("risk.hedging_error_usd",),
    "the slow oracle that issue 6 wants the closed bands held against": (
        "hedging.utility_grid_band",
    ),
    "funding by a venue's premiums, and the prices between which nobody trades: the sheet, 8": (
        "hedging.FundingForm", "hedging.no_arbitrage_band", "hedging.premium_frac",
        "hedging.premium_funding_frac",
    ),
    "bands measured on paths of one's own": ("hedging.BandPaths",),
    "prices for a hedge's impact, shortfall and scanned margin: parts of `hedging.choose`": (
        "solving.Impact", "solving.Shortfall", "solving.Worst",
    ),
}  # fmt: skip


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
    """Give every name that is read, as often as it is: `room.name`, an attribute as `.name`.

    An attribute of something imported from hedgerow is read from that room, too. What functions
    take and give is not looked at.
    """
    inside = nodes(tree) if isinstance(tree, ast.Module) else tuple(ast.walk(tree))
    signs = {
        id(each)
        for node in inside
        if isinstance(node, ast.FunctionDef)
        for arg in [*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs]
        for sign in (arg.annotation, node.returns)
        if sign is not None
        for each in ast.walk(sign)
    }
    for node in inside:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in signs:
            yield imported.get(node.id, f"{room}.{node.id}")
        elif isinstance(node, ast.Attribute) and id(node) not in signs:
            yield f".{node.attr}"
            if isinstance(node.value, ast.Name) and node.value.id in imported:
                yield f"{imported[node.value.id].partition('.')[0]}.{node.attr}"


def imports(tree: ast.Module) -> dict[str, str]:
    """Give what names of a module were imported as: `room.name`, of a room itself its name."""
    found = {}
    for node in nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            house, _, path = node.module.partition(".")
            if house == "hedgerow":
                room = path.partition(".")[0]
                for each in node.names:
                    found[each.asname or each.name] = f"{room}.{each.name}" if room else each.name
    return found


def called_in(page: str) -> Iterator[str]:
    """Give what the examples of a page call, as ``room.name(`` or ``name(``."""
    for block in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        for example in DocTestParser().get_examples(block):
            for node in ast.walk(ast.parse(example.source)):
                if isinstance(node, ast.Call):
                    yield ast.unparse(node.func).rpartition(".")[2]


def uncalled(trees: list[tuple[str, ast.Module]], callers: list[ast.Module]) -> Iterator[str]:
    """Give what is defined in trees, each of a room, and read nowhere but in itself."""
    everywhere = [*trees, *(("", tree) for tree in callers)]
    read_by = [Counter(named(tree, imports(tree), room)) for room, tree in everywhere]
    reads = total(read_by)
    # A method belongs to no import: any name that is its own will do.
    bare_by = [bare(each) for each in read_by]
    bare_reads = total(bare_by)
    run = set(named_in_tables())
    for (room, tree), here, bare_here in zip(trees, read_by, bare_by, strict=False):
        imported = imports(tree)
        for full, node in defined(tree):
            is_method = "." in full
            name = full.rpartition(".")[2] if is_method else f"{room}.{full}"
            everyone, near = (bare_reads, bare_here) if is_method else (reads, here)
            # Whoever is read in another module need not be told apart from himself.
            is_read = everyone[name] > near[name]
            if not is_read:
                own = Counter(named(node, imported, room))
                is_read = everyone[name] > (bare(own) if is_method else own)[name]
            if not (is_read or is_wired(node) or f"{room}.{full}" in run):
                yield f"{room}.{full}"


def total(counts: Iterable[Counter[str]]) -> Counter[str]:
    """Add up; `sum` would copy at every step."""
    found: Counter[str] = Counter()
    for each in counts:
        found.update(each)
    return found


def bare(reads: Counter[str]) -> Counter[str]:
    """Count what is read by the last part of its name."""
    found: Counter[str] = Counter()
    for key, count in reads.items():
        found[key.rpartition(".")[2]] += count
    return found


def named_in_tables() -> Iterator[str]:
    """Give what tables name by a string: what commands run, and `price` asks for each kind."""
    for action in ACTIONS.values():
        yield f"app.{action.rpartition(':')[2]}"
    for kind in KINDS:
        for variant in kind.variants:
            yield from (f"{room}.{variant.function}" for room in ("app", "pricing"))


def is_wired(node: ast.AST) -> bool:
    """Say whether whoever decorates it, or what it is a form of, makes or calls it."""
    signs = [*getattr(node, "decorator_list", ()), *getattr(node, "bases", ())]
    written = [ast.unparse(each) for each in signs]
    return any(
        each.startswith(("app.", "_app.", "Parameter(", "Protocol")) or ".command" in each
        for each in written
    )


def parsed(folder: Path) -> list[ast.Module]:
    return [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))]


def pages(root: Path) -> str:
    """Give the pages on which an example is a caller, one after the other."""
    rooms = ("pricing", "risk", "solvency", "hedging", "planning", "collateral", "structures")
    # A refusal for want of a rule for orders sends its reader to the second.
    names = [*(f"reference/{room}.md" for room in rooms), "how-to/your-own-desk.md"]
    return "".join((root / "docs" / name).read_text(encoding="utf-8") for name in names)


@pytest.fixture(scope="module")
def alone(root: Path, sources: dict[str, Source]) -> set[str]:
    """What nobody in the house reads, nor what measures it."""
    callers = [tree for folder in ("tools", "benchmarks") for tree in parsed(root / folder)]
    rooms_of = [
        (name.partition("/")[0].removesuffix(".py"), each.tree) for name, each in sources.items()
    ]
    return set(uncalled(rooms_of, callers))


def test_whatever_is_public_has_a_caller(root: Path, alone: set[str]) -> None:
    shown = set(called_in(pages(root)))
    found = {name for name in alone if name.rpartition(".")[2] not in shown}
    assert found == set(_KEPT), "delete it with its tests, or call it; what is kept says why"


def test_what_only_a_page_calls_is_written_down(root: Path, alone: set[str]) -> None:
    shown = set(called_in(pages(root)))
    found = {name for name in alone if name.rpartition(".")[2] in shown}
    told = [name for names in _ONLY_ON_A_PAGE.values() for name in names]
    assert len(told) == len(set(told)), "one reason for each"
    assert found == set(told), "call it in the house, delete it, or write down what it is there for"


def test_the_check_sees_who_has_none() -> None:
    source = """
from hedgerow import rooms
def used(): pass
def alone(): return alone()
def told_of(): pass
def shown(): pass
def read_from(it: Named) -> Named: pass
def namesake(): return thing.namesake
def _own(): pass
class Named: pass
class Wired(Protocol): pass
class Held:
    def asked(self): pass
    def unasked(self): used(); self.asked()
@app.command
def command(): pass
"""
    caller = ast.parse(
        "from hedgerow import made\nfrom hedgerow.made import Held\n"
        "from hedgerow.other import alone\nHeld(alone()); made.read_from(); other.namesake"
    )
    page = "There is `told_of`.\n\n```python\n>>> made.shown(\n...     1)\ntold_of(2)\n```\n"
    found = list(uncalled([("made", ast.parse(source))], [caller]))
    assert found == [
        "made.alone", "made.told_of", "made.shown", "made.namesake", "made.Named",
        "made.Held.unasked",
    ]  # fmt: skip
    assert set(called_in(page)) == {"shown"}

"""Break a module in one place after another, and list the places that no test noticed.

For every sign, comparison, `and` or `or`, constant, `min` or `max` of a module one copy of it is
made in which only that is another one; the tests named are run against the copy and must fail. A
copy that passes is a survivor: either a test is missing there, or the change means nothing (its
arithmetic is equal, the place cannot be reached). Which of both, a person says.

Nothing in the working tree is touched: the package is copied to `build/mutate` and broken there.
The run is bounded by `--minutes` and goes on where it stopped: what was killed stays killed while
the module is the same, survivors are tried again when the tests have changed. The places come in an
order of no meaning, so a short run is a fair sample. The exit code is 1 where something survived.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
from rich.console import Console

from tools.kept import load, save

ROOT = Path(__file__).resolve().parent.parent
Verdict: TypeAlias = Literal["killed", "survived", "too slow"]

_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult,
    ast.USub: ast.UAdd,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
_NAMES = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "floor": "ceil",
    "ceil": "floor", "ROUND_UP": "ROUND_DOWN", "ROUND_DOWN": "ROUND_UP",
    "ROUND_CEILING": "ROUND_FLOOR", "ROUND_FLOOR": "ROUND_CEILING",
}  # fmt: skip
# What is in there is said, declared or decorated, and not computed.
_SILENT = (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """One copy of a module that differs in one place; `line` is that of the original."""

    line: int
    was: str
    now: str
    key: str
    source: str


class State(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What became of the copies so far, by their keys, and of what all that is true."""

    module_digest: str = ""
    tests_digest: str = ""
    verdicts: dict[str, Verdict] = {}


class Change(msgspec.Struct, frozen=True):
    """Another value for one field of a node; `at` says which one where the field is a list."""

    node: Any
    field: str
    at: int | None
    value: Any

    def swap(self) -> Change:
        """Write the value; give the change that undoes it."""
        old = getattr(self.node, self.field)
        if self.at is None:
            setattr(self.node, self.field, self.value)
            return Change(self.node, self.field, None, old)
        value, old[self.at] = old[self.at], self.value
        return Change(self.node, self.field, self.at, value)


def mutants(source: str) -> list[Mutant]:
    """Make every copy, in an order that depends on nothing but the places themselves."""
    tree = ast.parse(source)
    found = []
    for node in _computed(tree):
        for change in _changes(node):
            was = ast.unparse(node)
            undo = change.swap()
            now, whole = ast.unparse(node), ast.unparse(tree)
            undo.swap()
            key = f"{node.lineno}:{node.col_offset}:{change.field}{change.at} {was} > {now}"
            found.append(Mutant(line=node.lineno, was=was, now=now, key=key, source=whole))
    return sorted(found, key=lambda each: hashlib.sha256(each.key.encode()).digest())


def _computed(node: ast.AST) -> Iterator[ast.expr | ast.AugAssign]:
    """Walk what computes: no annotations, decorators, messages, `__all__` or options of classes."""
    if isinstance(node, _SILENT) or _is_listing(node):
        return
    if isinstance(node, ast.expr | ast.AugAssign):
        yield node
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_params", "bases"):
            continue
        if field == "keywords" and isinstance(node, ast.ClassDef):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _computed(child)


def _is_listing(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
    )


def _changes(node: ast.expr | ast.AugAssign) -> Iterator[Change]:
    match node:
        case ast.BinOp() | ast.AugAssign() | ast.BoolOp() | ast.UnaryOp(op=ast.USub()):
            if type(node.op) in _SWAPS:
                yield Change(node, "op", None, _SWAPS[type(node.op)]())
        case ast.UnaryOp(op=ast.Not()):
            yield Change(node, "operand", None, ast.UnaryOp(ast.Not(), node.operand))
        case ast.Compare():
            for at, operator in enumerate(node.ops):
                yield Change(node, "ops", at, _SWAPS[type(operator)]())
        case ast.Name(ctx=ast.Load()) if node.id in _NAMES:
            yield Change(node, "id", None, _NAMES[node.id])
        case ast.Attribute() if node.attr in _NAMES:
            yield Change(node, "attr", None, _NAMES[node.attr])
        case ast.Constant() if (other := _other(node.value)) is not None:
            yield Change(node, "value", None, other)
        case ast.Call(func=ast.Name(id="Decimal"), args=[ast.Constant(value=str(text))]):
            try:
                number = Decimal(text)
            except InvalidOperation:
                return
            if number.is_finite():
                last = Decimal((0, (1,), int(number.as_tuple().exponent)))
                yield Change(node, "args", 0, ast.Constant(str(number + last)))


def _other(value: object) -> bool | int | float | None:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 1.01 if value else 0.01
    return None


class Bench:
    """A copy of the package in which one module can be replaced, and the tests that judge it."""

    def __init__(self, root: Path, module: Path, tests: Sequence[Path], place: Path) -> None:
        self.root, self.module, self.tests = root, module, tests
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(root / "src", place / "src")
        self.shadow = place / "src" / module.relative_to("src")
        self.path = place / "src"

    def passes(self, source: str, timeout_s: float) -> bool | None:
        """Run the tests against another text of the module; None where they did not end in time.

        Raises
        ------
        SystemExit
            If the tests themselves cannot be run.
        """
        self.shadow.write_text(source, encoding="utf-8")
        for stale in self.shadow.parent.glob(f"__pycache__/{self.shadow.stem}.*"):
            stale.unlink()
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        command += ["-p", "no:xdist", "--no-header", *map(str, self.tests)]
        try:
            done = subprocess.run(
                command,
                cwd=self.root,
                env=os.environ | {"PYTHONPATH": str(self.path)},
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        if done.returncode in (4, 5):  # wrong words, or no test at all
            raise SystemExit(
                f"pytest cannot run {command[-1]}: {(done.stdout + done.stderr)[-800:]}"
            )
        return done.returncode == 0


def judge(
    bench: Bench, path: Path, minutes: float, console: Console
) -> tuple[list[Mutant], State, int]:
    """Try copies until the minutes are over; survivors, what is known, how many there are."""
    source = (bench.root / bench.module).read_text(encoding="utf-8")
    made = mutants(source)
    state = load(path, State)
    tests = hashlib.sha256(b"".join(file.read_bytes() for file in _files(bench))).hexdigest()
    if state.module_digest != (digest := hashlib.sha256(source.encode()).hexdigest()):
        state = State(module_digest=digest)
    if state.tests_digest != tests:
        again = [key for key, verdict in state.verdicts.items() if verdict == "survived"]
        for key in again:
            del state.verdicts[key]
        state.tests_digest = tests
    begun_s = time.monotonic()
    if not bench.passes(source, 600.0):
        raise SystemExit("the tests fail, or take ten minutes, on the module as it is")
    timeout_s = 5.0 + 4.0 * (time.monotonic() - begun_s)
    todo = [each for each in made if each.key not in state.verdicts]
    if len(todo) < len(made):
        console.print(f"going on: {len(made) - len(todo)} of {len(made)} places are done")
    for n, each in enumerate(todo):
        if time.monotonic() - begun_s > minutes * 60:
            break
        with console.status(f"{n + 1} of {len(todo)}: line {each.line}"):
            passes = bench.passes(each.source, timeout_s)
        state.verdicts[each.key] = (
            "too slow" if passes is None else "survived" if passes else "killed"
        )
        save(state, path)
    return [m for m in made if state.verdicts.get(m.key) == "survived"], state, len(made)


def _files(bench: Bench) -> Iterator[Path]:
    for test in bench.tests:
        named = bench.root / str(test).partition("::")[0]
        yield from sorted(named.rglob("*.py")) if named.is_dir() else (named,)


def main(arguments: Sequence[str] | None = None) -> int:
    """Break, test, and say what nobody noticed."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument(
        "module", type=Path, help="below src/, such as src/hedgerow/units/cross.py"
    )
    options.add_argument("tests", type=Path, nargs="+", help="files or folders of tests")
    options.add_argument("--minutes", type=float, default=10.0, help="how long at most (10)")
    options.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    options.add_argument("--afresh", action="store_true", help="forget what was tried before")
    chosen = options.parse_args(arguments)
    module = Path(os.path.relpath(chosen.root / chosen.module, chosen.root))
    if module.parts[:1] != ("src",) or not (chosen.root / module).is_file():
        options.error(f"{module} is no module below src/")
    for test in chosen.tests:
        if not (chosen.root / str(test).partition("::")[0]).exists():
            options.error(f"no test at {test}")
    if not 0 < chosen.minutes <= 24 * 60:
        options.error(f"--minutes must lie between 0 and {24 * 60}, was {chosen.minutes:g}")
    place = chosen.root / "build" / "mutate"
    path = place / (".".join(module.with_suffix("").parts[1:]) + ".json")
    if chosen.afresh:
        path.unlink(missing_ok=True)
    bench = Bench(chosen.root, module, chosen.tests, place / "shadow")
    console = Console(stderr=True)
    try:
        survivors, state, count = judge(bench, path, chosen.minutes, console)
    except KeyboardInterrupt:
        console.print("stopped; the next run goes on from here")
        return 130
    for each in sorted(survivors, key=lambda each: (each.line, each.was)):
        print(f"{module}:{each.line}: {each.was}  →  {each.now}")
    tried = len(state.verdicts)
    print(f"{len(survivors)} of {tried} survived; {tried} of {count} places tried")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())

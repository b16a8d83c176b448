"""A float becomes a decimal in `hedgerow.units` alone: `to_exact`, `digits_of` or `Printed`.

`Decimal(repr(x))` refuses a NumPy scalar and takes an infinity, which `digits_of` has the other way
round; `Decimal(str(x))` is the same with a shorter name.
"""

import ast
from collections.abc import Iterator

from tests.tidy.conftest import Source, nodes


def name(node: ast.expr) -> str:
    """Give a name or a name of a name as it is written, and nothing for what else is called."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


def bare(tree: ast.Module) -> Iterator[int]:
    """Give the lines on which a decimal is made out of what `repr` or `str` prints."""
    for node in nodes(tree):
        if isinstance(node, ast.Call) and name(node.func) in ("Decimal", "decimal.Decimal"):
            for inner in node.args[:1]:
                if isinstance(inner, ast.Call) and name(inner.func) in ("repr", "str"):
                    yield node.lineno


def test_no_float_is_printed_into_a_decimal_outside_units(sources: dict[str, Source]) -> None:
    found = {}
    for module, source in sources.items():
        if not module.startswith("units/"):
            lines = list(bare(source.tree))
            if lines:
                found[module] = lines
    assert not found, "hedgerow.units.digits_of keeps every digit and refuses what is not finite"


def test_the_check_sees_them() -> None:
    source = "Decimal(repr(x))\nDecimal('1')\ndecimal.Decimal(\n    str(y)\n)\ndigits_of(repr(z))\n"
    assert list(bare(ast.parse(source))) == [1, 3]

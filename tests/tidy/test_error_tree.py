"""The tree drawn in the docstring of hedgerow/errors.py is the tree of the classes."""

import re

import pytest

from hedgerow import errors

_BRANCH = re.compile(r"^\s*[├└]── (\w+)(?:\s+(.*))?$")
_MORE = re.compile(r"^\s*│?\s{4,}(\w.*·?.*)$")


def drawn(text: str) -> set[tuple[str, str]]:
    """Read a drawing: the root on a line of its own, then `├── Branch   Leaf · Leaf` lines.

    A branch may go on in the next line, indented below its leaves.
    """
    lines = text.splitlines()
    at = next((i for i, line in enumerate(lines) if _BRANCH.match(line)), None)
    if at is None or at == 0:
        raise ValueError("no tree is drawn")
    root = lines[at - 1].strip()
    edges: set[tuple[str, str]] = set()
    branch = root
    for line in lines[at:]:
        begun, more = _BRANCH.match(line), _MORE.match(line)
        if begun:
            branch, leaves = begun[1], begun[2] or ""
            edges.add((root, branch))
        elif more:
            leaves = more[1]
        else:
            break
        edges |= {(branch, leaf.strip()) for leaf in leaves.split("·") if leaf.strip()}
    return edges


def coded(root: type[Exception]) -> set[tuple[str, str]]:
    """Give every (parent, child) below a class, wherever in hedgerow the child is defined."""
    edges: set[tuple[str, str]] = set()
    for child in root.__subclasses__():
        if child.__module__.startswith("hedgerow."):
            edges |= {(root.__name__, child.__name__)} | coded(child)
    return edges


@pytest.mark.usefixtures("classes")  # they import every module, so that no subclass stays hidden
def test_the_drawing_is_the_tree() -> None:
    assert errors.__doc__ is not None
    assert drawn(errors.__doc__) == coded(errors.HedgerowError)


def test_the_root_is_an_ordinary_exception() -> None:
    assert errors.HedgerowError.__bases__ == (Exception,)


def test_a_drawing_is_read() -> None:
    text = """Words before.

    Root
    ├── Bad      One · Two
    │            Three
    ├── Lone
    └── Worse    Four

    Words after.
    """
    assert drawn(text) == {
        ("Root", "Bad"), ("Bad", "One"), ("Bad", "Two"), ("Bad", "Three"),
        ("Root", "Lone"), ("Root", "Worse"), ("Worse", "Four"),
    }  # fmt: skip


def test_no_drawing_is_an_error() -> None:
    with pytest.raises(ValueError, match="no tree"):
        drawn("Only words.")

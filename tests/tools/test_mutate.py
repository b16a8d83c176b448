"""What nobody tests survives, what somebody tests does not, and a stopped run goes on."""

import ast
import time
from pathlib import Path

import pytest

from tools.mutate import Bench, main, mutants

MODULE = '''\
"""Numbers 1 and 2 in a docstring are said, not computed."""

from decimal import Decimal

__all__ = ["fee"]


def fee(size: int, rate: "Decimal | None" = None) -> Decimal:
    if size < 0 or not rate:
        raise ValueError(f"size must be 0 or more, was {size + 1}")
    return max(-size * Decimal("0.10"), rate)
'''


def changed(source: str) -> set[tuple[int, str, str]]:
    return {(each.line, each.was, each.now) for each in mutants(source)}


def test_every_place_that_computes_is_broken_once_and_no_other() -> None:
    assert changed(MODULE) == {
        (9, "size < 0 or not rate", "size < 0 and (not rate)"),
        (9, "size < 0", "size <= 0"),
        (9, "0", "1"),
        (9, "not rate", "not not rate"),
        (11, "max", "min"),
        (11, "-size * Decimal('0.10')", "-size / Decimal('0.10')"),
        (11, "-size", "+size"),
        (11, "Decimal('0.10')", "Decimal('0.11')"),
    }


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("a + b", "a - b"), ("a / b", "a * b"), ("a // b", "a * b"), ("a == b", "a != b"),
        ("a >= b", "a > b"), ("a in b", "a not in b"), ("a is b", "a is not b"),
        ("True", "False"), ("0.0", "0.01"), ("ROUND_UP", "ROUND_DOWN"), ("x.floor", "x.ceil"),
    ],
)  # fmt: skip
def test_a_place_becomes_its_neighbour(was: str, now: str) -> None:
    assert (1, was, now) in changed(f"y = {was}\n")


def test_every_link_of_a_chain_of_comparisons_is_a_place() -> None:
    found = {each.now for each in mutants("y = a < b <= c\n")}
    assert found == {"a <= b <= c", "a < b < c"}


def test_a_name_that_is_given_is_no_function_that_is_called() -> None:
    assert changed("min: int = f()\nmin = g()\n") == set()


def test_a_copy_differs_in_one_place_only_and_the_order_is_always_the_same() -> None:
    made = mutants(MODULE)
    assert made == mutants(MODULE)
    assert len({each.key for each in made}) == len({each.source for each in made}) == len(made)
    plain = ast.unparse(ast.parse(MODULE)).splitlines()
    for each in made:
        lines = each.source.splitlines()
        assert sum(a != b for a, b in zip(plain, lines, strict=True)) == 1
        ast.parse(each.source)


def project(root: Path, test: str) -> list[str]:
    """A module of two places, and a test of it."""
    (root / "src").mkdir()
    (root / "src" / "thing.py").write_text("def less(a, b):\n    return a - b < 3\n")
    (root / "test_thing.py").write_text(f"from thing import less\n\n\ndef test_it():\n    {test}\n")
    return ["--root", str(root), "src/thing.py", "test_thing.py"]


@pytest.mark.slow
def test_what_no_test_notices_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = project(tmp_path, "assert less(5, 3) and not less(9, 3)")
    assert main(words) == 1
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "src/thing.py:2: 3  →  4",
        "src/thing.py:2: a - b < 3  →  a - b <= 3",
        "2 of 3 survived; 3 of 3 places tried",
    ]
    # The tree is as it was, and the test that was missing kills what survived, without the rest.
    assert "a - b < 3" in (tmp_path / "src" / "thing.py").read_text()
    (tmp_path / "test_thing.py").write_text(
        "from thing import less\n\n\ndef test_it():\n    assert less(5, 3) and not less(6, 3)\n"
    )
    assert main(words) == 0
    captured = capsys.readouterr()
    assert captured.out == "0 of 3 survived; 3 of 3 places tried\n"
    assert "going on: 1 of 3 places are done" in captured.err


@pytest.mark.slow
def test_a_run_that_is_over_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = project(tmp_path, "assert less(5, 3) and not less(6, 3)")
    assert main([*words, "--minutes", "0.0001"]) == 0
    assert capsys.readouterr().out == "0 of 0 survived; 0 of 3 places tried\n"
    assert main(words) == 0
    assert capsys.readouterr().out == "0 of 3 survived; 3 of 3 places tried\n"


@pytest.mark.slow
def test_tests_that_fail_already_judge_nothing(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="the tests fail"):
        main(project(tmp_path, "assert less(9, 3)"))
    (tmp_path / "none.py").write_text("")
    with pytest.raises(SystemExit, match=r"pytest cannot run none\.py"):
        main(["--root", str(tmp_path), "src/thing.py", "none.py"])


@pytest.mark.slow
def test_a_copy_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, "assert less(5, 3)")
    bench = Bench(tmp_path, Path("src/thing.py"), [Path("test_thing.py")], tmp_path / "build")
    begun_s = time.monotonic()
    assert bench.passes("while True:\n    pass\n", 1.0) is None
    assert time.monotonic() - begun_s < 30


@pytest.mark.parametrize(
    "words",
    [
        ["tests/x.py", "test_thing.py"], ["src/none.py", "test_thing.py"], ["src/thing.py", "t.py"],
        ["src/thing.py", "test_thing.py", "--minutes", "0"],
    ],
)  # fmt: skip
def test_words_that_cannot_be_meant_are_refused(tmp_path: Path, words: list[str]) -> None:
    project(tmp_path, "pass")
    with pytest.raises(SystemExit) as refused:
        main(["--root", str(tmp_path), *words])
    assert refused.value.code == 2

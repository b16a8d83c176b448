"""Vectors: read to the last digit, compared under a tolerance, nothing skipped in silence."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hedgerow.app.certify import certify
from hedgerow.app.certify.compare import compare
from hedgerow.app.certify.given import Given
from hedgerow.app.certify.suites import COMPUTATIONS, computations_in
from hedgerow.app.certify.vectors import Tolerance, read_suite
from hedgerow.errors import VectorsRejected
from tests.rooms.app.made import hedgerow, hedgerow_here

SHARED = Path(__file__).resolve().parents[4] / "shared" / "vectors"
EXACT = Tolerance(exact=True)

QUOTE: dict[str, Any] = {
    "id": "quote_half",
    "kind": "quote_collateral",
    "given": {
        "base_amount": "200000000",
        "asset_price_1e8": "20000000000",
        "base_price_1e8": "100000000",
        "store_front_price_factor": "500000000000000000",
        "liquidation_factor": "600000000000000000",
        "asset_decimals": 18,
        "base_decimals": 6,
    },
    "then": {"value": "1250000000000000000"},
    "tolerance": {"exact": True},
}


def written(folder: Path, *cases: dict[str, Any], suite: str = "compound_v3") -> Path:
    path = folder / "vectors.json"
    text = {"schema": "hedgerow.vectors/1", "suite": suite, "cases": list(cases)}
    path.write_text(json.dumps(text), encoding="utf-8")
    return path


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no vectors at {SHARED}")
def test_every_case_that_somebody_here_computes_is_reproduced() -> None:
    found = certify(SHARED)
    assert found.passed_count + found.failed_count + found.unsupported_count == 474
    assert [each.messages for each in found.suites if each.messages] == []
    for each in found.suites:
        known = {kind for suite, kind in COMPUTATIONS if suite == each.suite}
        assert not known & set(each.unsupported_kinds_count)


@pytest.mark.parametrize(
    ("got", "want", "tolerance", "passes"),
    [
        (Fraction(1, 3), "1/3", EXACT, True),
        (Decimal("0.1"), "0.1", EXACT, True),
        (0.1, Decimal("0.1"), EXACT, False),
        (10**30, str(10**30), EXACT, True),
        (10**30 + 1, str(10**30), EXACT, False),
        (1.1, 1, Tolerance(abs_frac=Decimal("0.2")), True),
        (0.7, 1, Tolerance(abs_frac=Decimal("0.3")), False),  # 0.7 is a float below 7/10
        (110, 100, Tolerance(rel_frac=Decimal("0.1")), True),
        (-110, -100, Tolerance(rel_frac=Decimal("0.1")), True),
        (111, 100, Tolerance(rel_frac=Decimal("0.1")), False),
        (116, 100, Tolerance(abs_frac=Decimal(6), rel_frac=Decimal("0.1")), True),
        (True, True, EXACT, True),
        (1, True, EXACT, False),
        (True, 1, Tolerance(abs_frac=Decimal(1)), False),
        (None, None, EXACT, True),
        (0, None, Tolerance(abs_frac=Decimal(1)), False),
        ("infinite", "infinite", Tolerance(abs_frac=Decimal(1)), True),
        (10**40, "infinite", Tolerance(rel_frac=Decimal(1)), False),
        (float("inf"), 1, Tolerance(rel_frac=Decimal(1)), False),
        (float("nan"), 1, Tolerance(rel_frac=Decimal(1)), False),
        ([1, 2], [1, 2], EXACT, True),
        ([1], [1, 2], EXACT, False),
        (["a", "b"], ["b", "a"], Tolerance(abs_frac=Decimal(9)), False),
        (-1.9999999, -2, Tolerance(rule="round to 6 decimals, truncate toward zero, and so"), True),
        (-1.99999, -1, Tolerance(rule="round to 6 decimals, truncate toward zero"), True),
        (1.99999, 2, Tolerance(rule="round to 6 decimals, truncate toward zero"), False),
        (0.3419, 0.341, Tolerance(rule="floor to 3 decimals"), False),  # 0.341 has more digits
        (0.3419, "0.341", Tolerance(rule="floor to 3 decimals"), True),
        (92.99, 92, Tolerance(rule="floor to whole dollars"), True),
        (-92.01, -93, Tolerance(rule="floor to whole dollars"), True),
    ],
)
def test_a_number_passes_within_its_tolerance_and_not_beyond(
    got: object, want: object, tolerance: Tolerance, passes: bool
) -> None:
    assert (compare(got, {"value": want}, tolerance).misses == ()) is passes


def test_outputs_that_are_not_asked_for_are_passed_over_and_none_may_lack() -> None:
    assert compare({"a": 1, "b": 2}, {"a": 1}, EXACT).misses == ()
    (miss,) = compare({"a": 1}, {"a": 1, "b": {"c": 2}}, EXACT).misses
    assert miss == "b: nothing was computed, expected {'c': 2}"
    (miss,) = compare({"a": {"c": [1, 3]}}, {"a": {"c": [1, 2]}}, EXACT).misses
    assert miss == "a.c[1]: computed 3, expected 2; off by 1, allowed 0"


@pytest.mark.parametrize(
    ("got", "want", "tolerance", "told"),
    [
        (Fraction(801193, 40), "20029.8", EXACT, "20029.825, expected 20029.8; off by 0.025"),
        (Fraction(1, 3), "0.3", EXACT, "0.3333333333333333, expected 0.3; off by 0.03333333333"),
        # The double nearest to 0.1 is 0.1000000000000000055511151231257827…
        (0.1, "0.1", EXACT, "0.10000000000000001, expected 0.1; off by 5.55111512"),
        # A third, and a third of 1e-30 more: they part in the thirtieth digit.
        (
            Fraction(10**30 + 1, 3 * 10**30),
            "1/3",
            EXACT,
            f"0.{29 * '3'}4, expected 0.{30 * '3'}; off by 3.33333333333333",
        ),
        (111, 100, Tolerance(rel_frac=Decimal("0.1")), "111, expected 100; off by 11, allowed 10"),
        (0.25, 1, Tolerance(abs_frac=Decimal("0.5")), "0.25, expected 1; off by 0.75, allowed 0.5"),
    ],
)
def test_a_miss_says_in_decimals_by_how_much(
    got: object, want: object, tolerance: Tolerance, told: str
) -> None:
    (miss,) = compare(got, {"value": want}, tolerance).misses
    assert miss.startswith(f"value: computed {told}")


def test_the_worst_error_is_a_part_of_what_is_allowed() -> None:
    half = compare(1.05, {"value": 1}, Tolerance(abs_frac=Decimal("0.1")))
    assert half.error_of_tolerance_frac == pytest.approx(0.5)
    assert compare(1, {"value": 1}, EXACT).error_of_tolerance_frac == 0.0
    assert compare(2, {"value": 1}, EXACT).error_of_tolerance_frac is None
    assert compare(True, {"value": True}, EXACT).error_of_tolerance_frac is None


def test_a_rule_of_rounding_that_nobody_knows_is_refused() -> None:
    with pytest.raises(VectorsRejected, match="round to the nearest cow"):
        compare(1, {"value": 1}, Tolerance(rule="round to the nearest cow"))


def test_a_computation_sees_its_inputs_and_nothing_else(tmp_path: Path) -> None:
    wrong = QUOTE | {"id": "wrong", "then": {"value": "7"}}
    found = certify(written(tmp_path, QUOTE, wrong))
    (suite,) = found.suites
    assert (suite.passed_count, suite.failed_count, suite.failures) == (1, 1, ("wrong",))
    assert suite.error_worst_frac is None
    assert suite.messages["wrong"] == (
        "value: computed 1250000000000000000, expected 7; off by 1249999999999999993, allowed 0"
    )


def test_a_case_without_a_tolerance_says_so_where_it_fails(tmp_path: Path) -> None:
    bare = {name: value for name, value in QUOTE.items() if name != "tolerance"}
    wrong = bare | {"id": "wrong", "then": {"value": "7"}}
    (suite,) = certify(written(tmp_path, bare, wrong)).suites
    assert suite.passed_count == 1
    assert suite.messages["wrong"].endswith(
        ", allowed 0; the case states no tolerance, so all must be equal"
    )


def test_what_nobody_computes_is_counted_and_named(tmp_path: Path) -> None:
    other = QUOTE | {"id": "other", "kind": "quote_moonshine"}
    (suite,) = certify(written(tmp_path, QUOTE, other)).suites
    assert (suite.passed_count, suite.failed_count, suite.unsupported_count) == (1, 0, 1)
    assert suite.unsupported_kinds_count == {"quote_moonshine": 1}
    # One kind's name means other inputs in another suite.
    (suite,) = certify(written(tmp_path, QUOTE, suite="venue_cme")).suites
    assert suite.unsupported_count == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "no input base_amount; there is nothing"),
        (QUOTE["given"] | {"base_amount": "2.5"}, "base_amount must be a whole number, was 5/2"),
        (QUOTE["given"] | {"base_amount": True}, "base_amount must be a number, was True"),
        (QUOTE["given"] | {"base_amount": "much"}, "base_amount must be a number, was 'much'"),
        (QUOTE["given"] | {"asset_price_1e8": 0}, "prices must be positive"),
    ],
)
def test_bad_inputs_fail_their_case_and_say_why(
    given: dict[str, Any], message: str, tmp_path: Path
) -> None:
    (suite,) = certify(written(tmp_path, QUOTE | {"given": given})).suites
    said = suite.messages["quote_half"]
    assert message in said
    assert "VectorsRejected" not in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "this is not JSON: Expecting property name"),
        ("# Read me", "this is not JSON"),
        ('{"rows": []}', "this is not a vector file, which begins with a schema"),
        ("[1, 2]", "this is not a vector file"),
        ('{"schema": "other/1", "suite": "x", "cases": []}', "schema is 'other/1'"),
        ('{"schema": "hedgerow.vectors/1", "cases": []}', "missing required field `suite`"),
        (
            '{"schema": "hedgerow.vectors/1", "suite": "x", "cases":'
            ' [{"id": "a", "kind": "k", "given": {"x": NaN}, "then": {}}]}',
            "NaN is no number",
        ),
        (
            '{"schema": "hedgerow.vectors/1", "suite": "x", "cases": [{"id": "a", "kind": "k",'
            ' "given": {}, "then": {}, "tolerance": {"relative": 1}}]}',
            "unknown field `relative`",
        ),
        (
            '{"schema": "hedgerow.vectors/1", "suite": "x", "cases": ['
            '{"id": "a", "kind": "k", "given": {}, "then": {}},'
            '{"id": "a", "kind": "k", "given": {}, "then": {}}]}',
            "a names two cases",
        ),
    ],
)
def test_a_file_that_is_no_suite_is_refused_with_its_name(
    text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(VectorsRejected) as refused:
        read_suite(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)


def test_inputs_keep_every_digit() -> None:
    given = Given({"price": Decimal("0.1"), "part": "1/3", "many": "123456789012345678901"})
    assert given.fraction("price") == Fraction(1, 10)
    assert given.fraction("part") == Fraction(1, 3)
    assert given.integer("many") == 123456789012345678901
    assert given.integer("none", 4) == 4
    assert not given.flag("none", otherwise=False)


@pytest.mark.slow
def test_the_command_counts_and_ends_with_one_where_a_case_fails(tmp_path: Path) -> None:
    written(tmp_path, QUOTE, QUOTE | {"id": "other", "kind": "quote_moonshine"})
    answer = hedgerow("certify", ".", cwd=tmp_path)
    assert answer.code == 0, answer.err
    assert "compound_v3 quote_moonshine: 1 case, and nobody here computes it" in answer.out
    assert "did you mean" not in answer.out
    written(tmp_path, QUOTE, QUOTE | {"id": "wrong", "then": {"value": 7}})
    answer = hedgerow_here("certify", ".", "--json", cwd=tmp_path)
    assert answer.code == 1
    told = answer.json()
    assert {key: told[key] for key in ("passed", "failed", "unsupported")} == {
        "passed": 1,
        "failed": 1,
        "unsupported": 0,
    }
    assert told["suites"][0]["failures"] == ["wrong"]
    assert told["suites"][0]["suite"] == "compound_v3"
    misspelt = QUOTE | {"kind": "quote_collaterals"}
    written(tmp_path, misspelt, misspelt | {"id": "again"})
    answer = hedgerow_here("certify", ".", cwd=tmp_path)
    assert answer.code == 1
    assert "2 cases, and nobody here computes it; did you mean quote_collateral?" in answer.out
    assert answer.err == "exit 1: none of 2 cases was computed\n"
    written(tmp_path, QUOTE | {"then": {"value": 7}})
    answer = hedgerow_here("certify", ".", cwd=tmp_path)
    assert answer.err == "exit 1: 1 of 1 case failed\n"
    answer = hedgerow_here("certify", "nowhere", cwd=tmp_path)
    assert answer.code == 2
    assert "nowhere: there is no such file or folder" in answer.err


def module(name: str, **holds: object) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(holds)
    return made


def test_a_module_is_named_for_its_suite_or_names_several() -> None:
    made = [module("some.where", KINDS={"a": abs}), module("more", SUITES={"b": {"a": len}})]
    assert computations_in([*made, module("helper")]) == {("where", "a"): abs, ("b", "a"): len}


def test_two_modules_for_one_suite_are_refused() -> None:
    made = [module("first", SUITES={"b": {"a": abs}}), module("b", KINDS={"c": len})]
    with pytest.raises(ValueError, match=r"^first and b both compute b$"):
        computations_in(made)

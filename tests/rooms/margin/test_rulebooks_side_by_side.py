"""Several rulebooks of one venue: which applies when, what differs, and what is wrong with one."""

from decimal import Decimal

import msgspec
import pytest

from hedgerow.errors import Failure, RulebookRejected
from hedgerow.margin import (
    Rulebook,
    begun_in,
    decode_rulebook,
    differences,
    in_force,
    rulebook_mistakes,
    rulebooks_at,
    venues,
)
from hedgerow.units import format_ns, parse_ns
from tests.builders import lending_rulebook, packaged, scan_rulebook, tiered_rulebook

D = Decimal
SCAN, TIERED, LENDING = "deribit/2026-02-15", "binance/2021-11-01", "aave/2023-06-20"

TAGS = ", ".join(sorted(engine.tag for engine in venues.ENGINES))


def of(day: str, venue: str = "deribit", name: str = "") -> Rulebook:
    return scan_rulebook(venue=venue, as_of=day, name=name or f"{venue}/{day}")


DATED = [of("2026-02-15"), of("2024-06-17"), of("2025-01-01"), of("2026-02-01", "paradex")]


@pytest.mark.parametrize(
    ("time", "name"),
    [
        ("2024-06-17T00:00:00Z", "deribit/2024-06-17"),
        ("2024-12-31T23:59:59Z", "deribit/2024-06-17"),
        ("2025-01-01T00:00:00Z", "deribit/2025-01-01"),
        ("2026-02-14T23:59:59.999999Z", "deribit/2025-01-01"),
        ("2026-02-15T00:00:00Z", "deribit/2026-02-15"),
        ("2031-01-01T00:00:00Z", "deribit/2026-02-15"),
    ],
)
def test_the_latest_that_has_begun_applies(time: str, name: str) -> None:
    for order in (DATED, DATED[::-1]):
        found = in_force(order, "deribit", parse_ns(time))
        assert not isinstance(found, Failure)
        assert found.name == name


def test_before_the_first_nothing_is_known() -> None:
    found = in_force(DATED, "deribit", parse_ns("2024-06-16T23:59:59Z"))
    assert isinstance(found, Failure)
    assert found.reason == "missing_data"
    assert "the first is of 2024-06-17" in found.message
    nowhere = in_force(DATED, "okx", parse_ns("2026-01-01T00:00:00Z"))
    assert isinstance(nowhere, Failure)
    assert "there is none at all" in nowhere.message


def test_a_rulebook_goes_by_its_name_always_and_by_its_venue_in_its_time() -> None:
    every = {each.name: each for each in DATED}
    then = rulebooks_at(every, parse_ns("2025-06-01T00:00:00Z"))
    assert set(then) == {*every, "deribit"}
    assert then["deribit"].name == "deribit/2025-01-01"
    assert all(then[name] is each for name, each in every.items())
    assert rulebooks_at(every, parse_ns("2020-01-01T00:00:00Z")) == every


def test_what_an_account_comes_to_within_a_time() -> None:
    every = {each.name: each for each in DATED}
    start_ns, end_ns = parse_ns("2024-12-31T00:00:00Z"), parse_ns("2026-02-15T00:00:00Z")

    def come_to(named: str, start_ns: int, end_ns: int) -> list[tuple[str, str]]:
        return [
            (format_ns(time_ns), each.subject if isinstance(each, Failure) else each.name)
            for time_ns, each in begun_in(every, named, start_ns, end_ns)
        ]

    assert come_to("deribit", start_ns, end_ns) == [
        ("2024-12-31T00:00:00Z", "deribit/2024-06-17"),
        ("2025-01-01T00:00:00Z", "deribit/2025-01-01"),
        ("2026-02-15T00:00:00Z", "deribit/2026-02-15"),
    ]
    assert len(come_to("deribit", start_ns, end_ns - 1)) == 2
    assert come_to("deribit/2024-06-17", start_ns, end_ns) == [
        ("2024-12-31T00:00:00Z", "deribit/2024-06-17")
    ]
    assert come_to("deribit", 0, 1) == [("1970-01-01T00:00:00Z", "deribit")]


def test_two_of_one_day_are_no_answer() -> None:
    twice = [*DATED, of("2026-02-15", name="deribit/standard")]
    found = in_force(twice, "deribit", parse_ns("2026-03-01T00:00:00Z"))
    assert isinstance(found, Failure)
    assert "deribit/2026-02-15, deribit/standard" in found.message
    assert not isinstance(in_force(twice, "deribit", parse_ns("2025-03-01T00:00:00Z")), Failure)


def test_a_figure_that_differs_is_told_with_its_change() -> None:
    old = scan_rulebook()
    new = scan_rulebook(
        price_range_frac={"BTC": D("0.18"), "ETH": D("0.180")}, buckets_count=5, name="x",
        source="elsewhere", as_of="2026-03-01", confidence_note="",
    )  # fmt: skip
    first, second = differences(old, new)
    assert (first.path, first.old, first.new) == ("price_range_frac.BTC", "0.16", "0.18")
    assert (first.change, first.change_frac) == ("+0.02", D("0.125"))
    assert (second.path, second.change, second.change_frac) == ("buckets_count", "+1", D("0.25"))
    assert [each.change for each in differences(new, old)] == ["-0.02", "-1"]
    assert differences(old, old) == ()


def test_a_change_from_zero_has_no_share_of_the_old() -> None:
    old = tiered_rulebook([(0, "0.01")], fee_taker_frac=D(0))
    (found,) = differences(old, tiered_rulebook([(0, "0.01")], fee_taker_frac=D("0.001")))
    assert (found.change, found.change_frac) == ("+0.001", None)


def test_a_tier_more_is_one_tier_more() -> None:
    old = tiered_rulebook([(0, "0.01"), (50_000, "0.02"), (100_000, "0.05")])
    new = tiered_rulebook([(0, "0.01"), (20_000, "0.015"), (50_000, "0.025"), (100_000, "0.05")])
    assert {each.path: (each.old, each.new) for each in differences(old, new)} == {
        "tiers.BTC[from 50000].rate_maintenance_frac": ("0.02", "0.025"),
        "tiers.BTC[from 50000].rate_initial_frac": ("0.04", "0.050"),
        "tiers.BTC[from 20000].floor_usd": (None, "20000"),
        "tiers.BTC[from 20000].rate_maintenance_frac": (None, "0.015"),
        "tiers.BTC[from 20000].rate_initial_frac": (None, "0.030"),
    }
    gone = {each.path: (each.old, each.new) for each in differences(new, old)}
    assert gone["tiers.BTC[from 20000].floor_usd"] == ("20000", None)


def test_tiers_are_told_by_their_floor_however_written() -> None:
    old = tiered_rulebook([(0, "0.01"), (50_000, "0.02")])
    table = [
        msgspec.structs.replace(t, floor_usd=t.floor_usd * D("1.00")) for t in old.tiers["BTC"]
    ]
    assert differences(old, msgspec.structs.replace(old, tiers={"BTC": table})) == ()


def test_evidence_and_kind_differ_too() -> None:
    old = scan_rulebook()
    new = scan_rulebook(evidence={**old.evidence, "options_scan": "V"})
    (found,) = differences(old, new)
    assert (found.path, found.old, found.new, found.change) == (
        "evidence.options_scan", "D", "V", None,
    )  # fmt: skip
    other = differences(old, tiered_rulebook([(0, "0.01")]))
    assert ("type", "scan", "tiered") in [(each.path, each.old, each.new) for each in other]


def test_what_no_field_tells_and_what_is_none_do_not_differ() -> None:
    """A reserve without loan to value beside a rulebook that has no reserves at all."""
    lent = lending_rulebook(WETH=8000)
    paths = {each.path for each in differences(lent, tiered_rulebook([(0, "0.01")]))}
    assert "reserves.WETH.liquidation_threshold_bps" in paths
    assert not {"reserves.WETH.ltv_bps", "e_mode"} & paths
    told = msgspec.structs.replace(lent.reserves["WETH"], ltv_bps=7000)
    (found,) = differences(lent, msgspec.structs.replace(lent, reserves={"WETH": told}))
    assert (found.path, found.old, found.new) == ("reserves.WETH.ltv_bps", None, "7000")


@pytest.mark.parametrize("name", [SCAN, TIERED, LENDING])
def test_a_sound_file_has_no_mistake(name: str) -> None:
    assert rulebook_mistakes(packaged(name)) == ()


def test_every_mistake_is_told_at_once() -> None:
    raw = (
        packaged(SCAN)
        .replace(b"buckets_count = 4", b'buckets_count = "four"\nbuckets = 4')
        .replace(b'as_of = "2026-02-15"', b"")
        .replace(b'confidence = "exact"', b'confidence = "certain"')
        .replace(b'"-0.33"', b'"third"')
        .replace(b'roll_minimum = "V"', b'roll_minimum = "X"')
    )
    found = rulebook_mistakes(raw)
    assert {told.split(":")[0].split(" ")[0] for told in found} == {
        "as_of", "confidence", "evidence.roll_minimum", "buckets_count", "extended_moves_frac.[1]",
        "buckets",
    }  # fmt: skip
    assert len(found) == 6
    assert "as_of is missing" in found
    assert "buckets is no field" in found


def test_what_does_not_fit_together_is_told_at_once_too() -> None:
    raw = (
        packaged(TIERED)
        .replace(b'floor_usd = "50000"', b'floor_usd = "-1"', 1)
        .replace(b'as_of = "2021-11-01"', b'as_of = "1st of November"')
    )
    number, day = rulebook_mistakes(raw)
    assert number.startswith("tiers.BTC.[1].floor_usd must be finite and not negative")
    assert day == "as_of must be a day such as 2026-02-15, was 1st of November"
    # Both coins have this tier, so both are told.
    falls = packaged(TIERED).replace(b'floor_usd = "50000"', b'floor_usd = "300000"')
    assert [each.partition(" ")[0] for each in rulebook_mistakes(falls)] == [
        "tiers.BTC", "tiers.ETH",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"= nothing", "Invalid"), (b'type = "other"', "type must be one of"),
        (b"name = 3", f"this is no rulebook: type is missing; it must be one of {TAGS}"),
        (b'name = "x"\n[desk]\nname = "y"', "this is a desk file, not a rulebook"),
        (b"# a title\n\nand words", "this is no TOML: "),
        (b"\xff", "this is no TOML: "),
        (b"tiers = " + b"[" * 5_000, "nested too deeply"),
        (b"type = 3", "was 3"),
    ],
)  # fmt: skip
def test_what_is_no_rulebook_says_so(raw: bytes, told: str) -> None:
    (mistake,) = rulebook_mistakes(raw)
    assert told in mistake


@pytest.mark.parametrize("name", [SCAN, TIERED, LENDING])
def test_checking_and_decoding_agree(name: str) -> None:
    """Whatever one line is lost or spoilt, both refuse it or neither does."""
    raw = packaged(name)
    lines = raw.splitlines(keepends=True)
    refused_count = 0
    for at, line in enumerate(lines):
        for other in (b"", line.replace(b'"', b'"x', 1), line.replace(b"= ", b"= -", 1)):
            spoilt = b"".join((*lines[:at], other, *lines[at + 1 :]))
            try:
                decode_rulebook(spoilt, where=name)
            except RulebookRejected:
                is_refused = True
            else:
                is_refused = False
            assert bool(rulebook_mistakes(spoilt)) is is_refused, other
            refused_count += is_refused
    assert refused_count > len(lines)

"""The page of the rooms walks one position from a recording to a margin call; here it is walked."""

from decimal import ROUND_CEILING, Decimal
from pathlib import Path

from rich.console import Console

from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.errors import Failure, Outcome
from hedgerow.exposure import ExposureTable
from hedgerow.limits import (
    USE,
    Breach,
    Call,
    CallPolicy,
    Limit,
    Look,
    Seen,
    Triggers,
    account_node,
    breaches,
    judge,
    on_ladder,
    open_calls,
)
from hedgerow.margin import MarginReport, Rulebook, require
from hedgerow.portfolio import book
from hedgerow.reporting import call_tables
from hedgerow.units import format_ns
from hedgerow.venues.recordings import option_from_name
from tests.episodes.walking import (
    NAME,
    PACKAGE,
    PAGE,
    STEP,
    at_the_end,
    by_room,
    listed,
    one_row,
    opened_in_rooms_left,
    short_put,
    visits,
)

FILES_COUNT_MAX = 12
TARGET_FRAC = Decimal("0.5")


def required(folder: Path, rulebook: Rulebook) -> Outcome[MarginReport]:
    """Take the option from the recording to the requirement of an account that is short it."""
    snapshot = at_the_end(folder)
    account = short_put(snapshot, rulebook, coins=12)
    return require(account, {NAME: option_from_name(NAME)}, snapshot, rulebook)


def called(
    folder: Path, rulebook: Rulebook
) -> tuple[Outcome[MarginReport], tuple[Breach, ...], tuple[Call, ...], str]:
    """Take it on to the breach of a limit, to the margin call, and to the words that are printed.

    Five coins fewer than in `required`. How far the account is from its liquidation is another walk
    and told to be unknown.
    """
    snapshot = at_the_end(folder)
    account = short_put(snapshot, rulebook, coins=7)
    desk = book([account], {NAME: option_from_name(NAME)})
    report = require(account, desk.terms, snapshot, rulebook)
    node = account_node(account)
    far = Failure(subject=node, reason="missing_data", message="nobody asked how far it is")
    exposures = ExposureTable(
        time_ns=snapshot.time_ns, rows=(), option_age_ns_max=None, vol_regime="sticky_strike"
    )
    seen = Seen(desk, snapshot, exposures, {node: report}, {node: far})
    limit = Limit(
        scope="desk/*/*",
        metric=USE,
        soft_frac_usd_or_coin=0.6,
        hard_frac_usd_or_coin=0.8,
        owner="risk",
    )
    found = breaches(judge([limit], seen))
    begins = Triggers(watch_frac=0.5, call_frac=0.6, inject_frac=0.8, reduce_frac=0.9)
    policy = CallPolicy(
        account_id=account.account_id,
        target_use_frac=TARGET_FRAC,
        triggers={USE: begins},
        owner="risk",
    )
    look = Look(seen=seen, account=account, rulebook=rulebook, chance=None, step_ccy=STEP)
    stands = on_ladder(policy, None, look, ())
    calls = open_calls({account.account_id: stands})
    console = Console(width=160, color_system=None)
    with console.capture() as printed:
        console.print(call_tables([stands], calls, (), time_ns=snapshot.time_ns))
    return report, found, calls, printed.get()


def test_the_page_names_every_file_in_order_of_first_visits(tmp_path: Path) -> None:
    folder, rulebook = one_row(tmp_path), packaged_rulebooks()["deribit/2026-02-15"]
    with visits(PACKAGE) as seen:
        report = required(folder, rulebook)
    assert isinstance(report, MarginReport), report
    assert sum(line.amount_ccy for line in report.lines) == report.requirement_maintenance_ccy > 0
    assert seen == listed(PAGE.read_text(encoding="utf-8"))


def test_the_walk_is_short() -> None:
    named = listed(PAGE.read_text(encoding="utf-8"))
    assert 0 < len(named) <= FILES_COUNT_MAX
    assert all((PACKAGE / name).is_file() for name in named)


def test_the_walk_goes_on_from_the_requirement_to_the_margin_call(tmp_path: Path) -> None:
    folder, rulebook = one_row(tmp_path), packaged_rulebooks()["deribit/2026-02-15"]
    with visits(PACKAGE) as seen:
        report, found, calls, printed = called(folder, rulebook)
    assert isinstance(report, MarginReport), report
    (breach,), (call,) = found, calls
    use = report.requirement_maintenance_ccy / report.equity_ccy
    assert breach.state.rung == "soft"
    assert breach.state.value_frac_usd_or_coin == float(use)
    # Coins add to equity alone: so many are missing until the use is the target.
    missing_coin = report.requirement_maintenance_ccy / TARGET_FRAC - report.equity_ccy
    assert call.size_ccy == missing_coin.quantize(STEP, rounding=ROUND_CEILING)
    assert f"{call.size_ccy} BTC at once, to risk" in printed
    page = PAGE.read_text(encoding="utf-8")
    first = listed(page)
    assert [name for name in seen if name in first] == first
    assert [name for name in seen if name not in first] == listed(page, "call")


def test_the_walk_to_the_margin_call_opens_no_file_in_a_room_it_has_left(tmp_path: Path) -> None:
    folder, rulebook = one_row(tmp_path), packaged_rulebooks()["deribit/2026-02-15"]
    with visits(PACKAGE) as seen:
        called(folder, rulebook)
    assert opened_in_rooms_left(seen) == []
    assert opened_in_rooms_left(["a/1", "b/1", "a/1", "b/2", "b/3"]) == ["a/1", "b/2"]


def test_the_page_counts_its_files_aright() -> None:
    page = PAGE.read_text(encoding="utf-8")
    first, then, last = listed(page), listed(page, "call"), listed(page, "plan")
    look, asked = (
        [file for files in by_room(page, name).values() for file in files]
        for name in ("look", "asked")
    )
    counts = [
        len(first) + then.index(name) + 1
        for name in ("limits/judge.py", "limits/arrival.py", "reporting/grid.py")
    ]
    told = "So it is {} files to the requirement, {} to the breach, {} to the call and {} to"
    assert told.format(len(first), *counts) in page
    told = "{} files from the breach to the plan, beside {} that a look opens and {} that are asked"
    assert told.format(len(last), len(look), len(asked)) in page
    assert all((PACKAGE / name).is_file() for name in (*then, *last, *look, *asked))


def test_a_second_walk_sees_the_same_files(tmp_path: Path) -> None:
    """Nothing is hidden by what an earlier run left behind in memory."""
    folder, rulebook = one_row(tmp_path), packaged_rulebooks()["deribit/2026-02-15"]
    with visits(PACKAGE) as first:
        required(folder, rulebook)
    with visits(PACKAGE) as second:
        required(folder, rulebook)
    assert first == second


def test_the_tracer_sees_what_is_called_and_leaves_out_units(tmp_path: Path) -> None:
    with visits(PACKAGE) as seen:
        assert format_ns(0) == "1970-01-01T00:00:00Z"
        option_from_name(NAME)
    assert seen == ["venues/recordings/names.py", "instruments/records.py"]

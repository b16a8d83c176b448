"""What other modes and venues would free, as the engines themselves say of whole accounts."""

from decimal import Decimal

import msgspec
import pytest
from rich.console import Console

from hedgerow.collateral import Freed, freed
from hedgerow.collateral.freed import _fees_usd
from hedgerow.errors import Failure
from hedgerow.hedging import Depth, offer
from hedgerow.instruments import Option
from hedgerow.limits import survey
from hedgerow.margin import (
    MarginReport,
    Rulebook,
    decode_rulebook,
    mark_ccy,
    require,
    terms_of,
)
from hedgerow.portfolio import Account, book
from hedgerow.reporting import freed_tables
from tests.builders import (
    account,
    by_id,
    index,
    inverse,
    option,
    option_quote,
    packaged,
    perpetual,
    quote,
    snapshot,
    tiered_rulebook,
)

D = Decimal
TERMS = by_id(perpetual())
NOW = snapshot(index("BTC", 1000), index("USDC", 1), quote("BTC-PERP", 1000))
DEAR = tiered_rulebook([(0, "0.05")])
CHEAP = tiered_rulebook([(0, "0.01")])


def perps(name: str, rulebook: str, contracts: float, entry: float = 900) -> Account:
    positions = {"BTC-PERP": (contracts, entry)} if contracts else {}
    return account(
        name, venue="binance", rulebook=rulebook, positions=positions, balances={"USDC": 1_000}
    )


def test_a_position_moved_frees_the_difference_of_both_requirements() -> None:
    """Two coins at 1000 ask for 200 initially where they are and for 40 at the other account."""
    rules: dict[str, Rulebook] = {"dear": DEAR, "cheap": CHEAP}
    state = survey(book([perps("a", "dear", 2), perps("b", "cheap", 0)], TERMS), NOW, rules, ())
    (found,) = freed(state, rules)
    assert isinstance(found, Freed)
    assert (found.how, found.account_id, found.target) == ("move", "a", "b")
    assert found.instrument_id == "BTC-PERP"
    assert (found.initial_before_usd, found.initial_after_usd) == (D(200), D(40))
    assert found.freed_usd == 160
    # The fee that closing takes is part of neither account's equity: it stands beside.
    fee = DEAR.fee_taker_frac + CHEAP.fee_taker_frac
    assert found.fees_usd == 2_000 * fee


def test_positions_that_offset_each_other_free_both_requirements() -> None:
    rules: dict[str, Rulebook] = {"dear": DEAR}
    state = survey(book([perps("a", "dear", 2), perps("b", "dear", -2)], TERMS), NOW, rules, ())
    for found in freed(state, rules):
        assert isinstance(found, Freed)
        assert (found.initial_before_usd, found.initial_after_usd) == (D(400), D(0))
        assert found.freed_usd == 400


def test_another_kind_of_rulebook_is_another_mode_and_another_date_is_none() -> None:
    """Hyperliquid keeps an account by tiers or as one portfolio; both engines are asked."""
    names = ("hyperliquid/2026-08-22", "hyperliquid-portfolio/2026-08-22")
    rules = {name: decode_rulebook(packaged(name), where=name) for name in names}
    held = msgspec.structs.replace(perps("hl", names[1], 2), venue="hyperliquid", currency="USDC")
    state = survey(book([held], TERMS), NOW, rules, ())
    (found,) = freed(state, rules)
    reports = [require(held, TERMS, NOW, rules[name]) for name in names]
    assert isinstance(found, Freed)
    other, own = reports
    assert isinstance(other, MarginReport)
    assert isinstance(own, MarginReport)
    assert found.target == names[0]
    free = [each.equity_ccy - each.requirement_initial_ccy for each in (own, other)]
    assert found.freed_usd == pytest.approx(free[1] - free[0])


@pytest.mark.parametrize(
    ("others", "asked"),
    [
        # The bare name is the newest one: a dated one beside it is an older date of the same mode.
        (("hyperliquid", "hyperliquid/2026-08-22"), ["hyperliquid"]),
        (("hyperliquid/2026-08-22",), ["hyperliquid/2026-08-22"]),
        # A name that only begins alike is another rulebook.
        (
            ("hyperliquid-old", "hyperliquid/2026-08-22"),
            ["hyperliquid-old", "hyperliquid/2026-08-22"],
        ),
    ],
)
def test_a_dated_rulebook_beside_its_bare_name_is_no_mode_of_its_own(
    others: tuple[str, ...], asked: list[str]
) -> None:
    own = "hyperliquid-portfolio/2026-08-22"
    dated = "hyperliquid/2026-08-22"
    rules = dict.fromkeys(others, decode_rulebook(packaged(dated), where=dated))
    rules[own] = decode_rulebook(packaged(own), where=own)
    held = msgspec.structs.replace(perps("hl", own, 2), venue="hyperliquid", currency="USDC")
    state = survey(book([held], TERMS), NOW, rules, ())
    found = [each for each in freed(state, rules) if isinstance(each, Freed)]
    assert sorted(each.target for each in found) == asked


def test_what_the_engines_cannot_answer_comes_last_with_its_reason() -> None:
    rules: dict[str, Rulebook] = {"dear": DEAR}
    nameless = account(
        "a", venue="binance", rulebook="dear", positions={"BTC-PERP": (1, 1000)},
        balances={"USDC": 1_000},
    )  # fmt: skip
    both = msgspec.structs.replace(
        nameless,
        account_id="b",
        positions=(*nameless.positions, msgspec.structs.replace(
            nameless.positions[0], quantity_contracts=D(-1))),
    )  # fmt: skip
    state = survey(book([nameless, both], TERMS), NOW, rules, ())
    found = freed(state, rules)
    assert all(isinstance(each, Failure) for each in found)
    assert "both sides" in str(found[-1])


def test_an_account_of_another_coin_is_named_with_what_it_cannot_hold() -> None:
    """Deribit keeps an account a coin: each is asked for what the other holds, and refuses."""
    name = "deribit/2026-02-15"
    rules = {name: decode_rulebook(packaged(name), where=name)}
    held = [
        account(
            coin.lower(), venue="deribit", rulebook=name, currency=coin, balances={coin: 5},
            positions={f"{coin}-INV": (10, 1000)},
        )
        for coin in ("BTC", "ETH")
    ]  # fmt: skip
    perpetuals = [inverse(coin, instrument_id=f"{coin}-INV") for coin in ("BTC", "ETH")]
    now = snapshot(*(index(coin, 1000) for coin in ("BTC", "ETH")),
                   *(quote(f"{coin}-INV", 1000) for coin in ("BTC", "ETH")))  # fmt: skip
    told = freed(survey(book(held, by_id(*perpetuals)), now, rules, ()), rules)
    assert [(each.subject, each.message) for each in told if isinstance(each, Failure)] == [
        ("BTC-INV from btc to eth", "BTC-INV is neither ETH future nor option"),
        ("ETH-INV from eth to btc", "ETH-INV is neither BTC future nor option"),
    ]
    assert len(told) == 2


DERIBIT = "deribit/2026-02-15"
RULES: dict[str, Rulebook] = {DERIBIT: decode_rulebook(packaged(DERIBIT), where=DERIBIT)}


def _holder(name: str, terms: Option, contracts: int) -> Account:
    return account(
        name, venue="deribit", rulebook=DERIBIT, currency="BTC", balances={"BTC": 50},
        positions={terms.instrument_id: contracts} if contracts else {},
    )  # fmt: skip


@pytest.mark.parametrize(("strike", "is_capped"), [(50_000, False), (30_000, True)])
def test_an_option_paid_in_coin_costs_its_fee_at_both_ends(strike: int, is_capped: bool) -> None:
    """Deribit takes 0.03 % of a coin, and an eighth of the price where that is less."""
    put = option(strike, "put")
    events = index("BTC", 60_000), option_quote(put, 60_000, 0.6)
    holders = [_holder("a", put, -12), _holder("b", put, 0)]
    state = survey(book(holders, by_id(put)), snapshot(*events), RULES, ())
    (found,) = freed(state, RULES)
    assert isinstance(found, Freed)
    mark = mark_ccy(put, state.snapshot)
    assert not isinstance(mark, Failure)
    assert (mark < 0.0024) == is_capped
    fee_coin = 0.125 * mark if is_capped else 0.0003
    assert found.fees_missing is None
    assert found.fees_usd == pytest.approx(D(2 * 12 * fee_coin * 60_000))
    # As a plan prices it, but for the half spread at which that trades.
    charges = terms_of(RULES[DERIBIT]).charges
    assert charges is not None
    told = offer(put, state.book.account("a"), state.snapshot, charges, Depth())
    assert not isinstance(told, Failure)
    if not is_capped:
        assert found.fees_usd == pytest.approx(D(24 * told.buys[0].fee_usd_per_contract))


def test_the_fee_of_a_linear_option_is_of_its_forward_in_what_it_settles_in() -> None:
    put = option(50_000, "put", settlement="USDC")
    events = index("BTC", 60_000), index("USDC", 1), option_quote(put, 61_000, 0.6)
    holders = _holder("a", put, -12), _holder("b", put, 0)
    state = survey(book(holders, by_id(put)), snapshot(*events), RULES, ())
    fees = _fees_usd(state, RULES, holders, put, D(-12), D(2_000))
    assert fees == pytest.approx(D(2) * 12 * D("0.0003") * 61_000)
    capped = _fees_usd(state, RULES, holders, put, D(-12), D(100))
    assert capped == pytest.approx(D(2) * 12 * D("0.125") * 100)


def test_a_fee_that_a_rulebook_does_not_say_is_unknown_with_the_reason() -> None:
    name = "hyperliquid/2026-08-22"
    rules: dict[str, Rulebook] = {
        "dear": DEAR,
        name: decode_rulebook(packaged(name), where=name),
    }
    silent = msgspec.structs.replace(perps("b", name, 0), venue="hyperliquid")
    state = survey(book([perps("a", "dear", 2), silent], TERMS), NOW, rules, ())
    (found,) = freed(state, rules)
    assert isinstance(found, Freed)
    assert found.fees_usd is None
    why = found.fees_missing
    assert why is not None
    assert (why.subject, why.reason) == ("b", "missing_data")
    assert why.message == f"its rulebook {name} does not say what a trade costs"
    console = Console(width=160)
    with console.capture() as told:
        console.print(freed_tables([found, found], "A desk"))
    assert "Fees that are unknown" in told.get()
    assert told.get().count(why.message) == 1

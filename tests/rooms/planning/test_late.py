"""What a liquidation takes: by the rulebook, by the most that one knows, or nobody knows it."""

from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest

from hedgerow.app.rulebooks import packaged_rulebooks
from hedgerow.collateral import Route
from hedgerow.errors import Failure, Outcome
from hedgerow.limits import FirstPassage, Survey, account_node, survey
from hedgerow.margin import LendingRulebook, MarginReport, Rulebook, terms_of
from hedgerow.planning import LATE_STATEMENT, idle_usd, late_cost, late_unknown
from hedgerow.portfolio import book
from hedgerow.solvency import Distance
from hedgerow.units import DAY_NS, HOUR_NS
from tests.builders import account, by_id, inverse, option, quote, supply
from tests.rooms.planning.test_joint import LIMITS, NOW, ROUTES, RULES, TERMS, desk

ALL = packaged_rulebooks()
FEES = [
    float(charges.fee_liquidation_frac)
    for charges in (terms_of(each).charges for each in ALL.values())
    if charges is not None
]
NO_FEE = [
    name
    for name, each in ALL.items()
    if terms_of(each).charges is None and terms_of(each).market is None
]


def lost(now: Survey, account_id: str, rules: dict[str, Rulebook]) -> Outcome[float]:
    return idle_usd(lambda *_: 1.0, now, rules, now.book.account(account_id), DAY_NS)


def with_report(now: Survey, account_id: str, report: Outcome[MarginReport]) -> Survey:
    (node,) = [each for each in now.reports if each.rpartition("/")[2] == account_id]
    return replace(now, reports={**now.reports, node: report})


def to(account_id: str) -> Route:
    return next(each for each in ROUTES if each.target_account_id == account_id)


@pytest.mark.parametrize("name", NO_FEE)
def test_an_exchange_of_unknown_fee_takes_the_most_that_is_known(name: str) -> None:
    """10 BTC at 1,000: a share of its margin would be a twentieth of a twentieth of that."""
    found = lost(desk(btc_one=10), "one", {**RULES, "perps": ALL[name]})
    assert found == pytest.approx(10_000 * max(FEES))
    assert f"{100 * max(FEES):.2f} % where its rulebook has none" in LATE_STATEMENT


def test_there_are_exchanges_of_unknown_fee() -> None:
    assert {name.partition("/")[0] for name in NO_FEE} >= {"bybit", "derive", "gmx"}


def test_a_debt_in_coins_is_worth_their_price() -> None:
    """A twentieth of 2 BTC at 1,000 USD, where a market reports in the coin it lends."""
    now = desk(supplied=10, owed=700)
    (report,) = [each for each in now.reports.values() if _is_of(each, "loan")]
    assert isinstance(report, MarginReport)
    line = msgspec.structs.replace(report.lines[0], amount_ccy=report.lines[0].amount_ccy * 0 + 2)
    coins = msgspec.structs.replace(
        report, currency="BTC", lines=(line,), requirement_maintenance_ccy=line.amount_ccy
    )
    assert lost(with_report(now, "loan", coins), "loan", RULES) == pytest.approx(0.05 * 2 * 1_000)
    nowhere = msgspec.structs.replace(coins, currency="DOGE")
    assert isinstance(lost(with_report(now, "loan", nowhere), "loan", RULES), Failure)


def test_a_loan_is_charged_what_its_rulebook_says_of_the_dearest_collateral() -> None:
    """Of 700 owed 7.5 % is 52.50; what does not count as collateral is not taken."""
    rules = RULES["loan"]
    assert isinstance(rules, LendingRulebook)

    def with_bonus(bonus_bps: int, threshold_bps: int = 8000) -> dict[str, Rulebook]:
        eth = msgspec.structs.replace(
            rules.reserves["ETH"],
            liquidation_bonus_bps=bonus_bps,
            liquidation_threshold_bps=threshold_bps,
        )
        changed = msgspec.structs.replace(rules, reserves={**rules.reserves, "ETH": eth})
        return {**RULES, "loan": changed}

    now = desk(supplied=10, owed=700)
    assert lost(now, "loan", with_bonus(10_750)) == pytest.approx(52.5)
    assert lost(now, "loan", with_bonus(10_450)) == pytest.approx(31.5)
    # Nothing that is held counts, so nobody knows what would be taken: the most that is known.
    assert lost(now, "loan", with_bonus(10_750, 0)) == pytest.approx(91.0)


@pytest.mark.parametrize(
    ("bonus_bps", "threshold_bps", "owed_more_frac"),
    [
        ((10_750, 10_450), (8000, 8500), 0.075),
        ((10_450, 10_750), (8000, 8500), 0.075),
        ((10_450, 0), (8000, 0), 0.045),
    ],
)
def test_of_two_collaterals_the_dearest_that_counts_is_taken(
    bonus_bps: tuple[int, int], threshold_bps: tuple[int, int], owed_more_frac: float
) -> None:
    rules = RULES["loan"]
    assert isinstance(rules, LendingRulebook)
    reserves = {
        asset: msgspec.structs.replace(
            rules.reserves[asset],
            liquidation_bonus_bps=bonus,
            liquidation_threshold_bps=threshold,
        )
        for asset, bonus, threshold in zip(("ETH", "USDC"), bonus_bps, threshold_bps, strict=True)
    }
    changed = {**RULES, "loan": msgspec.structs.replace(rules, reserves=reserves)}
    positions = {"supply:ETH": 10, "supply:USDC": 50, "debt:USDC": -700}
    held = account("loan", venue="aave", rulebook="loan", currency="USD", positions=positions)
    terms = {**TERMS, **by_id(supply("USDC", 6))}
    now = survey(book((held,), terms), NOW, changed, LIMITS)
    assert lost(now, "loan", changed) == pytest.approx(700 * owed_more_frac)


def test_a_loan_of_unknown_penalty_is_charged_the_most_that_is_known() -> None:
    penalties = [
        float(penalty)
        for each in ALL.values()
        for asset, penalty in terms_of(each).penalty_frac.items()
        if terms_of(each).threshold_frac[asset] > 0
    ]
    assert max(penalties) == 0.13
    assert "13 % where its rulebook has none" in LATE_STATEMENT
    unsaid = [
        name
        for name, each in ALL.items()
        if terms_of(each).market is not None and not terms_of(each).penalty_frac
    ]
    assert {name.partition("-")[0] for name in unsaid} == {"compound"}


@pytest.mark.parametrize(
    ("name", "asset", "penalty_frac"),
    [
        # The reserves' liquidation bonus, a vault's chop, and 1 / (1 - 0.3 x (1 - 0.86)) - 1.
        ("aave/2023-06-20", "wstETH", 0.075),
        ("aave/2023-10-31", "USDC", 0.045),
        ("maker-eth-a/2026-08-13", "ETH", 0.13),
        ("morpho-wsteth-usdc/2024-09-03", "wstETH", 1.0 / (1.0 - 0.3 * 0.14) - 1.0),
    ],
)
def test_penalties_are_those_of_the_rulebooks(name: str, asset: str, penalty_frac: float) -> None:
    assert float(terms_of(ALL[name]).penalty_frac[asset]) == pytest.approx(penalty_frac, rel=1e-12)


def _is_of(report: Outcome[MarginReport], account_id: str) -> bool:
    return not isinstance(report, Failure) and report.account_id == account_id


def test_what_is_unknown_of_a_loan_is_said_and_not_nothing() -> None:
    now = desk(supplied=10, owed=700)
    unknown = Failure(subject="loan", reason="stale_data", message="the feed is late")
    blind = with_report(now, "loan", unknown)
    assert lost(blind, "loan", RULES) is unknown
    assert late_cost(lambda *_: 1.0, blind, RULES)(to("loan")) is None
    assert late_unknown(lambda *_: 1.0, blind, RULES, [to("loan")]) == (
        "What being late at loan costs is unknown and not in the cost: the feed is late.",
    )


@pytest.mark.parametrize("lacking", ["quotes", "dollars"])
def test_a_position_without_a_price_leaves_the_fee_unknown(lacking: str) -> None:
    now = desk(btc_one=10)
    if lacking == "quotes":
        bare = replace(now, snapshot=replace(now.snapshot, quotes={}))
    else:
        bare = replace(now, snapshot=replace(now.snapshot, dollars_usd={}))
    found = lost(bare, "one", RULES)
    assert isinstance(found, Failure)
    (said,) = late_unknown(lambda *_: 1.0, bare, RULES, [to("one")])
    assert found.message in said


def test_an_option_stands_for_its_coins_whichever_way_it_is_held() -> None:
    """Three sold of a hundredth of a coin each, beside ten coins: 10,030 USD at 1,000."""
    terms = msgspec.structs.replace(
        option(900, "put"), multiplier_coin_per_contract=Decimal("0.01")
    )
    now = desk(btc_one=10)
    held = account(
        "one",
        venue="binance",
        rulebook="perps",
        positions={"BTC-PERP": (10, 1000), terms.instrument_id: (-3, "0.01")},
        balances={"USDC": 1000},
    )
    beside = replace(now, book=book((held,), {**TERMS, terms.instrument_id: terms}))
    charges = terms_of(RULES["perps"]).charges
    assert charges is not None
    assert lost(beside, "one", RULES) == pytest.approx(
        10_030 * float(charges.fee_liquidation_frac), rel=1e-12
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_a_future_stands_for_what_it_is_worth_whichever_way_it_is_held(sign: int) -> None:
    """Ten BTC at 1,000, thirty ETH at 100 the other way, 4,000 of dollars in an inverse one."""
    coins = inverse("BTC")
    held = account(
        "one",
        venue="binance",
        rulebook="perps",
        positions={
            "BTC-PERP": (10 * sign, 1000),
            "ETH-PERP": (-30 * sign, 100),
            coins.instrument_id: (-4000 * sign, 1000),
        },
        balances={"USDC": 9000},
    )
    now = desk(btc_one=10)
    quotes = {**now.snapshot.quotes, coins.instrument_id: quote(coins.instrument_id, 1000)}
    beside = replace(
        now,
        book=book((held,), {**TERMS, coins.instrument_id: coins}),
        snapshot=replace(now.snapshot, quotes=quotes),
    )
    charges = terms_of(RULES["perps"]).charges
    assert charges is not None
    assert lost(beside, "one", RULES) == pytest.approx(
        17_000 * float(charges.fee_liquidation_frac), rel=1e-12
    )


def test_who_has_positions_and_no_rulebook_is_not_safe() -> None:
    """A wallet loses nothing by waiting; of a perpetual that nobody judges it is unknown."""
    now = desk(btc_one=10)
    bare = msgspec.structs.replace(now.book.account("one"), rulebook=None)
    others = [each for each in now.book.accounts if each.account_id != "one"]
    state = survey(book([bare, *others], TERMS), now.snapshot, RULES, ())
    found = lost(state, "one", RULES)
    assert isinstance(found, Failure)
    assert found.message == "it has positions and no rulebook"
    assert lost(state, "cold", RULES) == 0.0
    assert late_cost(lambda *_: 1.0, state, RULES)(to("one")) is None
    assert late_unknown(lambda *_: 1.0, state, RULES, [to("one")]) == (
        "What being late at one costs is unknown and not in the cost: "
        "it has positions and no rulebook.",
    )


def test_of_two_ways_to_who_can_be_liquidated_already_the_quicker_is_the_cheaper() -> None:
    """Nothing comes in time for certain then; six hours are a quarter of a day, and cost as much.

    Who is far from it is charged the chance alone, here of one in four for any time but none.
    """
    now, due = desk(btc_one=10), to("one")
    slow = msgspec.structs.replace(due, latency_ns=6 * HOUR_NS)
    loss_usd = lost(now, "one", RULES)
    assert not isinstance(loss_usd, Failure)
    sure = late_cost(lambda *_: 1.0, now, RULES)
    assert sure(slow) == pytest.approx(loss_usd * 1.25)
    assert sure(msgspec.structs.replace(due, latency_ns=0)) == pytest.approx(loss_usd)
    unsure = late_cost(lambda _, __, horizon_ns: 0.25 if horizon_ns else 0.0, now, RULES)
    assert unsure(slow) == pytest.approx(loss_usd * 0.25)
    node = account_node(now.book.account("one"))
    near = now.distances[node]
    assert isinstance(near, Distance)
    broke = replace(
        now,
        distances={node: msgspec.structs.replace(near, down_frac=0.0, up_frac=0.0)},
    )
    real = FirstPassage(vol_frac={"BTC": 0.6})
    assert late_cost(real, broke, RULES)(slow) == pytest.approx(loss_usd * 1.25)
    far = late_cost(real, now, RULES)(slow)
    assert far is not None
    assert far < loss_usd

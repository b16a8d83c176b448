"""A desk of one perpetual at 60,000, judged by one flat rate of one per cent, and a cold wallet."""

from collections.abc import Iterable, Mapping

from hedgerow.limits import Limit, Seen, Survey, survey
from hedgerow.market import MarketEvent
from hedgerow.portfolio import Account, book
from tests.builders import (
    T0_NS,
    Number,
    account,
    by_id,
    index,
    perpetual,
    quote,
    snapshot,
    tiered_rulebook,
)

RULES = {"rules": tiered_rulebook([(0, "0.01")])}
PERP = "desk/binance/perp"


def perp(
    quantity: Number = 1, balance: Number = 10_000, entry: Number = 60_000, time_ns: int = T0_NS
) -> Account:
    return account(
        "perp",
        venue="binance",
        rulebook="rules",
        positions={"BTC-PERP": (quantity, entry)} if quantity else {},
        balances={"USDC": balance},
        time_ns=time_ns,
    )


def desk(
    *accounts: Account,
    limits: Iterable[Limit] = (),
    more: Iterable[MarketEvent] = (),
    spot: Number = 60_000,
    time_ns: int = T0_NS,
) -> Survey:
    """Look at a desk; without accounts it is 1 BTC long on 10,000 dollars."""
    events = (index("BTC", spot, time_ns), quote("BTC-PERP", spot, time_ns), *more)
    return survey(
        book(accounts or (perp(),), by_id(perpetual())),
        snapshot(*events, time_ns=time_ns),
        RULES,
        tuple(limits),
    )


def seen(*accounts: Account) -> Seen:
    return desk(*accounts).seen


def limit(metric: str, soft: float, hard: float, scope: str = "desk", **more: object) -> Limit:
    return Limit(
        scope=scope,
        metric=metric,
        soft_frac_usd_or_coin=soft,
        hard_frac_usd_or_coin=hard,
        **more,  # type: ignore[arg-type]
    )


def values(state: Survey) -> Mapping[str, float | None]:
    return {each.node: each.value_frac_usd_or_coin for each in state.limits}

"""What ``collateral plan`` is told of transfers on their way: what to count upon, what was sent.

A share of an asset that is not counted upon until it arrives is written, or follows from the vol
that the desk file states and from the slowest route of that asset.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from hedgerow.app.amounts import read
from hedgerow.app.desk import Desk
from hedgerow.collateral import haircut_frac
from hedgerow.errors import RequestRejected
from hedgerow.limits import Use
from hedgerow.reporting.figures import duration, percent
from hedgerow.units import SECOND_NS, YEAR_NS, digits_of

__all__ = ["Haircut", "Sent", "haircuts_of", "sent_of", "told_on_the_way"]

_AUTO: Final = "auto"
# Of a loss that a normal one does not exceed with 99 % confidence, as the methods sheet has it.
_DEVIATIONS: Final = 2.326
Sent: TypeAlias = tuple[str, str, Decimal, Use]


class Haircut(NamedTuple):
    """What part of an asset is not counted upon on its way, and what it follows from."""

    share_frac: float
    why: str = ""


def haircuts_of(written: Sequence[str], desk: Desk) -> dict[str, Haircut]:
    """Read what part of each asset is not counted upon while it is on its way.

    Raises
    ------
    RequestRejected
        If one is none, its asset is given twice or moved by no route, or it is to follow from a
        vol that nobody states.
    """
    found: dict[str, Haircut] = {}
    for text in written:
        asset, _, share = text.partition("=")
        if not share:
            raise RequestRejected(
                f"--transit-haircut {text}: write an asset and a share, such as BTC=2%, or BTC=auto"
            )
        _check_moved(f"--transit-haircut {text}", asset, desk)
        if asset in found:
            raise RequestRejected(f"--transit-haircut {text}: {asset} is given twice")
        if share == _AUTO:
            found[asset] = _by_vol(text, asset, desk)
            continue
        try:
            found[asset] = Haircut(read(share, "haircut_frac"))
        except ValueError as bad:
            raise RequestRejected(f"--transit-haircut {text}: {bad}; or write auto") from bad
    return found


def _by_vol(text: str, asset: str, desk: Desk) -> Haircut:
    vol = desk.chance.vol_frac.get(asset)
    if vol is None:
        raise RequestRejected(
            f"--transit-haircut {text}: no vol of {asset} is known; state it under [vols], or "
            "write a share"
        )
    slowest_ns = max(each.latency_ns for each in desk.routes if each.asset == asset)
    share = haircut_frac(vol, slowest_ns / YEAR_NS, quantile_deviations=_DEVIATIONS)
    return Haircut(
        share,
        f", the most that it loses within {duration(slowest_ns / SECOND_NS)} (its slowest route) "
        f"at a vol of {percent(vol)} with 99 % confidence, were there no jumps",
    )


def sent_of(written: Sequence[str], desk: Desk) -> tuple[Sent, ...]:
    """Read what was sent before and has not arrived: ``ACCOUNT:ASSET=COINS``.

    It will be used as the route there says.

    Raises
    ------
    RequestRejected
        If one is none, no route leads there, or routes there differ in what it will be used for.
    """
    found: list[Sent] = []
    for text in written:
        named, _, coins = text.partition("=")
        account, _, asset = named.partition(":")
        where = f"--on-its-way {text}"
        if not (account and asset and coins):
            raise RequestRejected(
                f"{where}: write an account, an asset and coins, such as perp:USDC=5000"
            )
        _check_moved(where, asset, desk)
        uses = sorted(
            {
                route.use
                for route in desk.routes
                if (route.target_account_id, route.asset) == (account, asset)
            }
        )
        if not uses:
            raise RequestRejected(f"{where}: no route of the desk brings {asset} to {account}")
        if len(uses) > 1:
            raise RequestRejected(
                f"{where}: routes bring {asset} there as {' and as '.join(uses)}; it cannot be told"
            )
        try:
            quantity = read(coins, "positive")
        except ValueError as bad:
            raise RequestRejected(f"{where}: {bad}") from bad
        found.append((account, asset, digits_of(quantity), uses[0]))
    return tuple(found)


def _check_moved(where: str, asset: str, desk: Desk) -> None:
    assets = sorted({each.asset for each in desk.routes})
    if asset not in assets:
        raise RequestRejected(f"{where}: routes of the desk move {', '.join(assets) or 'nothing'}")


def told_on_the_way(
    within: str | None, haircuts: Mapping[str, Haircut], sent_coin: Sequence[Sent]
) -> Iterator[str]:
    """Say what is taken of transfers while they are on their way."""
    if within is not None:
        yield f"What would arrive later than {within} from now, by what routes say, is not sent."
    for asset, haircut in haircuts.items():
        yield (
            f"{percent(haircut.share_frac, 2)} of {asset} on its way is not counted upon by needs"
            f"{haircut.why}; uses and limits after the plan count all of it as arrived."
        )
    for account, asset, coins, _ in sent_coin:
        yield (
            f"{coins:f} {asset} on its way to {account} is taken to arrive in time: needs count it "
            "and limits after the plan do not."
        )

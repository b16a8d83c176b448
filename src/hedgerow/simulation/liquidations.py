"""Every venue checks its accounts, and acts by its own rulebook.

An account whose requirement is a Failure is not touched, and an alert says so once, until it can be
computed again. Exchanges act at once, and so does the liquidator of a loan, who always comes.
"""

from collections.abc import Mapping
from decimal import Decimal

from hedgerow.errors import Failure
from hedgerow.execution import Liquidation
from hedgerow.instruments import Instrument, Option
from hedgerow.margin import LendingRulebook, Rulebook, ScanRulebook, require, terms_of
from hedgerow.market import Snapshot
from hedgerow.simulation import lending_venue, options_venue, perpetual_venue
from hedgerow.simulation.holdings import Holdings
from hedgerow.simulation.matching import OpenBooks
from hedgerow.simulation.options_venue import OptionSpread
from hedgerow.simulation.perpetual_venue import Liquidated
from hedgerow.units import format_ns, quantise, scaled

__all__ = ["Liquidations", "can_be_simulated"]

_STEP_USD = Decimal("0.01")


def can_be_simulated(rulebook: Rulebook) -> bool:
    """Say whether a venue here acts by a rulebook: two of their own kind, exchanges of futures.

    An exchange must say what it charges, and keep an account in the one asset that counts and that
    its futures settle in: several currencies or options are liquidated by rules not built here.
    """
    if isinstance(rulebook, LendingRulebook | ScanRulebook):
        return True
    terms = terms_of(rulebook)
    counted = terms.counted or {}
    is_plain = all(assets == (currency,) for currency, assets in counted.items())
    return terms.charges is not None and is_plain and Option not in terms.instruments


class Liquidations:
    """What it remembers: since when an account was unknown, and which ones cannot be helped."""

    def __init__(
        self,
        *,
        holdings: Holdings,
        instruments: Mapping[str, Instrument],
        rulebooks: Mapping[str, Rulebook],
        spread: OptionSpread,
    ) -> None:
        self._holdings = holdings
        self._instruments = instruments
        self._rulebooks = rulebooks
        self._spread = spread
        self._unknown_since_ns: dict[str, int] = {}
        self._stuck: set[str] = set()

    def check(
        self, snapshot: Snapshot, books: OpenBooks
    ) -> tuple[list[Liquidation], list[str], OpenBooks]:
        """Check every account once; what was liquidated, what to tell, and the books after it."""
        liquidations: list[Liquidation] = []
        alerts: list[str] = []
        for account_id in self._holdings.ids():
            account = self._holdings[account_id]
            if account.rulebook is None:
                continue
            rulebook = self._rulebooks[account.rulebook]
            report = require(account, self._instruments, snapshot, rulebook)
            alerts += self._known(account_id, snapshot.time_ns, report)
            if isinstance(report, Failure):
                continue
            if not report.is_liquidatable:
                self._stuck.discard(account_id)
                continue
            if isinstance(rulebook, LendingRulebook):
                seized = lending_venue.liquidate(account, self._instruments, snapshot, rulebook)
                if isinstance(seized, Failure):
                    continue
                result = seized
            elif isinstance(rulebook, ScanRulebook):
                result, books = options_venue.liquidate(
                    account, self._instruments, snapshot, rulebook, self._spread, books
                )
            else:
                result, books = perpetual_venue.liquidate(
                    account, self._instruments, snapshot, rulebook, books
                )
            if result.change.account == account:
                if account_id not in self._stuck:
                    self._stuck.add(account_id)
                    alerts.append(
                        f"{format_ns(snapshot.time_ns)} {account_id}: below its requirement, but "
                        f"nothing could be liquidated: {result.message or 'nothing is held'}"
                    )
                continue
            self._stuck.discard(account_id)
            self._holdings.book(result.change, snapshot)
            liquidations.append(
                Liquidation(
                    account_id=account_id,
                    venue=account.venue,
                    time_ns=snapshot.time_ns,
                    loss_usd=_loss_usd(result, snapshot),
                    message=f"equity {report.equity_ccy:.8g} {report.currency} below requirement "
                    f"{report.requirement_maintenance_ccy:.8g}: {result.message}",
                    use_frac=report.use_frac,
                )
            )
        return liquidations, alerts, books

    def _known(self, account_id: str, time_ns: int, report: object) -> list[str]:
        """Say once that a requirement became unknown, and once that it is known again."""
        since_ns = self._unknown_since_ns.get(account_id)
        if isinstance(report, Failure):
            if since_ns is not None:
                return []
            self._unknown_since_ns[account_id] = time_ns
            return [
                f"{format_ns(time_ns)} {account_id}: requirement unknown ({report.message}); not "
                "liquidated, and not known to be safe"
            ]
        if since_ns is None:
            return []
        del self._unknown_since_ns[account_id]
        return [
            f"{format_ns(time_ns)} {account_id}: requirement known again, unknown since "
            f"{format_ns(since_ns)}"
        ]


def _loss_usd(result: Liquidated, snapshot: Snapshot) -> Decimal:
    """Give fees and slippage in dollars, rounded up."""
    price_usd = 1.0
    if result.currency != "USD":
        asset = snapshot.asset(result.currency)
        # A currency without a price is the dollar coin of a perpetual venue that the desk did not
        # list among its dollars: its requirement was known, so it counts in dollars already.
        price_usd = 1.0 if isinstance(asset, Failure) else asset.price_usd
    return quantise(scaled(result.loss_ccy, price_usd), _STEP_USD, "up")

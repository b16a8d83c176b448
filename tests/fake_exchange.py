"""A venue in memory, for tests of whatever speaks to an `Exchange`. Small and honest.

It fills an order whole at one price per instrument when the limit allows, credits a transfer some
time after it was sent, and remembers every client id. What it does not do (books, margin, fees of a
venue) the simulator does.
"""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import final

import msgspec

from hedgerow.execution import Receipt
from hedgerow.planning import Order, Swap, Switch, Transfer

__all__ = ["FakeExchange"]


@final
class FakeExchange:
    """An `Exchange` whose whole state is `positions_contracts`, `balances_coin` and its prices.

    Parameters
    ----------
    prices_usd
        By instrument id; an instrument without a price is rejected.
    balances_coin
        By (account id, asset).
    delay_ns
        How long a transfer is under way.
    """

    def __init__(
        self,
        *,
        prices_usd: Mapping[str, Decimal],
        balances_coin: Mapping[tuple[str, str], Decimal],
        delay_ns: int = 0,
    ) -> None:
        self.prices_usd = dict(prices_usd)
        self.positions_contracts: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self.balances_coin = defaultdict(Decimal, balances_coin)
        self.rulebooks: dict[str, str] = {}
        self.delay_ns = delay_ns
        self._receipts: dict[str, Receipt] = {}
        self._under_way: dict[str, Transfer] = {}

    def place(self, order: Order, time_ns: int) -> Receipt:
        """Fill the order at once and whole, or reject it."""
        if order.client_id in self._receipts:
            return self._receipts[order.client_id]
        quantity, price_usd = order.quantity_contracts, self.prices_usd.get(order.instrument_id)
        if price_usd is None:
            return self._reject(order.client_id, time_ns, f"no instrument {order.instrument_id}")
        if (order.price_limit_usd - price_usd) * quantity < 0:
            return self._reject(order.client_id, time_ns, f"limit not reached at {price_usd:f} USD")
        self.positions_contracts[order.account_id, order.instrument_id] += quantity
        return self._remember(
            Receipt(
                client_id=order.client_id,
                time_ns=time_ns,
                status="filled",
                filled_contracts=quantity,
                price_average_usd=price_usd,
            )
        )

    def move(self, transfer: Transfer, time_ns: int) -> Receipt:
        """Take the amount from the source; it reaches the target `delay_ns` later."""
        source = (transfer.source_account_id, transfer.asset)
        held = self.balances_coin[source]
        if transfer.client_id in self._receipts:
            pass
        elif not 0 < transfer.quantity_coin <= held:
            text = f"{source[0]} holds {held:f} {transfer.asset}"
            return self._reject(transfer.client_id, time_ns, text)
        else:
            self.balances_coin[source] -= transfer.quantity_coin
            self._under_way[transfer.client_id] = transfer
            self._remember(
                Receipt(client_id=transfer.client_id, time_ns=time_ns, status="acknowledged")
            )
        self.advance(time_ns)
        return self._receipts[transfer.client_id]

    def switch(self, switch: Switch, time_ns: int) -> Receipt:
        """Let every account join whatever it likes."""
        if switch.client_id not in self._receipts:
            self.rulebooks[switch.account_id] = switch.rulebook
            self._remember(Receipt(client_id=switch.client_id, time_ns=time_ns, status="filled"))
        return self._receipts[switch.client_id]

    def swap(self, swap: Swap, time_ns: int) -> Receipt:
        """Give what is asked for at least."""
        if swap.client_id not in self._receipts:
            self._remember(
                Receipt(
                    client_id=swap.client_id,
                    time_ns=time_ns,
                    status="filled",
                    filled_contracts=swap.quantity_coin,
                    currency=swap.asset,
                )
            )
        return self._receipts[swap.client_id]

    def query(self, client_id: str, time_ns: int) -> Receipt | None:
        """Say what became of a leg."""
        self.advance(time_ns)
        return self._receipts.get(client_id)

    def advance(self, time_ns: int) -> None:
        """Credit the transfers that have arrived by `time_ns`."""
        for client_id, transfer in tuple(self._under_way.items()):
            receipt = self._receipts[client_id]
            if time_ns >= receipt.time_ns + self.delay_ns:
                del self._under_way[client_id]
                target = (transfer.target_account_id, transfer.asset)
                self.balances_coin[target] += transfer.quantity_coin
                self._remember(msgspec.structs.replace(receipt, status="credited", time_ns=time_ns))

    def _reject(self, client_id: str, time_ns: int, message: str) -> Receipt:
        return self._remember(
            Receipt(client_id=client_id, time_ns=time_ns, status="rejected", message=message)
        )

    def _remember(self, receipt: Receipt) -> Receipt:
        self._receipts[receipt.client_id] = receipt
        return receipt

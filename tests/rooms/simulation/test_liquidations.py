"""Which rulebooks a simulated venue acts by."""

from decimal import Decimal

import msgspec

from hedgerow.margin import decode_rulebook, terms_of
from hedgerow.simulation.liquidations import can_be_simulated
from tests.builders import packaged, scan_rulebook, tiered_rulebook


def test_several_currencies_and_options_have_no_simulated_liquidation() -> None:
    """Bybit's unified account takes coins and options: its charges alone do not make a venue."""
    book = decode_rulebook(packaged("bybit/2026-11-20"), where="packaged")
    charged = msgspec.structs.replace(book, fee_liquidation_frac=Decimal("0.001"))
    assert terms_of(charged).charges is not None
    assert not can_be_simulated(charged)
    assert can_be_simulated(tiered_rulebook([(0, "0.01")]))
    assert can_be_simulated(scan_rulebook())

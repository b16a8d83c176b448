"""An account of futures needs what the certified rule says it needs: both books on any holdings."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.margin import MarginReport, require
from hedgerow.margin.rules import deribit
from hedgerow.units import DAY_NS, years_between
from tests.builders import (
    T0_NS,
    account,
    by_id,
    index,
    inverse,
    inverse_future,
    quote,
    scan_rulebook,
    snapshot,
)
from tests.draws import draws

DAYS = (0, 9, 77, 300)
CONTRACTS = st.integers(-2_000_000, 2_000_000)
MARK = st.integers(10_000, 150_000)


@draws(60)
@given(
    contracts=st.tuples(*[CONTRACTS] * len(DAYS)),
    marks_usd=st.tuples(*[MARK] * len(DAYS)),
    index_usd=MARK,
    range_frac=st.sampled_from(["0.1", "0.15", "0.16", "0.3"]),
    dampener_usd=st.sampled_from([0, 100_000, 3_000_000]),
)
def test_futures_need_what_the_certified_rule_says(
    contracts: tuple[int, ...],
    marks_usd: tuple[int, ...],
    index_usd: int,
    range_frac: str,
    dampener_usd: int,
) -> None:
    terms = [
        inverse_future(f"BTC-{days}", T0_NS + days * DAY_NS) if days else inverse() for days in DAYS
    ]
    names = [each.instrument_id for each in terms]
    book = scan_rulebook(
        price_range_frac={"BTC": Decimal(range_frac)},
        extended_dampener_usd={"BTC": Decimal(dampener_usd)},
        delta_shock_threshold_usd=Decimal(10**12),
    )
    report = require(
        account(
            currency="BTC",
            positions={
                name: (size, mark)
                for name, size, mark in zip(names, contracts, marks_usd, strict=True)
            },
        ),
        by_id(*terms),
        snapshot(
            index("BTC", index_usd),
            *(quote(name, mark) for name, mark in zip(names, marks_usd, strict=True)),
        ),
        book,
    )
    assert isinstance(report, MarginReport), report
    expected = deribit.portfolio_margin(
        [
            deribit.FutureHeld(
                subject=name,
                quantity_coin=Fraction(size, mark),
                mark_usd=Fraction(mark),
                is_linear=False,
                expiry_years=years_between(T0_NS, T0_NS + days * DAY_NS) if days else None,
            )
            for name, size, mark, days in zip(names, contracts, marks_usd, DAYS, strict=True)
        ],
        index_usd=Fraction(index_usd),
        parameters=deribit.ScanParameters(
            price_range_frac=Fraction(range_frac),
            buckets_count=book.buckets_count,
            # The account's engine scales a tail by the range over the move, and by nothing else.
            extended_table_factor_frac=Fraction(1),
            extended_dampener_usd=Fraction(dampener_usd),
            delta_threshold_usd=Fraction(10**12),
            annualised_move_risk_frac=Fraction(book.annualised_move_risk_frac["BTC"]),
            min_annualised_move_frac=Fraction(book.min_annualised_move_frac["BTC"]),
            # A gain counts in part, which changes no worst case: no future gains in every cell.
            offset_frac=Fraction(6, 10),
            offset_most_usd=Fraction(10**12),
            maintenance_factor_frac=Fraction(book.maintenance_factor_frac),
        ),
    )
    # The account's engine rounds each expiry's rate up to nine decimals.
    delta_coin = sum(abs(size) / mark for size, mark in zip(contracts, marks_usd, strict=True))
    tolerance = 3e-9 + 1e-9 * delta_coin
    for ours, theirs in (
        (report.requirement_initial_ccy, expected.initial_ccy),
        (report.requirement_maintenance_ccy, expected.maintenance_ccy),
    ):
        assert theirs is not None
        assert abs(float(ours) - float(theirs)) <= tolerance

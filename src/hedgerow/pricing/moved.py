"""What everything that is no option gains over a grid: futures, quantos, powers, shares of pools.

Each is a closed form of the price in a cell, so there is no kernel: a unit's worth there, less its
worth where nothing moves. `account_scenario_profits` adds such contracts up beside options.
"""

from collections.abc import Callable
from typing import Final, Literal, TypeAlias, final

import numpy as np

from hedgerow.errors import OutOfDomain
from hedgerow.pricing.gate import (
    GROWTH_MAX,
    PRICE,
    RATE,
    VOL,
    YEARS,
    Column,
    Floats,
    gate,
    room_of,
    steep,
)
from hedgerow.pricing.pool import held_per_liquidity, in_order
from hedgerow.pricing.power import (
    EXPONENT,
    FACTOR,
    FUNDING,
    SQUEETH_FUNDING_YEARS,
    SQUEETH_SCALE_USD,
    paid_frac_per_year,
)
from hedgerow.pricing.scenarios import ScenarioGrid, cell_terms

__all__ = ["MovedContracts", "moved_profits"]

_Settled: TypeAlias = Literal["usd", "coin", "either"]
# Terms of shape (k, m, 1), cells of shape (6, c): what a unit is worth, shape (m, c).
_Worth: TypeAlias = Callable[[Floats, Floats], Floats]

# A cell that changes nothing, as `cell_terms` writes it.
_STILL: Final = np.array([[1.0], [0.0], [1.0], [0.0], [0.0], [0.0]])


@final
class MovedContracts:
    """Contracts of one kind; item i of every column is one of them. Columns are copied and locked.

    Made by `linear`, `inverse`, `quanto`, `power` or `pool`, whose parameters have shape (n,) or
    are one number for all. They raise OutOfDomain if lengths differ or anything is not finite or
    out of bounds.
    """

    __slots__ = ("_terms", "_worth_ccy", "settled_in", "years_max")

    def __init__(
        self, terms: list[Floats], worth_ccy: _Worth, settled_in: _Settled, years_max: float = 0.0
    ) -> None:
        self._terms = np.array(terms)
        self._terms.setflags(write=False)
        self._worth_ccy = worth_ccy
        self.settled_in: _Settled = settled_in
        self.years_max = years_max

    def __len__(self) -> int:
        return int(self._terms.shape[1])

    @classmethod
    def linear(
        cls, *, price_usd: Column, expiry_years: Column = 0.0, carry_frac_per_year: Column = 0.0
    ) -> "MovedContracts":
        """Give coins, perpetuals and futures that gain in proportion to their price.

        A unit is a coin, in dollars. A quanto counted in its settlement coin gains as many coins
        for a multiplier of one, and has the code of that coin.

        Parameters
        ----------
        price_usd
            Positive: spot, the mark of a perpetual, or that of a future with its carry left out.
        expiry_years, carry_frac_per_year
            Of a future, as for `EuropeanColumns`: its mark in a cell is ``price · (1 + move) ·
            exp((carry + basis shift) · t)`` with t left of its time. Without time no basis is felt.
        """
        terms, years_max = _forwards(price_usd, expiry_years, carry_frac_per_year)
        return cls(terms, _forward_usd, "either", years_max)

    @classmethod
    def inverse(
        cls, *, price_usd: Column, expiry_years: Column = 0.0, carry_frac_per_year: Column = 0.0
    ) -> "MovedContracts":
        """Give futures and perpetuals paid in the coin; a unit is a dollar, and gains in coin.

        ``1/M - 1/M'``: with N dollars a contract, the quantity is contracts times N. Beside
        contracts that are counted in dollars, the same contract with its entry E is `linear` with a
        quantity of N/E coins, which is what equity in dollars moves by.
        """
        terms, years_max = _forwards(price_usd, expiry_years, carry_frac_per_year)
        return cls(terms, _inverse_worth_coin, "coin", years_max)

    @classmethod
    def quanto(
        cls, *, price_mark_usd: Column, price_entry_usd: Column, price_settlement_usd: Column
    ) -> "MovedContracts":
        """Give quanto perpetuals counted in dollars: profit since entry, at the coin's new price.

        A unit is a contract with a multiplier of one coin per dollar. Mark and settlement coin move
        by the same share in every cell.
        """
        terms = gate(
            price_mark_usd=(price_mark_usd, PRICE),
            price_entry_usd=(price_entry_usd, PRICE),
            price_settlement_usd=(price_settlement_usd, PRICE),
        )
        return cls(terms, _quanto_worth_usd, "usd")

    @classmethod
    def power(
        cls,
        *,
        price_usd: Column,
        norm_factor_frac: Column,
        vol_frac: Column,
        rate_frac_per_year: Column = 0.0,
        exponent_power: Column = 2.0,
        scale_usd: Column = SQUEETH_SCALE_USD,
        funding_years: Column = SQUEETH_FUNDING_YEARS,
    ) -> "MovedContracts":
        """Give tokens of a power of a price, in dollars; parameters as for `power_perpetuals`.

        Vol moves as that of an option, but where none is priced none moves; over the time of a cell
        the factor falls by the funding of the moved mark, as for `power_perpetuals_at_premium`.
        """
        terms = gate(
            price_usd=(price_usd, PRICE),
            norm_factor_frac=(norm_factor_frac, FACTOR),
            vol_frac=(vol_frac, VOL),
            rate_frac_per_year=(rate_frac_per_year, RATE),
            exponent_power=(exponent_power, EXPONENT),
            scale_usd=(scale_usd, PRICE),
            funding_years=(funding_years, FUNDING),
        )
        return cls(terms, _power_worth_usd, "usd")

    @classmethod
    def pool(
        cls,
        *,
        price_usd: Column,
        price_lower_usd: Column | None = None,
        price_upper_usd: Column | None = None,
    ) -> "MovedContracts":
        """Give shares of pools, in dollars; a unit is one of liquidity, as in `pricing.pool`.

        With both prices they are concentrated between them, without either they quote at every
        price. Fees are left out.

        Raises
        ------
        OutOfDomain
            If only one of the two is given, or a range is empty.
        """
        if price_lower_usd is None and price_upper_usd is None:
            return cls(gate(price_usd=(price_usd, PRICE)), _whole_pool_worth_usd, "usd")
        if price_lower_usd is None or price_upper_usd is None:
            raise OutOfDomain("price_lower_usd and price_upper_usd are both given, or neither")
        terms = gate(
            price_usd=(price_usd, PRICE),
            price_lower_usd=(price_lower_usd, PRICE),
            price_upper_usd=(price_upper_usd, PRICE),
        )
        in_order(*terms[1:])
        return cls(terms, _range_worth_usd, "usd")

    def profits_ccy(self, cells: Floats, first: int, last: int) -> Floats:
        """Give what units from first to last gain in every cell, in what they settle in.

        Parameters
        ----------
        cells
            From `cell_terms`.

        Returns
        -------
        ndarray, shape (last - first, cells)
            Exactly zero in a cell that changes nothing, and the same to the last bit however units
            and cells are cut.

        Raises
        ------
        OutOfDomain
            If the premium of a power is beyond e^100 in some cell.
        """
        # In one table with the others, so that it rounds alike.
        every = np.concatenate([_STILL, cells], axis=1)
        worth_ccy = self._worth_ccy(self._terms[:, first:last, None], every)
        return worth_ccy[:, 1:] - worth_ccy[:, :1]


def moved_profits(
    contracts: MovedContracts, grid: ScenarioGrid, *, out: Floats | None = None
) -> Floats:
    """Give the profit of one unit of every contract in every cell, as `scenario_profits` does.

    Parameters
    ----------
    out
        Where to write, shape (cells, n): float64, in one piece row after row.

    Returns
    -------
    ndarray, shape (cells, n)
        In dollars, or in coin for those made by `MovedContracts.inverse`.

    Raises
    ------
    OutOfDomain
        If `out` has another shape, type or layout, a basis shift times the years left exceeds 100,
        or the premium of a power is beyond e^100.
    """
    cells = cell_terms(grid, contracts.years_max)
    room = room_of(out, (len(grid), len(contracts)))
    room[:] = contracts.profits_ccy(cells, 0, len(contracts)).T
    return room


def _forwards(
    price_usd: Column, expiry_years: Column, carry_frac_per_year: Column
) -> tuple[list[Floats], float]:
    terms = gate(
        price_usd=(price_usd, PRICE),
        expiry_years=(expiry_years, YEARS),
        carry_frac_per_year=(carry_frac_per_year, RATE),
    )
    _, years, carry_frac_per_year = terms
    steep("carry_frac_per_year", carry_frac_per_year, years, over="expiry_years")
    return terms, float(years.max(initial=0.0))


def _forward_usd(terms: Floats, cells: Floats) -> Floats:
    price_usd, years, carry_frac_per_year = terms
    price_factor, _, _, _, gone_years, basis_frac_per_year = cells
    moved_usd = price_usd * price_factor
    if not years.any():
        return np.asarray(moved_usd)
    rate = carry_frac_per_year + basis_frac_per_year
    return np.asarray(moved_usd * np.exp(rate * np.maximum(years - gone_years, 0.0)))


def _inverse_worth_coin(terms: Floats, cells: Floats) -> Floats:
    return np.asarray(-1.0 / _forward_usd(terms, cells))


def _quanto_worth_usd(terms: Floats, cells: Floats) -> Floats:
    mark_usd, entry_usd, settlement_usd = terms
    price_factor = cells[0]
    gain_usd = mark_usd * price_factor - entry_usd
    return np.asarray(gain_usd * (settlement_usd * price_factor))


def _power_worth_usd(terms: Floats, cells: Floats) -> Floats:
    price_usd, norm_factor, vol, rate, p, scale_usd, period_years = terms
    price_factor, _, vol_factor, vol_shift, gone_years, _ = cells
    moved_vol = np.where(vol > 0.0, np.maximum(vol * vol_factor + vol_shift, 0.0), 0.0)
    funding_per_year = (p - 1.0) * rate + 0.5 * p * (p - 1.0) * moved_vol * moved_vol
    growth = funding_per_year * period_years
    gone = paid_frac_per_year(funding_per_year, period_years) * gone_years
    if max(np.abs(growth).max(initial=0.0), np.abs(gone).max(initial=0.0)) > GROWTH_MAX:
        raise OutOfDomain(
            f"the funding of a power perpetual, times its period or the time of a cell, must be "
            f"within ±{GROWTH_MAX:g} in every cell; move the vol less, or the time"
        )
    index_usd = norm_factor / scale_usd * (price_usd * price_factor) ** p
    return np.asarray(index_usd * np.exp(growth - gone))


def _whole_pool_worth_usd(terms: Floats, cells: Floats) -> Floats:
    (price_usd,), price_factor = terms, cells[0]
    return np.asarray(2.0 * np.sqrt(price_usd * price_factor))


def _range_worth_usd(terms: Floats, cells: Floats) -> Floats:
    price_usd, lower_usd, upper_usd = terms
    moved_usd = price_usd * cells[0]
    coins, dollars = held_per_liquidity(moved_usd, lower_usd, upper_usd)
    return np.asarray(coins * moved_usd + dollars)

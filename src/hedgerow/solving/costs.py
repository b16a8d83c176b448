"""What amounts cost: an order book level by level, tickets, impact, and what is left unhedged.

Each part says two things. `usd` and `excess` are its own arithmetic over any amounts, plain NumPy
over many plans at once, and the only judge of an answer; `assemble` is the same as columns and rows
for a solver. That they agree is tested part by part (methods.md section 7).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hedgerow.errors import OutOfDomain
from hedgerow.solving.assembly import Assembly
from hedgerow.solving.part import INF, USED_AMOUNT, dense, locked, nothing, used_columns
from hedgerow.solving.records import Decisions, Floats

__all__ = ["Impact", "Ladders", "Residual", "Tickets"]

# Levels add up to a book's end but for their last bits: some 1e-15 of it, and a lot is far more.
_END_FRAC = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Ladders:
    """What amounts cost, level by level: static order books taken from their best price on.

    Row i is one level of the book `book_index[i]`: so wide, at so many dollars per unit beyond the
    price the decision is valued at, fees and carry included. Levels of a side follow each other and
    never grow cheaper; what buying and selling together cost is never negative.

    `decision_book_index` says which book each decision is done in (none below zero, nor for those
    after the last); left out, decision i has book i to itself. Decisions of one book share its
    levels, what is bought on one side and what is sold on the other; what is a decision's own, as
    the fee of its account is, stands in `own_usd_per_amount`, two rows: bought and sold.

    `least_own_usd_per_amount` is what that is in truth where it is priced higher on purpose, as
    funding received is: the bound of an answer rests on it.
    """

    book_index: NDArray[np.int64]
    is_up: NDArray[np.bool_]
    width_amount: Floats
    price_usd_per_amount: Floats
    decision_book_index: NDArray[np.int64] | None
    own_usd_per_amount: Floats | None
    least_own_usd_per_amount: Floats | None
    _start_amount: Floats

    def __init__(
        self,
        *,
        book_index: NDArray[np.int64],
        is_up: NDArray[np.bool_],
        width_amount: Floats,
        price_usd_per_amount: Floats,
        decision_book_index: NDArray[np.int64] | None = None,
        own_usd_per_amount: Floats | None = None,
        least_own_usd_per_amount: Floats | None = None,
    ) -> None:
        shape = (len(book_index),)
        width = locked(width_amount, "width_amount", shape, finite=False)
        price = locked(price_usd_per_amount, "price_usd_per_amount", shape)
        if np.any(width < 0):
            raise OutOfDomain("the width of a level must not be negative")
        own, least_own = _own(own_usd_per_amount, least_own_usd_per_amount, decision_book_index)
        start = np.zeros(len(book_index))
        last: dict[tuple[int, bool], int] = {}
        best: dict[int, dict[bool, float]] = {}
        for i, (book, up) in enumerate(zip(book_index.tolist(), is_up.tolist(), strict=True)):
            best.setdefault(book, {}).setdefault(up, float(price[i]))
            before = last.get((book, up))
            last[book, up] = i
            if before is None:
                continue
            start[i] = start[before] + width[before]
            if price[i] < price[before]:
                raise OutOfDomain(
                    f"levels of book {book} grow cheaper: {price[before]} then {price[i]}"
                )
        for book, sides in best.items():
            both = sum(sides.values())
            if own is not None and decision_book_index is not None:
                members = own[:, decision_book_index == book]
                both += float(np.min(members, axis=1).sum()) if members.size else 0.0
            if len(sides) == 2 and both < 0:
                raise OutOfDomain(
                    f"book {book}: buying and selling at once would earn {-both} a unit"
                )
        object.__setattr__(self, "book_index", np.array(book_index, dtype=np.int64))
        object.__setattr__(self, "is_up", np.array(is_up, dtype=np.bool_))
        object.__setattr__(self, "width_amount", width)
        object.__setattr__(self, "price_usd_per_amount", price)
        object.__setattr__(self, "decision_book_index", decision_book_index)
        object.__setattr__(self, "own_usd_per_amount", own)
        object.__setattr__(self, "least_own_usd_per_amount", least_own)
        object.__setattr__(self, "_start_amount", start)

    @classmethod
    def flat(cls, up_usd_per_amount: Floats, down_usd_per_amount: Floats) -> "Ladders":
        """Give one level for each side of every decision, however much is done."""
        count = len(up_usd_per_amount)
        return cls(
            book_index=np.tile(np.arange(count, dtype=np.int64), 2),
            is_up=np.repeat(np.array([True, False]), count),
            width_amount=np.full(2 * count, INF),
            price_usd_per_amount=np.concatenate([up_usd_per_amount, down_usd_per_amount]),
        )

    @property
    def is_linear(self) -> bool:
        """Whether it is written without squares and powers."""
        return True

    def usd(self, amounts: Floats) -> Floats:
        """Walk the levels."""
        taken = np.clip(self._done(amounts) - self._start_amount, 0.0, self.width_amount)
        usd = np.asarray(taken @ self.price_usd_per_amount)
        if self.own_usd_per_amount is None:
            return usd
        up, down = self.own_usd_per_amount
        own = amounts[:, : len(up)]
        return np.asarray(usd + np.maximum(own, 0.0) @ up + np.maximum(-own, 0.0) @ down)

    def excess(self, amounts: Floats) -> Floats:
        """Add up what is done beyond the last level of a shared book, over its depth."""
        if self._is_shared(amounts.shape[1]):
            is_last, ends = self._ends()
            beyond = np.maximum(self._done(amounts)[:, is_last] - ends[is_last], 0.0)
            return np.asarray(beyond @ (1.0 / np.maximum(ends[is_last], 1.0)))
        return nothing(amounts)  # the bounds of a decision end with its book: `assemble` checks

    def assemble(self, into: Assembly, at: NDArray[np.int64], decisions: Decisions) -> None:
        """Each level is a column; those of a side of a book add up to what is done there."""
        up, down = into.sides(at, decisions.low_amount, decisions.high_amount)
        own = self._book_of(len(at))
        self._check_sides(own, decisions)
        if not self._is_shared(len(at)):
            self._check(own, decisions)
        if self.own_usd_per_amount is not None and self.least_own_usd_per_amount is not None:
            count = self.own_usd_per_amount.shape[1]
            for k, places in enumerate((up[:count], down[:count])):
                into.charge(places, self.own_usd_per_amount[k], self.least_own_usd_per_amount[k])
        levels = into.columns(
            np.zeros(len(self.book_index)), self.width_amount, self.price_usd_per_amount
        )
        keys = 2 * self.book_index + self.is_up
        members = np.flatnonzero(own >= 0)
        every = np.unique(np.concatenate([keys, 2 * own[members], 2 * own[members] + 1]))
        row_of = {int(key): row for row, key in enumerate(every)}
        rows = np.array([row_of[int(key)] for key in keys], dtype=np.int64)
        entries = [(rows, levels, np.full(len(levels), -1.0))]
        for side, places in ((1, up), (0, down)):
            rows = np.array([row_of[int(2 * own[i] + side)] for i in members], dtype=np.int64)
            entries.append((rows, places[members], np.ones(len(members))))
        zero = np.zeros(len(every))
        into.rows(entries, zero, zero, ["levels of a book"] * len(every))

    def levels_of(
        self, count: int
    ) -> tuple[sparse.csr_array, sparse.csr_array, Floats, Floats, NDArray[np.bool_]]:
        """Say what so many decisions do to levels, where each begins and ends, and which bound.

        The first two are (decisions, levels): ones where what is bought, and what is sold, goes.
        """
        own = self._book_of(count)
        level, decision = np.arange(len(self.book_index)), np.flatnonzero(own >= 0)
        books = int(max(own.max(initial=-1), self.book_index.max(initial=-1))) + 1
        shape = (count, books)
        into = sparse.csr_array((np.ones(len(decision)), (decision, own[decision])), shape=shape)
        sides = []
        for is_side in (self.is_up, ~self.is_up):
            at = (self.book_index[is_side], level[is_side])
            of_book = (np.ones(np.count_nonzero(is_side)), at)
            levels = sparse.csr_array(of_book, shape=(books, len(level)))
            sides.append(sparse.csr_array(into @ levels))
        is_last, ends = self._ends()
        is_bound = is_last if self._is_shared(count) else np.zeros(len(ends), dtype=np.bool_)
        return sides[0], sides[1], self._start_amount, ends, is_bound

    def _ends(self) -> tuple[NDArray[np.bool_], Floats]:
        """Say which levels are the last of their side with an end, and where each level ends."""
        ends = self._start_amount + self.width_amount
        last = {
            (int(book), bool(up)): at
            for at, (book, up) in enumerate(zip(self.book_index, self.is_up, strict=True))
        }
        is_last = np.zeros(len(ends), dtype=np.bool_)
        is_last[list(last.values())] = True
        return is_last & np.isfinite(ends), ends

    def _is_shared(self, count: int) -> bool:
        own = self._book_of(count)
        return len(np.unique(own[own >= 0])) < int(np.count_nonzero(own >= 0))

    def _check_sides(self, own_book_index: NDArray[np.int64], decisions: Decisions) -> None:
        """Refuse what goes the way its book does not: no level would price it."""
        for is_up, most in ((True, decisions.high_amount), (False, -decisions.low_amount)):
            there = self.book_index[self.is_up == is_up]
            bare = np.flatnonzero(
                (own_book_index >= 0) & (most > 0.0) & ~np.isin(own_book_index, there)
            )
            if len(bare):
                raise OutOfDomain(
                    f"{decisions.names[bare[0]]} may be {'bought' if is_up else 'sold'}, and its "
                    "book has no level on that side"
                )

    def _check(self, own_book_index: NDArray[np.int64], decisions: Decisions) -> None:
        is_last, ends = self._ends()
        for at in np.flatnonzero(is_last):
            for i in np.flatnonzero(own_book_index == self.book_index[at]):
                up = bool(self.is_up[at])
                most = decisions.high_amount[i] if up else -decisions.low_amount[i]
                if most > ends[at] * (1.0 + _END_FRAC):
                    raise OutOfDomain(
                        f"{decisions.names[i]} may be {'bought' if up else 'sold'} as far as "
                        f"{most}, and its book ends at {ends[at]}"
                    )

    def _book_of(self, count: int) -> NDArray[np.int64]:
        own = self.decision_book_index
        if own is None:
            return np.arange(count, dtype=np.int64)
        return np.concatenate([own, np.full(count - len(own), -1, dtype=np.int64)])

    def _done(self, amounts: Floats) -> Floats:
        """Give what each level's side of its book has to take, for every plan."""
        own = self._book_of(amounts.shape[1])
        if not self._is_shared(amounts.shape[1]):
            # Each book has one decision: no sum is needed.
            decision = np.full(int(self.book_index.max(initial=-1)) + 1, -1, dtype=np.int64)
            inside = np.flatnonzero((own >= 0) & (own < len(decision)))
            decision[own[inside]] = inside
            at = decision[self.book_index]
            done = amounts[:, at] * np.where(self.is_up, 1.0, -1.0)
            return np.where(at >= 0, done, 0.0)
        books = int(max(own.max(initial=-1), self.book_index.max(initial=-1))) + 1
        into = np.zeros((amounts.shape[1], books))
        into[np.flatnonzero(own >= 0), own[own >= 0]] = 1.0
        bought, sold = np.maximum(amounts, 0.0) @ into, np.maximum(-amounts, 0.0) @ into
        return np.where(self.is_up, bought[:, self.book_index], sold[:, self.book_index])


def _own(
    usd_per_amount: Floats | None,
    least_usd_per_amount: Floats | None,
    book_index: NDArray[np.int64] | None,
) -> tuple[Floats | None, Floats | None]:
    """Check what is a decision's own: two rows of as many as have a book."""
    if usd_per_amount is None:
        return None, None
    if book_index is None:
        raise OutOfDomain("what is a decision's own needs decision_book_index")
    shape = (2, len(book_index))
    own = locked(usd_per_amount, "own_usd_per_amount", shape)
    if least_usd_per_amount is None:
        return own, own
    least = locked(least_usd_per_amount, "least_own_usd_per_amount", shape)
    if np.any(least > own):
        raise OutOfDomain("what is a decision's own must not be less than it is at least")
    return own, least


@dataclass(frozen=True, slots=True, eq=False)
class Tickets:
    """A price for each decision that is used at all, and how many may be."""

    ticket_usd: Floats
    used_count_max: int | None = None

    def __post_init__(self) -> None:
        ticket = locked(self.ticket_usd, "ticket_usd", (len(self.ticket_usd),))
        if np.any(ticket < 0) or (self.used_count_max is not None and self.used_count_max < 0):
            raise OutOfDomain("neither a ticket nor the number of legs allowed may be negative")
        object.__setattr__(self, "ticket_usd", ticket)

    @property
    def is_linear(self) -> bool:
        """Whether it is written without squares and powers."""
        return True

    def usd(self, amounts: Floats) -> Floats:
        """Count what is used."""
        return np.asarray((np.abs(amounts) > USED_AMOUNT) @ self.ticket_usd)

    def excess(self, amounts: Floats) -> Floats:
        """Count what is used too many."""
        if self.used_count_max is None:
            return nothing(amounts)
        used = np.count_nonzero(np.abs(amounts) > USED_AMOUNT, axis=1)
        return np.asarray(np.maximum(used - self.used_count_max, 0.0))

    def assemble(self, into: Assembly, at: NDArray[np.int64], decisions: Decisions) -> None:
        """Whether a decision is used is a column of its own, nought or one."""
        used = used_columns(into, at, decisions, np.arange(len(at)), self.ticket_usd)
        if self.used_count_max is not None:
            into.rows(
                [(np.zeros(len(at), dtype=np.int64), used, np.ones(len(at)))],
                np.array([-INF]),
                np.array([float(self.used_count_max)]),
                ["number of legs"],
            )


@dataclass(frozen=True, slots=True, eq=False)
class Impact:
    """Cost of moving the price: a coefficient times the amount to a power between one and two.

    The square root law of market impact is the power 1.5, a temporary linear one the power two.
    """

    coefficient_usd: Floats
    exponent_power: float

    def __post_init__(self) -> None:
        coefficient = locked(self.coefficient_usd, "coefficient_usd", (len(self.coefficient_usd),))
        object.__setattr__(self, "coefficient_usd", coefficient)
        if not (1.0 < self.exponent_power <= 2.0 and np.all(coefficient >= 0)):
            raise OutOfDomain(
                "impact needs a power above one and at most two and no negative coefficient, was "
                f"the power {self.exponent_power}"
            )

    @property
    def is_linear(self) -> bool:
        """Whether it is written without squares and powers."""
        return False

    def usd(self, amounts: Floats) -> Floats:
        """Raise each amount to the power."""
        return np.asarray(np.abs(amounts) ** self.exponent_power @ self.coefficient_usd)

    def excess(self, amounts: Floats) -> Floats:
        """Nothing: it bounds nothing."""
        return nothing(amounts)

    def assemble(self, into: Assembly, at: NDArray[np.int64], decisions: Decisions) -> None:
        """A square goes into the cost as it is, another power into a cone of its own."""
        paid = np.flatnonzero(self.coefficient_usd > 0)
        if self.exponent_power == 2.0:
            into.quadratic(at[paid], 2.0 * self.coefficient_usd[paid])
            return
        above = into.columns(
            np.zeros(len(paid)), np.full(len(paid), INF), self.coefficient_usd[paid]
        )
        for own, of in zip(above.tolist(), at[paid].tolist(), strict=True):
            into.power(own, of, self.exponent_power)


@dataclass(frozen=True, slots=True, eq=False)
class Residual:
    """Half a square: what is left of rows, weighted, as the variance of a hedge's error is.

    Rows should be exposures times one deviation of what moves them, in dollars, rotated so that
    their moves are independent (a factor of the covariance does both).
    """

    at_figure: Floats
    figure_per_amount: Floats
    weight_usd_per_figure2: Floats

    def __post_init__(self) -> None:
        count = len(self.at_figure)
        for name in ("at_figure", "weight_usd_per_figure2"):
            object.__setattr__(self, name, locked(getattr(self, name), name, (count,)))
        shape = (count, self.figure_per_amount.shape[1])
        matrix = locked(self.figure_per_amount, "figure_per_amount", shape)
        object.__setattr__(self, "figure_per_amount", matrix)
        if np.any(self.weight_usd_per_figure2 < 0):
            raise OutOfDomain("the weight of a square must not be negative")

    @property
    def is_linear(self) -> bool:
        """Whether it is written without squares and powers."""
        return False

    def usd(self, amounts: Floats) -> Floats:
        """Square what is left."""
        level = self.at_figure + amounts @ self.figure_per_amount.T
        return np.asarray(0.5 * (level**2 @ self.weight_usd_per_figure2))

    def excess(self, amounts: Floats) -> Floats:
        """Nothing: it bounds nothing."""
        return nothing(amounts)

    def assemble(self, into: Assembly, at: NDArray[np.int64], decisions: Decisions) -> None:
        """What is left of each row is a column, whose square costs."""
        count = len(self.at_figure)
        free = np.full(count, INF)
        left = into.columns(-free, free, np.zeros(count))
        rows = np.arange(count)
        into.rows(
            [dense(self.figure_per_amount, at), (rows, left, np.full(count, -1.0))],
            -self.at_figure,
            -self.at_figure,
            ["residual"] * count,
        )
        into.quadratic(left, self.weight_usd_per_figure2)

"""One consistent picture of the market, in which what is missing or stale says so.

`MarketState` takes events in order of time and keeps the last of each kind; `freeze` gives a
`Snapshot`. Every question to a snapshot is answered with a number or a `Failure`: an input that
never came is missing, one older than its limit is stale, and neither is ever zero.

Between two chains an option's forward is carried: forward · (perpetual now / perpetual when the
chain came). The vol stays with its strike (sticky strike). Both make the mark an estimate with an
age.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final, TypeVar

import msgspec

from hedgerow.errors import Failure, MarketRejected, Outcome
from hedgerow.instruments import Option, PowerPerpetual
from hedgerow.market.ages import AgeLimits, missing, stale
from hedgerow.market.anchors import Anchors
from hedgerow.market.averages import HEARD_NS, average_forward, average_observed_usd
from hedgerow.market.interest import grown
from hedgerow.market.records import (
    NO_SHOCK,
    AssetPrice,
    Candle,
    FundingSettlement,
    IndexPrice,
    Ladder,
    LendingIndex,
    MarketEvent,
    OptionMark,
    OptionQuote,
    OracleAnswer,
    PowerMark,
    PowerState,
    Quote,
    ShareRate,
    Shock,
    StakingRate,
)
from hedgerow.units import YEAR_NS, format_ns, scaled, to_model, years_between

__all__ = ["MarketState", "Snapshot"]

E = TypeVar("E", bound=MarketEvent)
K = TypeVar("K", bound=str | tuple[str, str])

# The last event of each kind is kept in this field of a snapshot, under this name of its own. A
# print moves no mark here; margin runs on marks.
_KEPT: Final[Mapping[type[MarketEvent], tuple[str, Callable[[Any], Any]]]] = {
    Quote: ("quotes", attrgetter("instrument_id")),
    OptionQuote: ("options", attrgetter("instrument_id")),
    Candle: ("candles", attrgetter("instrument_id")),
    IndexPrice: ("indices", attrgetter("underlying")),
    Ladder: ("ladders", attrgetter("instrument_id")),
    FundingSettlement: ("fundings", attrgetter("instrument_id")),
    OracleAnswer: ("oracles", attrgetter("asset")),
    LendingIndex: ("lendings", attrgetter("market", "asset")),
    StakingRate: ("stakings", attrgetter("asset")),
    ShareRate: ("shares", attrgetter("vault")),
    PowerState: ("powers", attrgetter("instrument_id")),
}


_STILL: Final = Decimal(1)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The market at `time_ns`, seen through `shock`.

    `heard` has every index of the last hours, the last of which is in `indices`. `movers` names the
    perpetual that moves a coin between chains; `anchors_usd` holds its price when each chain or
    index came. `dollars_usd` lists the dollar coins and their assumed price.
    """

    time_ns: int
    ages: AgeLimits
    quotes: Mapping[str, Quote]
    options: Mapping[str, OptionQuote]
    indices: Mapping[str, IndexPrice]
    ladders: Mapping[str, Ladder]
    fundings: Mapping[str, FundingSettlement]
    oracles: Mapping[str, OracleAnswer]
    lendings: Mapping[tuple[str, str], LendingIndex]
    stakings: Mapping[str, StakingRate]
    shares: Mapping[str, ShareRate]
    powers: Mapping[str, PowerState]
    candles: Mapping[str, Candle]
    heard: Mapping[str, tuple[IndexPrice, ...]]
    movers: Mapping[str, str]
    anchors_usd: Mapping[tuple[str, int], Decimal]
    dollars_usd: Mapping[str, Decimal]
    shock: Shock = NO_SHOCK
    # A chain has a thousand options and one average, which nothing changes.
    _averages_usd: dict[tuple[str, int], Outcome[Decimal]] = field(
        init=False, repr=False, default_factory=dict
    )

    def shocked(self, shock: Shock) -> "Snapshot":
        """Give a new snapshot with `shock` on top of the present one; this one is untouched."""
        return replace(self, shock=self.shock.then(shock))

    def unshocked(self) -> "Snapshot":
        """Give the market as it was heard."""
        return replace(self, shock=NO_SHOCK)

    def coin_of(self, asset: str) -> str:
        """Name the coin whose price moves an asset: itself, or the base of a staked token."""
        staking = self.stakings.get(asset)
        return asset if staking is None else staking.base

    def mark_usd(self, instrument_id: str, underlying: str) -> Outcome[Decimal]:
        """Give the mark of a future or perpetual."""
        quote = self._fresh(self.quotes, instrument_id, self.ages.quote_ns_max, "quote")
        if isinstance(quote, Failure):
            return quote
        return scaled(quote.price_mark_usd, self.shock.on_mark(instrument_id, underlying))

    def spot_usd(self, coin: str) -> Outcome[Decimal]:
        """Give the coin's index, carried by its perpetual since the index was last heard."""
        parity = self.dollars_usd.get(coin)
        if parity is not None:
            return scaled(parity, self.shock.on(coin))
        index = self._fresh(self.indices, coin, self.ages.index_ns_max, "index")
        if isinstance(index, Failure):
            return index
        carry = self._carry(coin, index.time_ns)
        if isinstance(carry, Failure):
            return carry
        return scaled(index.price_usd * carry, self.shock.on(coin))

    def asset(self, asset: str) -> Outcome[AssetPrice]:
        """Give what one unit of an asset is worth in the market and which coin moves it."""
        if asset not in self.stakings:
            spot = self.spot_usd(asset)
            if isinstance(spot, Failure):
                return spot
            return AssetPrice(price_usd=to_model(spot), underlying=asset, delta_coin_per_unit=1.0)
        staking = self._fresh(self.stakings, asset, self.ages.staking_ns_max, "staking rate")
        if isinstance(staking, Failure):
            return staking
        base = self.spot_usd(staking.base)
        if isinstance(base, Failure):
            return base
        per_unit = to_model(staking.rate_coin_per_coin * (1 - staking.discount_frac))
        per_unit *= self.shock.on(asset)
        return AssetPrice(
            price_usd=per_unit * to_model(base),
            underlying=staking.base,
            delta_coin_per_unit=per_unit,
        )

    def option(self, option: Option) -> Outcome[OptionMark]:
        """Give forward, vol and time for one option, with the age of the vol.

        Inside its settlement window also what of the average is known.
        """
        now_ns = self.time_ns + self.shock.time_forward_ns
        if option.expiry_ns <= self.time_ns:
            return Failure(
                subject=option.instrument_id,
                reason="unsupported",
                message=f"expired {format_ns(option.expiry_ns)}, before {format_ns(self.time_ns)}; "
                "settle it and drop the position",
            )
        quote = self._fresh(
            self.options, option.instrument_id, self.ages.option_ns_max, "option quote"
        )
        if isinstance(quote, Failure):
            return quote
        carry = self._carry(option.underlying, quote.time_ns)
        if isinstance(carry, Failure):
            return carry
        factor = self.shock.on_forward(option.underlying)
        forward_usd = to_model(quote.price_underlying_usd * carry) * factor
        mark = OptionMark(
            forward_usd=forward_usd,
            vol_frac=self.shock.on_vol(quote.vol_mark_frac),
            expiry_years=max(0.0, years_between(now_ns, option.expiry_ns)),
            age_ns=self.time_ns - quote.time_ns,
            is_estimate=self.time_ns > quote.time_ns or self.shock is not NO_SHOCK,
            average_usd=forward_usd,
        )
        if now_ns < option.expiry_ns and now_ns <= option.expiry_ns - option.averaging_ns:
            return mark
        return self._in_window(option, mark)

    def _in_window(self, option: Option, mark: OptionMark) -> OptionMark:
        """Add what of the average is known, in a window that is open at the time of the mark."""
        start_ns = option.expiry_ns - option.averaging_ns
        window_years = option.averaging_ns / YEAR_NS
        open_frac, open_now_frac = 0.0, 1.0
        if mark.expiry_years > 0.0:
            open_frac = mark.expiry_years / window_years
        observed_usd: float | None = None
        if self.time_ns > start_ns:
            open_now_frac = years_between(self.time_ns, option.expiry_ns) / window_years
            observed = self.average_observed_usd(option.underlying, start_ns)
            observed_usd = None if isinstance(observed, Failure) else to_model(observed)
        average_usd, vol_scale_frac = average_forward(
            mark.forward_usd,
            shock_factor_frac=self.shock.on_forward(option.underlying),
            open_now_frac=open_now_frac,
            open_frac=open_frac,
            observed_usd=observed_usd,
        )
        return msgspec.structs.replace(
            mark,
            average_usd=average_usd,
            vol_scale_frac=vol_scale_frac,
            open_frac=open_frac,
            is_heard=observed_usd is not None,
        )

    def average_observed_usd(self, coin: str, start_ns: int) -> Outcome[Decimal]:
        """Give the mean of the index since `start_ns`, which a shock does not move: it was heard.

        A failure says where the index was not heard, or not for too long.
        """
        found = self._averages_usd.get((coin, start_ns))
        if found is None:
            heard = self.heard.get(coin, ())
            found = average_observed_usd(coin, heard, start_ns=start_ns, now_ns=self.time_ns)
            self._averages_usd[coin, start_ns] = found
        return found

    def power(self, terms: PowerPerpetual) -> Outcome[PowerMark]:
        """Give factor, premium and the coin's price for one power perpetual."""
        state = self._fresh(
            self.powers, terms.instrument_id, self.ages.power_ns_max, "power perpetual's state"
        )
        if isinstance(state, Failure):
            return state
        spot = self.spot_usd(terms.underlying)
        if isinstance(spot, Failure):
            return spot
        return PowerMark(
            price_usd=to_model(spot),
            norm_factor_frac=to_model(state.norm_factor_frac),
            price_underlying_recorded_usd=to_model(state.price_underlying_usd),
            price_mark_recorded_usd=to_model(state.price_mark_usd),
            vol_factor_frac=self.shock.vol_factor_frac,
            vol_shift_frac=self.shock.vol_shift_frac,
            elapsed_years=self.shock.time_forward_ns / YEAR_NS,
            age_ns=self.time_ns - state.time_ns,
            is_estimate=self.time_ns > state.time_ns or self.shock is not NO_SHOCK,
        )

    def share_rate(self, vault: str) -> Outcome[ShareRate]:
        """Give how much of its asset one share of a vault is worth."""
        return self._fresh(self.shares, vault, self.ages.share_ns_max, "share rate")

    def ladder(self, instrument_id: str) -> Outcome[Ladder]:
        """Give the order book, unshocked: depth is what stands there now."""
        return self._fresh(self.ladders, instrument_id, self.ages.ladder_ns_max, "order book")

    def funding_frac(self, instrument_id: str) -> Outcome[Decimal]:
        """Give the rate last settled, per funding interval; positive when longs pay."""
        funding = self._fresh(
            self.fundings, instrument_id, self.ages.funding_ns_max, "funding rate"
        )
        return funding if isinstance(funding, Failure) else funding.rate_frac

    def oracle_usd(self, asset: str) -> Outcome[Decimal]:
        """Give the feed's answer, which is what a lending protocol believes."""
        heard = self.oracles.get(asset)
        heartbeat_ns = 0 if heard is None else heard.heartbeat_ns
        limit_ns = int(heartbeat_ns * self.ages.oracle_heartbeat_frac)
        answer = self._fresh(self.oracles, asset, limit_ns, "oracle answer")
        if isinstance(answer, Failure):
            return answer
        coin = self.coin_of(asset)
        peg_factor = 1.0 if coin == asset else self.shock.on(asset)
        return scaled(answer.price_usd, self.shock.on(coin) * peg_factor)

    def lending(self, market: str, asset: str) -> Outcome[LendingIndex]:
        """Give the growth indices of one reserve; a step in time grows them at the last rates.

        Without rates they stand still, whatever time the shock steps over.
        """
        limit_ns = self.ages.lending_ns_max
        index = self._fresh(self.lendings, (market, asset), limit_ns, "lending index")
        if isinstance(index, Failure) or self.shock.time_forward_ns <= 0:
            return index
        return grown(index, self.shock.time_forward_ns)

    def _carry(self, coin: str, since_ns: int) -> Outcome[Decimal]:
        """Give perpetual now over perpetual then; one where nothing moves this coin between."""
        mover_id = self.movers.get(coin)
        if mover_id is None:
            return _STILL
        mover = self._fresh(self.quotes, mover_id, self.ages.quote_ns_max, "quote")
        if isinstance(mover, Failure):
            return mover
        if mover.time_ns <= since_ns:
            return _STILL  # the perpetual has not been heard since: nothing to carry
        anchor = self.anchors_usd.get((coin, since_ns))
        if anchor is None:
            what = f"mark at {format_ns(since_ns)} (to carry {coin})"
            return missing(mover_id, what, time_ns=self.time_ns)
        return mover.price_mark_usd / anchor

    def _fresh(self, kept: Mapping[K, E], key: K, limit_ns: int, what: str) -> Outcome[E]:
        event = kept.get(key)
        if event is not None and self.time_ns - event.time_ns <= limit_ns:
            return event
        subject = key if isinstance(key, str) else " ".join(key)
        if event is None:
            return missing(subject, what, time_ns=self.time_ns)
        return stale(subject, what, age_ns=self.time_ns - event.time_ns, limit_ns=limit_ns)


class MarketState:
    """The last event of every kind, fed in order of time. The only mutable thing in the room."""

    def __init__(
        self,
        *,
        ages: AgeLimits,
        movers: Mapping[str, str],
        dollars_usd: Mapping[str, Decimal],
    ) -> None:
        self._ages = ages
        self._movers = dict(movers)
        self._dollars_usd = dict(dollars_usd)
        self._time_ns: int | None = None
        self._kept: dict[str, dict[Any, Any]] = {field: {} for field, _ in _KEPT.values()}
        self._heard: dict[str, deque[IndexPrice]] = {}
        self._anchors = Anchors(gap_ns_max=ages.quote_ns_max)

    def apply(self, event: MarketEvent) -> None:
        """Take one event.

        Raises
        ------
        MarketRejected
            If the event is older than one already taken: time does not run backwards.
        """
        if self._time_ns is not None and event.time_ns < self._time_ns:
            raise MarketRejected(
                f"time runs backwards: {type(event).__name__} at {format_ns(event.time_ns)} after "
                f"{format_ns(self._time_ns)}; sort the recording"
            )
        self._time_ns = event.time_ns
        where = _KEPT.get(type(event))
        if where is None:
            return
        field, name_of = where
        kept, name = self._kept[field], name_of(event)
        before, kept[name] = kept.get(name), event
        match event:
            case OptionQuote():
                self._anchor(event.underlying, event.time_ns)
            case IndexPrice():
                self._anchor(event.underlying, event.time_ns)
                heard = self._heard.setdefault(event.underlying, deque())
                heard.append(event)
                # The last one before a window holds at its beginning.
                while len(heard) > 1 and heard[1].time_ns <= event.time_ns - HEARD_NS:
                    heard.popleft()
            case Quote():
                self._anchors.quoted(event, before)
            case Candle():
                close = Quote(
                    time_ns=event.time_ns,
                    instrument_id=name,
                    price_mark_usd=event.price_close_usd,
                )
                self._anchors.quoted(close, self._kept["quotes"].get(name))
                self._kept["quotes"][name] = close

    def freeze(self, time_ns: int) -> Snapshot:
        """Give the market as known at `time_ns`, which must not lie before the last event.

        Raises
        ------
        MarketRejected
            If `time_ns` lies before an event already taken.
        """
        if self._time_ns is not None and time_ns < self._time_ns:
            raise MarketRejected(
                f"cannot look back to {format_ns(time_ns)} after taking an event of "
                f"{format_ns(self._time_ns)}"
            )
        last: dict[str, Any] = {field: dict(events) for field, events in self._kept.items()}
        return Snapshot(
            time_ns=time_ns,
            ages=self._ages,
            heard={coin: tuple(events) for coin, events in self._heard.items()},
            movers=self._movers,
            anchors_usd=dict(self._anchors.usd),
            dollars_usd=self._dollars_usd,
            **last,
        )

    def _anchor(self, coin: str, time_ns: int) -> None:
        mover_id = self._movers.get(coin)
        if mover_id is None or (coin, time_ns) in self._anchors.usd:
            return  # a chain is a thousand quotes of one time
        self._anchors.heard(coin, time_ns, mover_id, self._kept["quotes"].get(mover_id))
        if self._anchors.are_many:
            heard = (*self._kept["indices"].values(), *self._kept["options"].values())
            self._anchors.keep({(event.underlying, event.time_ns) for event in heard})

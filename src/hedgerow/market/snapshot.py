"""One consistent picture of the market, in which what is missing or stale says so.

`MarketState` takes events in order of time and keeps the last of each kind; `freeze` gives a
`Snapshot`. Every question to a snapshot is answered with a number or a `Failure`: an input that
never came is missing, one older than its limit is stale, and neither is ever zero.

Between two chains an option's forward is carried: forward · (perpetual now / perpetual when the
chain came). The vol stays with its strike (sticky strike). Both make the mark an estimate with an
age.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

import msgspec

from hedgerow.errors import Failure, MarketRejected, Outcome
from hedgerow.instruments import Option, PowerPerpetual
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
    TradePrint,
)
from hedgerow.units import HOUR_NS, SECOND_NS, YEAR_NS, format_ns, scaled, to_model, years_between

__all__ = ["AgeLimits", "MarketState", "Snapshot"]

# Anchors are tidied whenever they have doubled, and not below this many.
_ANCHORS_COUNT_MIN = 256


class AgeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How old an input may be before it counts as missing. Defaults: fault matrix, live desk.

    An oracle may be as old as its own heartbeat times `oracle_heartbeat_frac`.
    """

    quote_ns_max: int = 5 * SECOND_NS
    option_ns_max: int = 5 * SECOND_NS
    index_ns_max: int = 3 * SECOND_NS
    ladder_ns_max: int = 5 * SECOND_NS
    lending_ns_max: int = 60 * SECOND_NS
    staking_ns_max: int = 24 * HOUR_NS
    share_ns_max: int = 24 * HOUR_NS
    power_ns_max: int = 60 * SECOND_NS
    funding_ns_max: int = 9 * HOUR_NS
    account_ns_max: int = 15 * SECOND_NS
    oracle_heartbeat_frac: float = 1.2


E = TypeVar(
    "E",
    Quote,
    OptionQuote,
    IndexPrice,
    Ladder,
    LendingIndex,
    StakingRate,
    ShareRate,
    PowerState,
    FundingSettlement,
)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The market at `time_ns`, seen through `shock`.

    `movers` names the perpetual that moves a coin between chains; `anchors_usd` holds its price
    when each chain or index came. `dollars_usd` lists the dollar coins and their assumed price.
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
    movers: Mapping[str, str]
    anchors_usd: Mapping[tuple[str, int], Decimal]
    dollars_usd: Mapping[str, Decimal]
    shock: Shock = NO_SHOCK

    def shocked(self, shock: Shock) -> "Snapshot":
        """Give a new snapshot with `shock` on top of the present one; this one is untouched."""
        return replace(self, shock=self.shock.then(shock))

    def coin_of(self, asset: str) -> str:
        """Name the coin whose price moves an asset: itself, or the base of a staked token."""
        staking = self.stakings.get(asset)
        return asset if staking is None else staking.base

    def mark_usd(self, instrument_id: str, underlying: str) -> Outcome[Decimal]:
        """Give the mark of a future or perpetual."""
        quote = self._fresh(self.quotes, instrument_id, self.ages.quote_ns_max, "quote")
        if isinstance(quote, Failure):
            return quote
        return scaled(quote.price_mark_usd, self.shock.on(underlying))

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
        return AssetPrice(
            price_usd=per_unit * to_model(base),
            underlying=staking.base,
            delta_coin_per_unit=per_unit,
        )

    def option(self, option: Option) -> Outcome[OptionMark]:
        """Give forward, vol and time for one option, with the age of the vol."""
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
        factor = self.shock.on(option.underlying)
        return OptionMark(
            forward_usd=to_model(quote.price_underlying_usd * carry) * factor,
            vol_frac=self.shock.on_vol(quote.vol_mark_frac),
            expiry_years=max(0.0, years_between(now_ns, option.expiry_ns)),
            age_ns=self.time_ns - quote.time_ns,
            is_estimate=self.time_ns > quote.time_ns or self.shock is not NO_SHOCK,
        )

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
        answer = self.oracles.get(asset)
        if answer is None:
            return self._missing(asset, "oracle answer")
        limit_ns = int(answer.heartbeat_ns * self.ages.oracle_heartbeat_frac)
        if self.time_ns - answer.time_ns > limit_ns:
            return self._stale(asset, "oracle answer", answer.time_ns, limit_ns)
        return scaled(answer.price_usd, self.shock.on(self.coin_of(asset)))

    def lending(self, market: str, asset: str) -> Outcome[LendingIndex]:
        """Give the growth indices of one reserve."""
        index = self.lendings.get((market, asset))
        if index is None:
            return self._missing(f"{market} {asset}", "lending index")
        if self.time_ns - index.time_ns > self.ages.lending_ns_max:
            return self._stale(
                f"{market} {asset}", "lending index", index.time_ns, self.ages.lending_ns_max
            )
        return index

    def _carry(self, coin: str, since_ns: int) -> Outcome[Decimal]:
        """Give perpetual now over perpetual then; one where nothing moves this coin between."""
        mover_id = self.movers.get(coin)
        if mover_id is None:
            return Decimal(1)
        mover = self._fresh(self.quotes, mover_id, self.ages.quote_ns_max, "quote")
        if isinstance(mover, Failure):
            return mover
        if mover.time_ns <= since_ns:
            return Decimal(1)  # the perpetual has not been heard since: nothing to carry
        anchor = self.anchors_usd.get((coin, since_ns))
        if anchor is None:
            return self._missing(mover_id, f"mark at {format_ns(since_ns)} (to carry {coin})")
        return mover.price_mark_usd / anchor

    def _fresh(self, kept: Mapping[str, E], key: str, limit_ns: int, what: str) -> Outcome[E]:
        event = kept.get(key)
        if event is None:
            return self._missing(key, what)
        if self.time_ns - event.time_ns > limit_ns:
            return self._stale(key, what, event.time_ns, limit_ns)
        return event

    def _missing(self, subject: str, what: str) -> Failure:
        return Failure(
            subject=subject,
            reason="missing_data",
            message=f"no {what} for {subject} by {format_ns(self.time_ns)}",
        )

    def _stale(self, subject: str, what: str, seen_ns: int, limit_ns: int) -> Failure:
        age_s = (self.time_ns - seen_ns) / SECOND_NS
        return Failure(
            subject=subject,
            reason="stale_data",
            message=f"{what} for {subject} is {age_s:.0f} s old, "
            f"the limit is {limit_ns / SECOND_NS:.0f} s",
        )


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
        self._quotes: dict[str, Quote] = {}
        self._options: dict[str, OptionQuote] = {}
        self._indices: dict[str, IndexPrice] = {}
        self._ladders: dict[str, Ladder] = {}
        self._fundings: dict[str, FundingSettlement] = {}
        self._oracles: dict[str, OracleAnswer] = {}
        self._lendings: dict[tuple[str, str], LendingIndex] = {}
        self._stakings: dict[str, StakingRate] = {}
        self._shares: dict[str, ShareRate] = {}
        self._powers: dict[str, PowerState] = {}
        self._candles: dict[str, Candle] = {}
        self._anchors_usd: dict[tuple[str, int], Decimal] = {}
        # Times at which a coin was heard and its perpetual's price is not known yet, by perpetual.
        self._waiting: dict[str, dict[tuple[str, int], None]] = {}
        self._anchors_count_max = _ANCHORS_COUNT_MIN

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
        match event:
            case OptionQuote():
                self._options[event.instrument_id] = event
                self._anchor(event.underlying, event.time_ns)
            case Quote():
                self._quote(event)
            case Candle():
                self._candles[event.instrument_id] = event
                self._quote(
                    Quote(
                        time_ns=event.time_ns,
                        instrument_id=event.instrument_id,
                        price_mark_usd=event.price_close_usd,
                    )
                )
            case IndexPrice():
                self._indices[event.underlying] = event
                self._anchor(event.underlying, event.time_ns)
            case Ladder():
                self._ladders[event.instrument_id] = event
            case FundingSettlement():
                self._fundings[event.instrument_id] = event
            case OracleAnswer():
                self._oracles[event.asset] = event
            case LendingIndex():
                self._lendings[event.market, event.asset] = event
            case StakingRate():
                self._stakings[event.asset] = event
            case ShareRate():
                self._shares[event.vault] = event
            case PowerState():
                self._powers[event.instrument_id] = event
            case TradePrint():
                pass  # a print moves no mark here; margin runs on marks

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
        return Snapshot(
            time_ns=time_ns,
            ages=self._ages,
            quotes=dict(self._quotes),
            options=dict(self._options),
            indices=dict(self._indices),
            ladders=dict(self._ladders),
            fundings=dict(self._fundings),
            oracles=dict(self._oracles),
            lendings=dict(self._lendings),
            stakings=dict(self._stakings),
            shares=dict(self._shares),
            powers=dict(self._powers),
            candles=dict(self._candles),
            movers=self._movers,
            anchors_usd=dict(self._anchors_usd),
            dollars_usd=self._dollars_usd,
        )

    def _anchor(self, coin: str, time_ns: int) -> None:
        """Note that an index or a chain of this coin was heard now."""
        mover_id = self._movers.get(coin)
        if mover_id is None or (coin, time_ns) in self._anchors_usd:
            return
        mover = self._quotes.get(mover_id)
        if mover is not None and mover.time_ns == time_ns:
            self._anchors_usd[coin, time_ns] = mover.price_mark_usd
        else:
            self._waiting.setdefault(mover_id, {})[coin, time_ns] = None
        if len(self._anchors_usd) > self._anchors_count_max:
            self._forget_anchors()

    def _quote(self, quote: Quote) -> None:
        """Take a quote, and learn from it what the perpetual was when others were heard.

        Between two quotes of a perpetual its price is taken on the straight line between them. The
        last quote alone would be too old: its move since then is in the index already, and carrying
        it again would count it twice. Over a gap longer than a quote may be old, nothing is known.
        """
        before = self._quotes.get(quote.instrument_id)
        self._quotes[quote.instrument_id] = quote
        waiting = self._waiting.pop(quote.instrument_id, {})
        if before is None or quote.time_ns - before.time_ns > self._ages.quote_ns_max:
            return
        for coin, time_ns in waiting:
            if before.time_ns <= time_ns:
                span_ns = max(quote.time_ns - before.time_ns, 1)
                move = quote.price_mark_usd - before.price_mark_usd
                self._anchors_usd[coin, time_ns] = (
                    before.price_mark_usd + move * (time_ns - before.time_ns) / span_ns
                )

    def _forget_anchors(self) -> None:
        """Keep the anchors that an index or an option still needs."""
        needed = {(index.underlying, index.time_ns) for index in self._indices.values()}
        needed |= {(option.underlying, option.time_ns) for option in self._options.values()}
        self._anchors_usd = {k: p for k, p in self._anchors_usd.items() if k in needed}
        self._anchors_count_max = max(_ANCHORS_COUNT_MIN, 2 * len(self._anchors_usd))

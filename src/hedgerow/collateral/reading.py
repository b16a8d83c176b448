"""Read a desk as a problem: accounts as venues, balances as piles, routes as links.

An account past its buffer's trigger, or at a hard limit of distance, needs what fills it to its
target; one that is not must stay where it is, or at its target where it is better off. In a
scenario every account with a buffer shall stay within its trigger, so that the shock calls for
nothing more. A source stays above its initial requirement, below which venues let nobody withdraw.
What does not earn elsewhere costs nothing to move; what is posted where it is missing no longer
earns. Needs are weighed against each other in dollars: an account counted in a currency without a
price is neither filled nor drawn, and that is said.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.collateral.engines import NOW, Asked, Measure, tiers_of
from hedgerow.collateral.needs import counted_ccy
from hedgerow.collateral.problem import Link, Need, OnTheWay, Pile, Problem, Tier, Venue, Worth
from hedgerow.collateral.records import BufferPolicy, Route
from hedgerow.collateral.standing import Standing, cover, owed_coin, standing_of
from hedgerow.errors import Failure, Outcome
from hedgerow.limits import Survey, Use
from hedgerow.margin import MarginReport, terms_of
from hedgerow.portfolio import Account
from hedgerow.solving.part import INF
from hedgerow.units import DAY_NS, YEAR_NS, to_model

__all__ = ["NEEDS", "DeskRow", "Reading"]

# What rows are called that are no scenario.
NEEDS = ("buffer", "distance", "initial")

# So many of the nearest weigh ten times the next; all after them weigh one and are served by cost.
# A choice: desks of nine were solved with weights of up to 9e8 too.
_URGENT_COUNT = 4
# Of what is sent, so much dearer is each way than the one the desk puts before it: a cent of
# 100,000 USD, less than any fee, and more than a solver's last digit.
_PREFERENCE_FRAC = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class DeskRow:
    """One need of one account, as its engine measures it, in exact figures.

    `now_ccy` is where it stands and `needed_ccy` what it needs, both as equity.
    """

    account: Account
    name: str
    scenario: str
    measure: Measure
    needed_ccy: Decimal
    now_ccy: Decimal

    def equity_ccy(self, before: MarginReport, after: MarginReport) -> Decimal:
        """Give what it comes to, as equity against the requirement that it had before."""
        return self.now_ccy + self.measure.level_ccy(after) - self.measure.level_ccy(before)


@dataclass(slots=True, eq=False)
class Reading:
    """A desk as it is read for an allocation; the parameters of `least_plan`."""

    policies: Iterable[BufferPolicy]
    routes: Sequence[Route]
    asked: Asked
    in_transit_coin: Sequence[tuple[str, str, Decimal, Use]]
    reserve_usd: float
    earns_frac_per_year: float
    horizon_days: float
    deadline_ns: Mapping[str, int]
    transit_haircut_frac: Mapping[str, float]
    unmet: list[Failure] = field(default_factory=list)
    standing: dict[str, Standing] = field(default_factory=dict)
    rows: list[DeskRow] = field(default_factory=list)
    ways: list[Route] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    closed: set[str] = field(default_factory=set)
    raised_ccy: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    sampled_coin: dict[tuple[str, str, str], set[Decimal]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        policy_of = {policy.account_id: policy for policy in self.policies}
        for account in self.survey.book.accounts:
            policy = policy_of.get(account.account_id)
            stands = standing_of(account, policy, self.survey, {})
            if not isinstance(stands, Failure):
                self.standing[account.account_id] = stands
            elif policy is not None:
                self.unmet.append(stands)
        drawn = {route.source_account_id for route in self.routes}
        for stands in self.standing.values():
            if stands.account.rulebook is not None:
                self._read_rows(stands, is_drawn=stands.account.account_id in drawn)
        short = dict.fromkeys(
            row.account.account_id for row in self.rows if row.now_ccy < row.needed_ccy
        )
        short_weighed = [name for name in short if self._is_weighed(name)]
        self.short = sorted(short_weighed, key=lambda name: (cover(self.standing[name]), name))
        self._read_ways()

    @property
    def survey(self) -> Survey:
        """What was seen of the desk."""
        return self.asked.survey

    def _read_rows(self, stands: Standing, *, is_drawn: bool) -> None:
        """Say what one account needs, now and in scenarios."""
        account, policy = stands.account, stands.policy
        wanted: list[tuple[str, str, Measure, bool, Decimal]] = []
        nothing = Decimal(0)
        if policy is not None:
            is_low = stands.is_low(policy)
            filled = Measure(is_initial=False, use_frac=policy.target_use_frac)
            wanted.append((NEEDS[0], NOW, filled, is_low, nothing))
            if stands.reach_frac > 1:
                bare = Measure(is_initial=False, use_frac=Decimal(1))
                wanted.append((NEEDS[1], NOW, bare, True, stands.target_headroom_ccy))
        if is_drawn:
            initial = Measure(is_initial=True, use_frac=Decimal(1))
            wanted.append((NEEDS[2], NOW, initial, False, nothing))
        if policy is not None or is_drawn:
            use_frac = Decimal(1) if policy is None else policy.trigger_use_frac
            within = Measure(is_initial=False, use_frac=use_frac)
            wanted += [
                (name, name, within, policy is not None, nothing) for name in self.asked.scenarios
            ]
        for name, scenario, measure, is_wanted, more in wanted:
            report = self.asked.report(account, (), scenario)
            if isinstance(report, Failure):
                # What cannot be judged in a scenario is not drawn, and is said.
                self.unmet.append(
                    Failure(
                        subject=account.account_id,
                        reason=report.reason,
                        message=f"requirement unknown under {scenario}: {report.message}",
                    )
                )
                self.closed.add(account.account_id)
                continue
            needed = measure.wanted_ccy(report) + more
            now = report.equity_ccy
            if not is_wanted:
                needed = min(needed, now)
            self.rows.append(
                DeskRow(
                    account=account,
                    name=name,
                    scenario=scenario,
                    measure=measure,
                    needed_ccy=needed,
                    now_ccy=now,
                )
            )

    def _read_ways(self) -> None:
        """Keep the routes that lead to whoever is short, over others where need be."""
        reached, is_more = set(self.short), True
        while is_more:
            is_more = False
            for route in self.routes:
                source = self.standing.get(route.source_account_id)
                is_open = source is not None and route.source_account_id not in self.closed
                if (
                    route.target_account_id in reached
                    and is_open
                    and route.source_account_id not in self.short
                    and route not in self.ways
                    and self._price_usd(route.asset) is not None
                    and self._is_weighed(route.source_account_id)
                ):
                    self.ways.append(route)
                    is_more = True
                    reached.add(route.source_account_id)
        order = {id(route): i for i, route in enumerate(self.routes)}
        self.ways.sort(key=lambda route: order[id(route)])

    def _price_usd(self, asset: str, scenario: str = NOW) -> float | None:
        shock = self.asked.scenarios.get(scenario)
        seen = self.survey.snapshot if shock is None else self.survey.snapshot.shocked(shock)
        price = seen.asset(asset)
        if not isinstance(price, Failure):
            return price.price_usd
        if price not in self.unmet:
            self.unmet.append(price)
        return None

    def _currency_usd(self, currency: str) -> Outcome[float]:
        """Give what one unit is worth of what an account counts in; a dollar is one by itself."""
        if currency == "USD":
            return 1.0
        price = self.survey.snapshot.asset(currency)
        return price if isinstance(price, Failure) else price.price_usd

    def _is_weighed(self, name: str) -> bool:
        """Say whether an account's needs can be told in dollars; where not, that is said."""
        stands = self.standing[name]
        if stands.account.rulebook is None:
            return True  # it has no needs
        price = self._currency_usd(stands.currency)
        if not isinstance(price, Failure):
            return True
        said = Failure(
            subject=name,
            reason=price.reason,
            message=f"counted in {stands.currency}, whose price in USD is unknown: neither filled "
            f"nor drawn; {price.message}",
        )
        if said not in self.unmet:
            self.unmet.append(said)
        return False

    def problem(self) -> Problem:
        """Write the problem, with what the engines say at the amounts asked so far."""
        piles: dict[tuple[str, str, Use], Pile] = {}
        worths: list[Worth] = []
        in_piles_ccy: dict[tuple[str, str], float] = {}
        for route in self.ways:
            ends: list[tuple[str, Use]] = [
                (route.source_account_id, "balance"),
                (route.target_account_id, route.use),
            ]
            for name, use in ends:
                if (name, route.asset, use) not in piles:
                    pile, found = self._pile(name, route.asset, use, in_piles_ccy)
                    piles[name, route.asset, use] = pile
                    worths += found
        targets = {key[0] for key in piles}
        venues = [
            self._venue(name, in_piles_ccy)
            for name in self.standing
            if name in targets and any(row.account.account_id == name for row in self.rows)
        ]
        return Problem(
            piles=tuple(piles.values()),
            venues=tuple(venues),
            worths=tuple(worths),
            links=tuple(
                Link(
                    source=route.source_account_id,
                    target=route.target_account_id,
                    asset=route.asset,
                    use=route.use,
                    fee_coin=to_model(route.fee_coin),
                    step_coin=to_model(route.step_coin),
                    latency_ns=route.latency_ns,
                    transit_haircut_frac=self.transit_haircut_frac.get(route.asset, 0.0),
                    dearer_usd_per_coin=self._dearer_usd_per_coin(rank, route),
                )
                for rank, route in enumerate(self.ways)
            ),
            on_the_way=tuple(
                OnTheWay(
                    target=target,
                    asset=asset,
                    quantity_coin=to_model(coin),
                    use=use,
                    transit_haircut_frac=self.transit_haircut_frac.get(asset, 0.0),
                )
                for target, asset, coin, use in self.in_transit_coin
                if target in targets
            ),
            reserve_usd=self.reserve_usd,
            horizon_years=self.horizon_days * DAY_NS / YEAR_NS,
        )

    def _dearer_usd_per_coin(self, rank_index: int, route: Route) -> float:
        """Let the desk's own order decide of ways that cost the same.

        Where nothing is lost by moving, the first of them too is held dearer than to send nothing,
        by half as much: no more is to move than is needed.
        """
        lost_frac_per_year = self._earns(
            route.source_account_id, route.asset, "balance"
        ) - self._earns(route.target_account_id, route.asset, route.use)
        is_free = lost_frac_per_year * self.horizon_days <= 0.0
        place = 0.5 if rank_index == 0 and is_free else rank_index
        price_usd = self._price_usd(route.asset)
        assert price_usd is not None, "ways are of assets that have a price"
        return place * _PREFERENCE_FRAC * price_usd

    def _venue(self, name: str, in_piles_ccy: Mapping[tuple[str, str], float]) -> Venue:
        own = [row for row in self.rows if row.account.account_id == name]
        report = self.asked.report(own[0].account, ())
        assert not isinstance(report, Failure), "an account with rows has a requirement"
        rank = self.short.index(name) if name in self.short else len(self.short)
        currency_usd = self._currency_usd(report.currency)
        assert not isinstance(currency_usd, Failure), "who has no price is not in the problem"
        needs = []
        for row in own:
            raised = self.raised_ccy.get((name, row.name), Decimal(0))
            needed = row.needed_ccy + raised
            if row.needed_ccy <= row.now_ccy:
                needed = min(needed, row.now_ccy)
            needs.append(
                Need(
                    name=row.name,
                    requirement_ccy=to_model(needed),
                    counted_ccy=to_model(row.now_ccy) - in_piles_ccy.get((name, row.name), 0.0),
                )
            )
        return Venue(
            name=name,
            needs=tuple(needs),
            currency=report.currency,
            currency_usd=currency_usd,
            deadline_ns=self.deadline_ns.get(name),
            # The nearest to its liquidation is served first.
            urgency_frac=10.0 ** max(0, min(len(self.short) - 1, _URGENT_COUNT) - rank),
        )

    def _pile(
        self, name: str, asset: str, use: Use, in_piles_ccy: dict[tuple[str, str], float]
    ) -> tuple[Pile, list[Worth]]:
        """Read one pile, and what it counts for in every row of its account."""
        stands = self.standing[name]
        held = Decimal(0)
        if use == "balance":
            held = max(stands.account.balance_coin(asset), held)
        is_drawn = use == "balance" and any(
            (route.source_account_id, route.asset) == (name, asset) for route in self.ways
        )
        most = self._most_coin(asset)
        spare = held if is_drawn else Decimal(0)
        limit: Decimal | None = None
        if use == "repay":
            owed = owed_coin(stands, asset, self.survey, self.asked.rulebooks)
            assert not isinstance(owed, Failure), "who is filled is judged, which takes the index"
            limit = owed
            most = min(most, limit)
        worths: list[Worth] = []
        for row in self.rows:
            if row.account.account_id != name:
                continue
            points = self.asked.curve(
                row.account,
                asset,
                use,
                out_coin=held if is_drawn else Decimal(0),
                in_coin=most,
                measure=row.measure,
                scenario=row.scenario,
                also_coin=tuple(self.sampled_coin.get((name, asset, use), ())),
            )
            if isinstance(points, Failure):
                # Not to be judged with it: it is neither taken nor let go.
                return self._shut(stands, asset, use, held), []
            first, last = points[0].coin, points[-1].coin
            tiers, turns = tiers_of(points)
            reached = last if turns is None else turns
            if reached < most:
                limit = reached if limit is None else min(limit, reached)
            if is_drawn:
                spare = min(spare, -first)
            tiers = _from_nothing(tiers, held + min(first, Decimal(0)))
            if any(tier.worth_ccy_per_coin > 0 for tier in tiers):
                worth = Worth(venue=name, asset=asset, use=use, tiers=tiers, need=row.name)
                worths.append(worth)
                key = (name, row.name)
                in_piles_ccy[key] = in_piles_ccy.get(key, 0.0) + counted_ccy(worth, to_model(held))
        price_usd = self._price_usd(asset)
        assert price_usd is not None, "ways are of assets that have a price"
        return (
            Pile(
                place=name,
                asset=asset,
                use=use,
                held_coin=to_model(held),
                spare_coin=to_model(spare),
                price_usd=price_usd,
                earns_frac_per_year=self._earns(name, asset, use),
                held_coin_max=INF if limit is None else to_model(limit + held),
                reserve_usd_per_coin=self._reserve_usd(stands, asset),
            ),
            worths,
        )

    def _shut(self, stands: Standing, asset: str, use: Use, held_coin: Decimal) -> Pile:
        """Give a pile that nothing comes to and nothing leaves."""
        held = to_model(held_coin)
        return Pile(
            place=stands.account.account_id,
            asset=asset,
            use=use,
            held_coin=held,
            spare_coin=0.0,
            held_coin_max=held,
            price_usd=self._price_usd(asset) or 0.0,
        )

    def _most_coin(self, asset: str) -> Decimal:
        """Give the most of an asset that could come to one place."""
        sources = {r.source_account_id for r in self.ways if r.asset == asset}
        held = (self.standing[name].account.balance_coin(asset) for name in sources)
        return sum((max(each, Decimal(0)) for each in held), Decimal(0))

    def _earns(self, name: str, asset: str, use: Use) -> float:
        """Give what a coin earns there: all places alike, but for what is posted to who is short.

        A repayment saves its interest, a supply earns its own; neither is counted as more than is
        earned elsewhere, so that nothing is moved for that alone.
        """
        if name not in self.short:
            return self.earns_frac_per_year
        rulebook = self.asked.rulebooks.get(self.standing[name].account.rulebook or "")
        market = None if rulebook is None else terms_of(rulebook).market
        if use == "balance" or market is None:
            return 0.0
        index = self.survey.snapshot.lending(market, asset)
        if isinstance(index, Failure):
            return 0.0
        rate = index.supply_frac_per_year if use == "supply" else index.borrow_frac_per_year
        return min(to_model(rate or Decimal(0)), self.earns_frac_per_year)

    def _reserve_usd(self, stands: Standing, asset: str) -> float:
        """Give what a coin at hand is worth in the worst of the scenarios; zero where it is not."""
        if stands.account.rulebook is not None:
            return 0.0
        prices = [self._price_usd(asset, name) for name in (NOW, *self.asked.scenarios)]
        return min(0.0 if price is None else price for price in prices)


def _from_nothing(tiers: tuple[Tier, ...], below_coin: Decimal) -> tuple[Tier, ...]:
    """Begin tiers at the first coin, with so many below them that count as the first of them do."""
    if below_coin <= 0 or not tiers:
        return tiers
    worth_ccy_per_coin = tiers[0].worth_ccy_per_coin
    below = Tier(width_coin=to_model(below_coin), worth_ccy_per_coin=worth_ccy_per_coin)
    return (below, *tiers)

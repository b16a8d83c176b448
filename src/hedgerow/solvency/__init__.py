"""How close is it to breaking?

An account, a snapshot and its rulebook enter; what leaves says where the venue may act, how likely
that is, whether help arrives first, who gains by it and what repairs it. Whether an account breaks
is always asked of the same `margin.require` that the venue's simulator uses. The room refuses an
answer where a requirement on the way has none; what is not known is said to be so.

Below whole accounts lie functions of numbers and columns, which know neither books nor markets:
closed forms, ladders, queues, loans. Every chance comes of a generator or a seed that is given.

Where does it break
    A `Direction` is a way the market may go; `ways_of` lists those that may hurt an account,
    `joint_of` makes the joint one, `coins_moved` says of what, `shock_of` and `applied` go there.
    Along one, `frontier` finds every root and `binding` the account that breaks first; along two,
    `plane`; along all at once, `reverse_stress` finds the likeliest. `distance` is the quick
    search of limits; `standing` and `compared` set two states side by side.
How likely, by closed forms
    Of a price of constant drift and vol: `hit_frac`, `ever_frac`, `hit_density_per_year`,
    `mean_years`, `median_years`, `cash_at_hit_usd`; between two barriers `corridor`; looked at now
    and then `seen_barrier_usd`, `bridge_hit_frac`.
How likely, by paths
    `headroom` over `spot_nodes` gives a `boundary`, several are `pooled`; against it `path_hits`
    walks paths of `market.Dynamics`, whose ends `path_ends_log` has. The other way round
    `collateral_wanted`. Vols that nobody knows are `regimes`, met by `mixed_hits`; times at which
    what is held ages `time_nodes_ns`, a boundary that does not age `over_times` of others; what
    paths can tell at all `effective_count`, `least_frac`, `upper_bound_frac`.
How likely, by what came before
    `fit_excursions`, with tails by `fit_tail`, and `breach_chance` of a `liquidation_move_log`;
    hour by hour over a recording `walked_forward`, beside `closed_form`.
Whether that was right
    `calibrated` does all of it: `bins` with `band_frac` over `periods_count`, `holding_frac`,
    `thinned`, `together`, `totals`, `log_scores`, `mean_interval`. Alarms: `alarm_record`,
    `threshold_of_equal_rate`.
How soon is help there
    Routes from `decode_routes`; `stage_time_s`, `transit_s`, `transit_time`. Against the breach:
    `breach_frac`, `rescue_odds`, `rescue_odds_drawn`, `rescue_odds_recorded`; all of it in
    `route_reaction`.
When to act, and what waiting costs
    `trigger_start_log`, `trigger_for_odds_log`, `best_policy`, `policy_cost_frac`;
    `latency_var_bps`, `latency_var_drawn`, `latency_buffer_frac`, `usable_within`.
Who hunts it
    A ladder from `ladder_of` against `linear_impact` or `book_impact`: `cascade`,
    `critical_shocks`, `reproduction_numbers`, `shock_to_reach_usd`; what pushing it gains:
    `hunt_map`, `hunting_profit_usd`, `safe_size_coin`.
Who is closed in its place
    Deleveraging: `queue_scores`, `queue`, `queue_rank`, `left_to_absorb_coin`, `closed_coin`,
    `haircuts_queued`, `haircuts_pro_rata`, `gini_frac`, `hedge_left`.
What repairs it
    `loan_repair`, `loan_price_frac`; isolated positions `linear_price_usd`, `inverse_price_usd`.
"""

from hedgerow.solvency.backtests.alarms import (
    AlarmRecord,
    Fall,
    MissCause,
    Track,
    alarm_record,
    threshold_of_equal_rate,
)
from hedgerow.solvency.backtests.calibration import (
    EDGES_FRAC,
    PERIODS_COUNT_MIN,
    SCORE_FLOOR_FRAC,
    Bin,
    Calibration,
    ForecastColumns,
    Totals,
    band_frac,
    bins,
    calibrated,
    holding_frac,
    log_scores,
    mean_interval,
    periods_count,
    thinned,
    together,
    totals,
)
from hedgerow.solvency.backtests.excursions import (
    GROUPS_FRAC,
    MEMORY_DAYS,
    BreachChance,
    ExcursionGroup,
    Excursions,
    Tail,
    breach_chance,
    fit_excursions,
    fit_tail,
    liquidation_move_log,
)
from hedgerow.solvency.backtests.walk_forward import (
    RISK_METRICS_HOURS,
    Isolated,
    Walked,
    closed_form,
    walked_forward,
)
from hedgerow.solvency.chances.boundary import (
    NO_BARRIER_LOG,
    Boundary,
    Driven,
    Headroom,
    boundary,
    headroom,
    over_times,
    pooled,
    spot_nodes,
)
from hedgerow.solvency.chances.corridor import (
    Corridor,
    corridor,
)
from hedgerow.solvency.chances.passage import (
    bridge_hit_frac,
    cash_at_hit_usd,
    ever_frac,
    hit_density_per_year,
    hit_frac,
    mean_years,
    median_years,
    seen_barrier_usd,
)
from hedgerow.solvency.chances.paths import (
    HORIZONS_YEARS,
    LiquidationCost,
    PathHits,
    path_ends_log,
    path_hits,
)
from hedgerow.solvency.chances.regimes import mixed_hits, regimes
from hedgerow.solvency.chances.tellable import effective_count, least_frac, upper_bound_frac
from hedgerow.solvency.chances.time_nodes import time_nodes_ns
from hedgerow.solvency.chances.wanted import (
    CollateralWanted,
    collateral_wanted,
)
from hedgerow.solvency.crowd.adversary import (
    HuntMap,
    HuntTerms,
    hunt_map,
    hunting_profit_usd,
    safe_size_coin,
)
from hedgerow.solvency.crowd.cascade import (
    Cascade,
    CriticalShock,
    Impact,
    LiquidationLadder,
    book_impact,
    cascade,
    critical_shocks,
    ladder_of,
    linear_impact,
    reproduction_numbers,
    shock_to_reach_usd,
)
from hedgerow.solvency.crowd.deleveraging import (
    Haircuts,
    HedgeLeft,
    QueueRank,
    QueueRule,
    Winners,
    closed_coin,
    gini_frac,
    haircuts_pro_rata,
    haircuts_queued,
    hedge_left,
    left_to_absorb_coin,
    queue,
    queue_rank,
    queue_scores,
)
from hedgerow.solvency.frontiers.coins import (
    coins_moved,
)
from hedgerow.solvency.frontiers.directions import applied, shock_of
from hedgerow.solvency.frontiers.distance import (
    DISTANCE_FRAC_MAX,
    distance,
)
from hedgerow.solvency.frontiers.frontier import (
    frontier,
)
from hedgerow.solvency.frontiers.plane import (
    LEVELS,
    Level,
    Plane,
    plane,
)
from hedgerow.solvency.frontiers.reverse import (
    Blame,
    FactorMove,
    ReverseStress,
    reverse_stress,
)
from hedgerow.solvency.frontiers.standing import (
    Standing,
    StandingChange,
    WhatIf,
    compared,
    standing,
)
from hedgerow.solvency.frontiers.ways import (
    binding,
    joint_of,
    ways_of,
)
from hedgerow.solvency.reaction.latency import (
    REGIMES,
    Regime,
    RescueRoute,
    RouteBook,
    Stage,
    StageName,
    Volatility,
    decode_routes,
    stage_time_s,
    transit_s,
)
from hedgerow.solvency.reaction.latency_value import (
    LatencyValue,
    Remote,
    TransitTime,
    Usable,
    latency_buffer_frac,
    latency_var_bps,
    latency_var_drawn,
    transit_time,
    usable_within,
)
from hedgerow.solvency.reaction.odds import (
    Moves,
    Odds,
    breach_frac,
    rescue_odds,
    rescue_odds_drawn,
    rescue_odds_recorded,
)
from hedgerow.solvency.reaction.rescue_trigger import (
    RescuePolicy,
    RescueProblem,
    best_policy,
    policy_cost_frac,
    trigger_for_odds_log,
    trigger_start_log,
)
from hedgerow.solvency.reaction.route_reaction import (
    ReactionTerms,
    RouteReaction,
    route_reaction,
)
from hedgerow.solvency.records import (
    SIDES,
    Direction,
    DirectionKind,
    Distance,
    Frontier,
    Root,
    Side,
    Stretch,
    StretchState,
)
from hedgerow.solvency.repair import (
    Holding,
    LoanRepair,
    inverse_price_usd,
    linear_price_usd,
    loan_price_frac,
    loan_repair,
)

# Where does it break
__all__ = [
    "DISTANCE_FRAC_MAX",
    "LEVELS",
    "Blame",
    "Direction",
    "DirectionKind",
    "Distance",
    "FactorMove",
    "Frontier",
    "Level",
    "Plane",
    "ReverseStress",
    "Root",
    "Standing",
    "StandingChange",
    "Stretch",
    "StretchState",
    "WhatIf",
    "applied",
    "binding",
    "coins_moved",
    "compared",
    "distance",
    "frontier",
    "joint_of",
    "plane",
    "reverse_stress",
    "shock_of",
    "standing",
    "ways_of",
]
# How likely, by closed forms
__all__ += [
    "Corridor",
    "bridge_hit_frac",
    "cash_at_hit_usd",
    "corridor",
    "ever_frac",
    "hit_density_per_year",
    "hit_frac",
    "mean_years",
    "median_years",
    "seen_barrier_usd",
]
# How likely, by paths
__all__ += [
    "HORIZONS_YEARS",
    "NO_BARRIER_LOG",
    "Boundary",
    "CollateralWanted",
    "Driven",
    "Headroom",
    "LiquidationCost",
    "PathHits",
    "boundary",
    "collateral_wanted",
    "effective_count",
    "headroom",
    "least_frac",
    "mixed_hits",
    "over_times",
    "path_ends_log",
    "path_hits",
    "pooled",
    "regimes",
    "spot_nodes",
    "time_nodes_ns",
    "upper_bound_frac",
]
# How likely, by what came before
__all__ += [
    "GROUPS_FRAC",
    "MEMORY_DAYS",
    "RISK_METRICS_HOURS",
    "SIDES",
    "BreachChance",
    "ExcursionGroup",
    "Excursions",
    "Isolated",
    "Side",
    "Tail",
    "Walked",
    "breach_chance",
    "closed_form",
    "fit_excursions",
    "fit_tail",
    "liquidation_move_log",
    "walked_forward",
]
# Whether that was right
__all__ += [
    "EDGES_FRAC",
    "PERIODS_COUNT_MIN",
    "SCORE_FLOOR_FRAC",
    "AlarmRecord",
    "Bin",
    "Calibration",
    "Fall",
    "ForecastColumns",
    "MissCause",
    "Totals",
    "Track",
    "alarm_record",
    "band_frac",
    "bins",
    "calibrated",
    "holding_frac",
    "log_scores",
    "mean_interval",
    "periods_count",
    "thinned",
    "threshold_of_equal_rate",
    "together",
    "totals",
]
# How soon is help there
__all__ += [
    "REGIMES",
    "Moves",
    "Odds",
    "ReactionTerms",
    "Regime",
    "RescueRoute",
    "RouteBook",
    "RouteReaction",
    "Stage",
    "StageName",
    "TransitTime",
    "Volatility",
    "breach_frac",
    "decode_routes",
    "rescue_odds",
    "rescue_odds_drawn",
    "rescue_odds_recorded",
    "route_reaction",
    "stage_time_s",
    "transit_s",
    "transit_time",
]
# When to act, and what waiting costs
__all__ += [
    "LatencyValue",
    "Remote",
    "RescuePolicy",
    "RescueProblem",
    "Usable",
    "best_policy",
    "latency_buffer_frac",
    "latency_var_bps",
    "latency_var_drawn",
    "policy_cost_frac",
    "trigger_for_odds_log",
    "trigger_start_log",
    "usable_within",
]
# Who hunts it
__all__ += [
    "Cascade",
    "CriticalShock",
    "HuntMap",
    "HuntTerms",
    "Impact",
    "LiquidationLadder",
    "book_impact",
    "cascade",
    "critical_shocks",
    "hunt_map",
    "hunting_profit_usd",
    "ladder_of",
    "linear_impact",
    "reproduction_numbers",
    "safe_size_coin",
    "shock_to_reach_usd",
]
# Who is closed in its place
__all__ += [
    "Haircuts",
    "HedgeLeft",
    "QueueRank",
    "QueueRule",
    "Winners",
    "closed_coin",
    "gini_frac",
    "haircuts_pro_rata",
    "haircuts_queued",
    "hedge_left",
    "left_to_absorb_coin",
    "queue",
    "queue_rank",
    "queue_scores",
]
# What repairs it
__all__ += [
    "Holding",
    "LoanRepair",
    "inverse_price_usd",
    "linear_price_usd",
    "loan_price_frac",
    "loan_repair",
]

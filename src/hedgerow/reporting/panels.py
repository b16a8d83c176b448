"""Which charts an episode, or a pair of them, is shown in; all share one time axis."""

from collections.abc import Callable, Sequence

from hedgerow.limits import METRICS
from hedgerow.reporting.axes import Scale, scale_for
from hedgerow.reporting.greeks import shown_metrics
from hedgerow.reporting.marks import (
    action_marks,
    coin_of,
    is_hedge,
    liquidation_marks,
    run_key,
    touches,
)
from hedgerow.reporting.shapes import Chart, Group, Line, Mark, Span, spans_where
from hedgerow.reporting.summary import label
from hedgerow.simulation import AccountFrame, Episode, Frame

__all__ = [
    "account_charts",
    "account_ids",
    "desk_chart",
    "greek_charts",
    "price_charts",
]

_NO_ANSWER = "unknown"
_BEYOND = "none in range"


def _span_of(episodes: Sequence[Episode]) -> tuple[int, int]:
    times = [frame.time_ns for episode in episodes for frame in episode.frames]
    return (min(times), max(times)) if times else (0, 1)


def _coins(episodes: Sequence[Episode], of: Callable[[Frame], dict[str, float]]) -> tuple[str, ...]:
    seen: dict[str, None] = {}
    for episode in episodes:
        for frame in episode.frames:
            seen.update(dict.fromkeys(of(frame)))
    return tuple(sorted(seen))


def _times(episode: Episode) -> tuple[int, ...]:
    return tuple(frame.time_ns for frame in episode.frames)


def _unknown(times_ns: tuple[int, ...], values: Sequence[float | None]) -> tuple[Span, ...]:
    return spans_where(times_ns, [value is None for value in values], "unknown", _NO_ANSWER)


def price_charts(episodes: Sequence[Episode]) -> list[Chart]:
    """One chart per coin with every hedge in that coin; the market is the same in all episodes."""
    start_ns, end_ns = _span_of(episodes)
    index, market = max(enumerate(episodes), key=lambda each: (len(each[1].actions), -each[0]))
    coins = _coins([market], lambda frame: frame.prices_usd)
    times = _times(market)
    charts = []
    for n, coin in enumerate(coins):
        values = tuple(frame.prices_usd.get(coin) for frame in market.frames)
        marks = action_marks(
            index,
            market,
            lambda action, coin=coin: (  # type: ignore[misc]
                is_hedge(action) and coin_of(action, coins) in (coin, None)
            ),
        )
        charts.append(
            Chart(
                f"price-{n}", coin, "USD", f"Price of {coin} with {len(marks)} hedges marked.",
                start_ns, end_ns, scale_for(values, with_zero=False),
                (Group(times, (Line(coin, f"coin{n % 6}", values),)),),
                marks, _unknown(times, values),
            )
        )  # fmt: skip
    return charts


def desk_chart(episodes: Sequence[Episode]) -> Chart:
    """Equity of the whole desk, one line per episode, with liquidations and top-ups marked."""
    start_ns, end_ns = _span_of(episodes)
    groups: list[Group] = []
    marks: list[Mark] = []
    spans: list[Span] = []
    everything: list[float | None] = []
    for index, episode in enumerate(episodes):
        values = tuple(frame.equity_usd for frame in episode.frames)
        everything += values
        run = run_key(episode)
        groups.append(Group(_times(episode), (Line(label(episode), run, values, run),)))
        marks += action_marks(index, episode, lambda action: not is_hedge(action), run)
        marks += liquidation_marks(episode)
        spans += _unknown(_times(episode), values)
    return Chart(
        "desk", "Equity of all accounts", "USD",
        "Equity of all accounts together, one line for each run, at the same times.",
        start_ns, end_ns, scale_for(everything, with_zero=False), tuple(groups),
        tuple(marks), tuple(spans), is_wide=True,
    )  # fmt: skip


def account_ids(episodes: Sequence[Episode]) -> tuple[str, ...]:
    """Every account of every episode, in the order in which the frames list them."""
    seen: dict[str, None] = {}
    for episode in episodes:
        for frame in episode.frames:
            seen.update(dict.fromkeys(account.account_id for account in frame.accounts))
    return tuple(seen)


def _series(episode: Episode, account_id: str) -> list[AccountFrame | None]:
    return [
        next((a for a in frame.accounts if a.account_id == account_id), None)
        for frame in episode.frames
    ]


def _equity_chart(
    chart_id: str,
    index: int,
    episode: Episode,
    account_id: str,
    scale: Scale,
    ends: tuple[int, int],
) -> Chart:
    rows = _series(episode, account_id)
    equity = tuple(None if a is None else a.equity_ccy for a in rows)
    requirement = tuple(None if a is None else a.requirement_ccy for a in rows)
    currency = next((a.currency for a in rows if a is not None), "")
    run, times = run_key(episode), _times(episode)

    blind = [e is None or r is None for e, r in zip(equity, requirement, strict=True)]
    return Chart(
        chart_id, f"Equity and requirement, {label(episode)}", currency,
        f"Equity of {account_id} against what its venue requires; it is liquidatable where equity "
        "is below.",
        *ends, scale,
        (Group(times, (Line("equity", run, equity), Line("requirement", "need", requirement)),
               shaded=True),),
        (*action_marks(index, episode, lambda action: touches(action, account_id)),
         *liquidation_marks(episode, account_id)),
        spans_where(times, blind, "unknown", _NO_ANSWER), run=run,
    )  # fmt: skip


def _distance_chart(
    chart_id: str, episode: Episode, account_id: str, scale: Scale, ends: tuple[int, int]
) -> Chart:
    rows = _series(episode, account_id)
    times, run = _times(episode), run_key(episode)
    known = [a is not None and a.is_distance_known for a in rows]

    def column(move: Callable[[AccountFrame], float | None]) -> tuple[float | None, ...]:
        moves = [move(a) if a is not None and k else None for a, k in zip(rows, known, strict=True)]
        return tuple(None if m is None else m * 100 for m in moves)

    down, up = column(lambda a: a.distance_down_frac), column(lambda a: a.distance_up_frac)
    spans = spans_where(times, [not k for k in known], "unknown", _NO_ANSWER)
    lines = []
    for values, side, style in ((up, "rise", f"{run} dashed"), (down, "fall", run)):
        beyond = [k and v is None for k, v in zip(known, values, strict=True)]
        spans += spans_where(times, beyond, f"beyond {side}", f"{side}: {_BEYOND}")
        absent = frozenset(at for at, flag in enumerate(beyond) if flag)
        lines.append(Line(side, style, values, absent=absent, absent_text=_BEYOND))
    return Chart(
        chart_id, f"Distance to liquidation, {label(episode)}", "% move of all prices",
        f"How far all prices may rise or fall together before {account_id} is liquidatable; zero "
        "is liquidation.",
        *ends, scale,
        (Group(times, tuple(lines)),),
        liquidation_marks(episode, account_id), spans, suffix=" %", run=run,
    )  # fmt: skip


def account_charts(episodes: Sequence[Episode], account_id: str, prefix: str) -> list[list[Chart]]:
    """Rows of charts of one account, one chart per episode in each row, on the same scales."""
    ends = _span_of(episodes)
    rows = [a for e in episodes for a in _series(e, account_id) if a is not None]
    amounts = scale_for(
        [v for a in rows for v in (a.equity_ccy, a.requirement_ccy)], with_zero=True
    )
    moves = scale_for(
        [
            v * 100
            for a in rows
            for v in (a.distance_down_frac, a.distance_up_frac)
            if v is not None and a.is_distance_known
        ],
        with_zero=True,
    )
    table = [
        [
            _equity_chart(f"{prefix}-equity-{n}", n, episode, account_id, amounts, ends)
            for n, episode in enumerate(episodes)
        ]
    ]
    # An account that no move can liquidate (a wallet) needs no picture of that.
    if any(
        not a.is_distance_known
        or a.distance_down_frac is not None
        or a.distance_up_frac is not None
        for a in rows
    ):
        table.append(
            [
                _distance_chart(f"{prefix}-distance-{n}", episode, account_id, moves, ends)
                for n, episode in enumerate(episodes)
            ]
        )
    return table


def greek_charts(episodes: Sequence[Episode]) -> list[list[Chart]]:
    """Rows of charts, one Greek each, one chart per episode in each row, on the same scale."""
    ends = _span_of(episodes)
    table = []
    for metric in shown_metrics(frame for episode in episodes for frame in episode.frames):
        key, unit = METRICS[metric].title, METRICS[metric].unit
        title = f"Net {key}"

        def of(frame: Frame, metric: str = metric) -> dict[str, float]:
            rows = frame.exposures.items()
            return {name: getattr(row, metric) for name, row in rows if name != "desk"}

        names = _coins(episodes, of) or ("desk",)
        scale = scale_for(
            [v for e in episodes for f in e.frames for v in of(f).values()], with_zero=True
        )
        row = []
        for n, episode in enumerate(episodes):
            lines = tuple(
                Line(name, f"coin{k % 6}", tuple(of(f).get(name) for f in episode.frames))
                for k, name in enumerate(names)
            )
            blind = [any(name not in of(f) for name in names) for f in episode.frames]
            marks = action_marks(n, episode, is_hedge) if key == "delta" else ()
            row.append(
                Chart(
                    f"{key}-{n}", f"{title}, {label(episode)}", unit,
                    f"{title} of the whole desk per coin.", *ends, scale,
                    (Group(_times(episode), lines),), marks,
                    spans_where(_times(episode), blind, "unknown", _NO_ANSWER),
                    run=run_key(episode),
                )
            )  # fmt: skip
        table.append(row)
    return table

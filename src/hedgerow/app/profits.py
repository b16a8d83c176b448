"""What ``hedgerow risk explain`` does: hold the desk through its market, explain every step."""

from collections.abc import Sequence
from pathlib import Path

from hedgerow.app.asked import moment_ns, opened, show
from hedgerow.app.desk import Desk
from hedgerow.app.held_desk import HeldStep, held_steps
from hedgerow.app.lengths import every_ns_of
from hedgerow.app.options import Source
from hedgerow.app.verdict import status
from hedgerow.app.written import check_plot, write_plot
from hedgerow.errors import DeskRejected, Failure
from hedgerow.instruments import (
    InversePerpetual,
    LinearPerpetual,
    QuantoPerpetual,
)
from hedgerow.reporting import profit_builtins, profit_svg, profit_tables
from hedgerow.risk import Explained, Marks, Method, explain
from hedgerow.units import format_ns

__all__ = ["show_explained"]


def show_explained(
    source: Source,
    *,
    window: tuple[str | None, str | None],
    every: str,
    method: str,
    marks: Marks,
    node: str,
    plot: Path | None,
    as_json: bool,
) -> int:
    """Print why a node gained or lost, step by step, and draw it where asked to.

    Raises
    ------
    DeskRejected, RequestRejected
        If the window is none of the desk's, a step cannot be meant, there is no step in the window,
        or no such node.
    """
    if plot is not None:
        check_plot(plot)
    desk, market, start_ns = opened(source._replace(at=window[0]), flag="--from")
    end_ns = desk.end_ns if window[1] is None else moment_ns(window[1], "--to")
    _check_window(desk, start_ns, end_ns)
    every_ns = every_ns_of(every, end_ns - start_ns)
    steps = tuple(
        held_steps(desk, market.events(), start_ns=start_ns, end_ns=end_ns, every_ns=every_ns)
    )
    if not steps:
        raise DeskRejected(
            f"fewer than two option chains from {format_ns(start_ns)} to {format_ns(end_ns)}; "
            "leave out --every chain, or ask for a longer time"
        )
    methods: tuple[Method, ...] = ("taylor", "full")
    run = {
        each: tuple(_explained(step, each, marks) for step in steps)
        for each in methods
        if method in (each, "both")
    }
    _check_node(run, node)
    if plot is not None:
        write_plot(plot, profit_svg(run, node), as_json=as_json)
    heading = (
        f"The opening positions of the desk, held from {format_ns(steps[0].start.time_ns)} to "
        f"{format_ns(steps[-1].end.time_ns)}"
    )
    show(
        profit_builtins(run, node),
        profit_tables(run, node, heading=heading, statements=_statements(steps, marks)),
        as_json=as_json,
    )
    return status(_troubles(run, node), is_quiet=as_json)


def _explained(step: HeldStep, method: Method, marks: Marks) -> Explained:
    return explain(
        step.before,
        step.after,
        step.start,
        step.end,
        flows=step.flows,
        method=method,
        marks=marks,
    )


def _check_window(desk: Desk, start_ns: int, end_ns: int) -> None:
    for flag, time_ns in (("--from", start_ns), ("--to", end_ns)):
        if not desk.start_ns <= time_ns <= desk.end_ns:
            raise DeskRejected(
                f"{flag} {format_ns(time_ns)} lies outside the desk's window, "
                f"{format_ns(desk.start_ns)} to {format_ns(desk.end_ns)}"
            )
    if end_ns <= start_ns:
        raise DeskRejected(
            f"--to {format_ns(end_ns)} must be later than --from {format_ns(start_ns)}"
        )


def _check_node(run: dict[Method, tuple[Explained, ...]], node: str) -> None:
    """Refuse a node that is in no step, and name those that are."""
    every = [row.node for steps in run.values() for each in steps for row in each.rows]
    if node not in every:
        raise DeskRejected(
            f"no profit at node {node}; there are: {', '.join(dict.fromkeys(every))}"
        )


def _statements(steps: Sequence[HeldStep], marks: Marks) -> tuple[str, ...]:
    said = [
        "Held as the desk file says: nothing is traded and nothing liquidated; funding is paid and "
        "what expires is delivered, net of its fee."
    ]
    if marks == "venue":
        said.append(
            "The actual profit is by the marks that the venue printed with a chain, ours where a "
            "step ends between chains; both methods explain by vols and forwards of the chain."
        )
    unfunded = sorted(
        terms.instrument_id
        for terms in steps[0].before.instruments
        if isinstance(terms, LinearPerpetual | InversePerpetual | QuantoPerpetual)
        and terms.instrument_id not in steps[-1].funded
    )
    if unfunded:
        said.append(f"No funding of {', '.join(unfunded)} was heard: carry leaves it out.")
    return (*said, *dict.fromkeys(each for step in steps for each in step.troubles))


def _troubles(run: dict[Method, tuple[Explained, ...]], node: str) -> tuple[str, ...]:
    """Say how many steps stay unexplained, or unknown, and when the first of them ended."""
    said = []
    for method, steps in run.items():
        for verdict, words in (
            ("alert", "leave more unexplained than the tolerance"),
            ("unknown", "are unknown"),
        ):
            ended = [
                each.end_ns
                for each in steps
                if not isinstance(row := each.row(node), Failure) and row.verdict == verdict
            ]
            if ended:
                said.append(
                    f"{len(ended)} of {len(steps)} steps at {node} {words} by {method}, the first "
                    f"to {format_ns(ended[0])}"
                )
    return tuple(said)

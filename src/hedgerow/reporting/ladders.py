"""A ladder as tables, and as one SVG file: a panel of coloured cells for every day."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from hedgerow.exposure import ScenarioCell, ScenarioLadder
from hedgerow.reporting.figures import clock, usd_all
from hedgerow.reporting.framing import headed, note, troubles
from hedgerow.reporting.grid import Column, grid
from hedgerow.reporting.svg_text import lines_of, text_lines

__all__ = ["ladder_svg", "ladder_tables"]

_MISSED = "Missed is the profit less what the Greeks foretell."
_UNTOLD = (
    "profits of other coins settled in this one count in the delta, and as value where they are "
    "made: the profit leaves them out, so it is not compared with the Greeks."
)
_STANDING = (
    "As days go by options lose time value, power perpetuals pay and loans grow at the rates that "
    "came with their indices; funding of other perpetuals, staking and vault growth stand still."
)
_VOLS_ABREAST = 3  # of a table: three numbers each, on a screen of 118 columns
_LEFT, _TOP, _CELL_WIDTH, _CELL_HEIGHT = 74, 58, 96, 30
_WIDTH_MIN, _TITLE_STEP = 460, 20
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#222}.h{font-size:15px;font-weight:600}"
    ".e{fill:#777;font-size:11px}.c{text-anchor:middle}.r{text-anchor:end}"
    "rect{stroke:#fff}"
)


def ladder_tables(ladder: ScenarioLadder, heading: str | None = None) -> RenderableType:
    """Profit, delta and what the Greeks miss of the profit, where they tell: a table a day."""
    parts: list[RenderableType] = headed(heading)
    told = {"Profit": "profit_usd", "Delta": "delta_spot_usd", "Missed": "difference_usd"}
    is_told = all(cell.difference_usd is not None for cell in ladder.cells)
    if not is_told:
        del told["Missed"]
    for days, cells in _by_days(ladder):
        vols = list(dict.fromkeys(cell.vol_move_volpt for cell in cells))
        for some in _groups(vols, _VOLS_ABREAST):
            by_spot: dict[float, list[ScenarioCell]] = {}
            for cell in cells:
                if cell.vol_move_volpt in some:
                    by_spot.setdefault(cell.spot_move_frac, []).append(cell)
            head: list[Column] = [("Spot", "%", True)]
            for vol in some:
                points = f"{_signed(vol)} pt"
                head += [(what, points, True) for what in told]
            chosen = [cell for row in by_spot.values() for cell in row]
            marks = [" ?" if each.missing else "" for each in chosen]
            columns = [
                [
                    text + mark
                    for text, mark in zip(
                        usd_all([getattr(each, name) for each in chosen]), marks, strict=True
                    )
                ]
                for name in told.values()
            ]
            width = len(some)
            rows = []
            for n, spot in enumerate(by_spot):
                texts = [_signed(100 * spot)]
                for at in range(n * width, (n + 1) * width):
                    texts += [column[at] for column in columns]
                rows.append(texts)
            parts += [grid(f"{ladder.node}, {_day(days)}", head, rows), Text()]
    parts.append(
        note(
            f"USD. Full revaluation; {_MISSED if is_told else _UNTOLD} "
            f"Spot moving: {', '.join(ladder.coins)}. Sticky strike; the vols of all coins move in "
            "points, all together, never below zero."
        )
    )
    parts.append(note(_STANDING))
    missing = dict.fromkeys(failure for cell in ladder.cells for failure in cell.missing)
    if missing:
        parts.append(note("? incomplete: the number leaves out what is listed below."))
    return Group(*parts, *troubles("Missing: cells with ? leave these out", missing))


def ladder_svg(ladder: ScenarioLadder) -> str:
    """Draw profits as cells of a map: spot across, vol up, a panel for every day."""
    most = max((abs(cell.profit_usd) for cell in ladder.cells), default=0.0) or 1.0
    texts = dict(zip(ladder.cells, usd_all([c.profit_usd for c in ladder.cells]), strict=True))
    spots = list(dict.fromkeys(cell.spot_move_frac for cell in ladder.cells))
    vols = list(dict.fromkeys(cell.vol_move_volpt for cell in ladder.cells))
    width = max(_LEFT + len(spots) * _CELL_WIDTH + 12, _WIDTH_MIN)
    days_apart = _by_days(ladder)
    titles = [lines_of(f"{ladder.node}, {_day(days)}", width - 24, 15.0) for days, _ in days_apart]
    top = _TOP + _TITLE_STEP * (max(map(len, titles), default=1) - 1)
    panel = top + len(vols) * _CELL_HEIGHT + 16
    parts = []
    for n, (_, cells) in enumerate(days_apart):
        drawn = [
            text_lines(titles[n], 12, 22, step_px=_TITLE_STEP, style="h"),
            f'<text class="r" x="{_LEFT - 8}" y="{top - 8}">vol | spot</text>',
            *(
                f'<text class="c" x="{_x(i) + _CELL_WIDTH // 2}" y="{top - 8}">'
                f"{_signed(100 * spot)} %</text>"
                for i, spot in enumerate(spots)
            ),
        ]
        for j, vol in enumerate(reversed(vols)):
            y = top + j * _CELL_HEIGHT
            drawn.append(f'<text class="r" x="{_LEFT - 8}" y="{y + 19}">{_signed(vol)} pt</text>')
        for cell in cells:
            x = _x(spots.index(cell.spot_move_frac))
            y = top + (len(vols) - 1 - vols.index(cell.vol_move_volpt)) * _CELL_HEIGHT
            incomplete = " ?" if cell.missing else ""
            drawn.append(
                f'<rect x="{x}" y="{y}" width="{_CELL_WIDTH}" height="{_CELL_HEIGHT}" '
                f'fill="{_colour(cell.profit_usd / most)}"/>'
                f'<text class="c" x="{x + _CELL_WIDTH // 2}" y="{y + 19}">'
                f"{texts[cell]}{incomplete}</text>"
            )
        parts.append(f'<g transform="translate(0 {n * panel})">{"".join(drawn)}</g>')
    about = (
        f"{clock(ladder.time_ns)} UTC; profit in USD by full revaluation; spot moving: "
        f"{', '.join(ladder.coins)}; the vols of all coins move together; sticky strike"
    )
    if any(cell.missing for cell in ladder.cells):
        about += "; ? incomplete"
    about += "; funding of perpetuals, staking and vault growth stand still"
    foot = lines_of(about, width - 24, 11.0)
    height = panel * len(parts) + 8 + 15 * len(foot)
    notes = text_lines(foot, 12, panel * len(parts) + 12, step_px=15, style="e")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img"><title>Profit over spot and vol</title>'
        f'<style>{_STYLE}</style><rect width="100%" height="100%" fill="#fff"/>'
        f"{''.join(parts)}{notes}</svg>\n"
    )


def _by_days(ladder: ScenarioLadder) -> list[tuple[float, list[ScenarioCell]]]:
    found: dict[float, list[ScenarioCell]] = {}
    for cell in ladder.cells:
        found.setdefault(cell.elapsed_days, []).append(cell)
    return list(found.items())


def _colour(part: float) -> str:
    """White at nothing, blue for the largest gain and red for the largest loss."""
    strong = (33, 102, 172) if part >= 0 else (196, 60, 50)
    share = min(abs(part), 1.0) ** 0.6 * 0.8  # the root lifts what is small; pale enough for words
    return "#" + "".join(f"{round(255 + share * (one - 255)):02x}" for one in strong)


def _groups(vols: Sequence[float], count: int) -> list[Sequence[float]]:
    return [vols[at : at + count] for at in range(0, len(vols), count)]


def _day(days: float) -> str:
    return "now" if days == 0 else f"after {days:g} day{'' if days == 1 else 's'}"


def _signed(move: float) -> str:
    """Write a move with its sign and as many digits as it was asked with."""
    return f"{round(move, 6):+g}" if round(move, 6) else "0"


def _x(column: int) -> int:
    return _LEFT + column * _CELL_WIDTH

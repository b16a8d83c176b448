"""Where a desk's market comes from: recordings on disk, or the seeded episode.

A desk without a file is the embedded one; its market is generated from a seed, needs no network and
no data, and is the same bytes for the same seed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from importlib.resources import as_file, files
from pathlib import Path
from typing import Protocol

import numpy as np

from hedgerow.app.desk import Desk, load_desk
from hedgerow.errors import DeskRejected, RecordingRejected
from hedgerow.instruments import Option
from hedgerow.market import Candle, IndexPrice, MarketEvent, Quote
from hedgerow.simulation import (
    Congestion,
    episode_congestion,
    episode_events,
    episode_statements,
    with_assumptions,
)
from hedgerow.units import format_ns, parse_ns
from hedgerow.venues.recordings import (
    merge,
    read_books,
    read_chains,
    read_dated_futures,
    read_funding,
    read_marks,
    read_oracle_rounds,
    read_perpetual_quotes,
    read_perpetuals,
    read_power_states,
    read_spot,
    read_spot_windows,
    replay_raw_book,
)

__all__ = ["Market", "open_market", "part_of"]

_SEED = 7  # of the embedded episode, unless another is asked for
_FAR_NS = parse_ns("2200-01-01")


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """A market that can be played from its beginning as often as wanted."""

    name: str
    digest: str
    seed: int | None  # a recording has none
    events: Callable[[], Iterator[MarketEvent]]
    statements: tuple[str, ...]
    congestion: Sequence[Congestion] = ()


def open_market(
    path: Path | None, data: Path | None, seed: int | None, *, only_held: bool = False
) -> tuple[Desk, Market]:
    """Load a desk and the market it is to live in.

    Parameters
    ----------
    path
        The desk file, or None for the embedded desk in its seeded episode.
    data
        The folder of recordings; needed by a desk that names recordings.
    seed
        Of the embedded episode; None for the usual one.
    only_held
        Whether recorded chains are read for the options alone that the desk file names.

    Raises
    ------
    DeskRejected
        If the desk has mistakes, or there is no market for it.
    """
    if path is None:
        if data is not None:
            raise DeskRejected("--data needs a desk file that says which recordings to read")
        with as_file(files("hedgerow.app") / "desks" / "embedded.toml") as embedded:
            desk = load_desk(embedded)
        return desk, _generated(desk, _SEED if seed is None else seed)
    if seed is not None:
        raise DeskRejected("a recording has no seed: leave out --seed or the desk file")
    desk = load_desk(path)
    wanted = _wanted(desk)
    if not wanted:
        raise DeskRejected(
            f"{path} names no recordings: add [recording], or leave out the desk file to run the "
            "embedded episode"
        )
    if data is None:
        raise DeskRejected(f"{path} reads recordings; pass --data FOLDER with {wanted} in it")
    # Opened once now, so that a missing folder is told before anything is written.
    folder = data
    _recorded(desk, folder)
    market = Market(
        name=folder.resolve().name,
        digest=_digest(desk, folder),
        seed=None,
        events=lambda: _recorded(desk, folder, only_held=only_held),
        statements=(*_index_statements(desk), *desk.assumptions.statements()),
    )
    return desk, market


def part_of(market: Market, desk: Desk, data: Path) -> Market:
    """Give the same recordings for a desk whose window or assumptions were changed since.

    They are read for the options alone that the desk names, and only when they are played.
    """
    return replace(market, events=lambda: _recorded(desk, data, only_held=True))


def _wanted(desk: Desk) -> str:
    return ", ".join(sorted({name for name in desk.recording.model_dump().values() if name}))


def _generated(desk: Desk, seed: int) -> Market:
    def events() -> Iterator[MarketEvent]:
        rng = np.random.Generator(np.random.Philox(seed))
        return episode_events(rng, start_ns=desk.start_ns)

    return Market(
        name="embedded episode",
        digest=sha256(f"embedded episode, seed {seed}".encode()).hexdigest(),
        seed=seed,
        events=events,
        statements=episode_statements(),
        congestion=episode_congestion(desk.start_ns),
    )


def _recorded(desk: Desk, data: Path, *, only_held: bool = False) -> Iterator[MarketEvent]:
    """Give the desk's recordings on one clock, warm-up to end, with assumptions between.

    Raises
    ------
    DeskRejected
        If the desk names no recording, a folder it names is not below `data`, or perpetuals that
        shall stand at spot are none or have marks.
    RecordingRejected
        While iterating, if a file holds what cannot be, or a recording nothing from warm-up to end.
    """
    folders = _folders(desk, data)
    named = desk.recording.model_dump()
    streams = [
        _heard(folders[name], partial(read, desk, folders[name]), desk)
        for kind, read in (_READERS | ({"options": _held_chains} if only_held else {})).items()
        if (name := named[kind]) is not None
    ]
    at_spot = _at_spot(desk)  # before anything is read
    return with_assumptions(_with_indices(merge(*streams), desk, at_spot), desk.assumptions)


def _index_sources(desk: Desk) -> dict[str, str]:
    """Name the candles that stand in for each coin's index; option chains bring their own."""
    if desk.recording.options is not None:
        return {}
    has_spot = desk.recording.spot is not None or desk.recording.spot_windows is not None
    return {
        f"{coin}USDT-SPOT" if has_spot else perpetual: coin
        for coin, perpetual in desk.movers.items()
    }


def _with_indices(
    events: Iterator[MarketEvent], desk: Desk, at_spot: Mapping[str, Sequence[str]]
) -> Iterator[MarketEvent]:
    """Follow each candle that stands in for an index with that index, and the marks at it."""
    sources = _index_sources(desk)
    for event in events:
        yield event
        if isinstance(event, Candle) and event.instrument_id in sources:
            yield IndexPrice(
                time_ns=event.time_ns,
                underlying=sources[event.instrument_id],
                price_usd=event.price_close_usd,
            )
            for name in at_spot.get(sources[event.instrument_id], ()):
                yield Quote(
                    time_ns=event.time_ns,
                    instrument_id=name,
                    price_mark_usd=event.price_close_usd,
                )


def _at_spot(desk: Desk) -> dict[str, list[str]]:
    """Name by coin the perpetuals that are taken to stand at its index.

    Raises
    ------
    DeskRejected
        If a name is no perpetual of the file, or marks of perpetuals are recorded.
    """
    found: dict[str, list[str]] = {}
    terms = {each.instrument_id: each for each in desk.perpetuals}
    for name in desk.at_spot:
        if name not in terms:
            raise DeskRejected(
                f"assumptions.perpetuals_at_spot: {name} is no linear_perpetual of [[instruments]]"
            )
        found.setdefault(terms[name].underlying, []).append(name)
    recorded = [
        key
        for key in ("perpetuals", "marks", "options")
        if getattr(desk.recording, key) is not None
    ]
    if found and recorded:
        raise DeskRejected(
            f"assumptions.perpetuals_at_spot: leave it out, or {' and '.join(recorded)} of "
            "[recording], which bring marks or an index of their own"
        )
    return found


def _index_statements(desk: Desk) -> tuple[str, ...]:
    indices = tuple(
        f"No option chain brings an index of {coin}: it is taken as the close of {name}."
        for name, coin in sorted(_index_sources(desk).items())
    )
    marks = tuple(
        f"{name}: no recorded marks; it is taken to stand at spot, so that no basis gains or loses "
        "anything."
        for name in desk.at_spot
    )
    return (*indices, *marks)


def _heard(folder: Path, read: "_Reader", desk: Desk) -> Iterator[MarketEvent]:
    """Pass a recording on; refuse one that is silent, since a report of it would judge nothing."""
    start_ns, end_ns = desk.start_ns - desk.warmup_ns, desk.end_ns + 1
    is_silent = True
    for event in read(start_ns, end_ns):
        is_silent = False
        yield event
    if not is_silent:
        return
    later = next(read(end_ns, _FAR_NS), None)
    after = "nothing later" if later is None else f"goes on at {format_ns(later.time_ns)}"
    raise RecordingRejected(
        f"{folder}: nothing between {format_ns(start_ns)} and {format_ns(desk.end_ns)}, {after}; "
        "change start, end or warmup of the desk, or leave it out of [recording]"
    )


class _Reader(Protocol):
    def __call__(self, start_ns: int, end_ns: int, /) -> Iterator[MarketEvent]: ...


class _KindReader(Protocol):
    def __call__(
        self, desk: Desk, folder: Path, start_ns: int, end_ns: int, /
    ) -> Iterator[MarketEvent]: ...


def _by_symbol(read: Callable[..., Iterator[MarketEvent]]) -> _KindReader:
    """Read what is filed under the perpetual venue's symbols, such as BTCUSDT."""
    return lambda desk, folder, start_ns, end_ns: read(
        folder,
        start_ns=start_ns,
        end_ns=end_ns,
        symbols=[f"{coin}USDT" for coin in sorted(desk.movers)],
    )


def _by_coin(read: Callable[..., Iterator[MarketEvent]]) -> _KindReader:
    """Read what is filed under coins."""
    return lambda desk, folder, start_ns, end_ns: read(
        folder, start_ns=start_ns, end_ns=end_ns, underlyings=sorted(desk.movers)
    )


def _books(desk: Desk, folder: Path, start_ns: int, end_ns: int, /) -> Iterator[MarketEvent]:
    names = _filed(folder, desk, "book20_1s.parquet")
    return read_books(folder, start_ns=start_ns, end_ns=end_ns, instrument_ids=names)


def _raw_books(desk: Desk, folder: Path, start_ns: int, end_ns: int, /) -> Iterator[MarketEvent]:
    names = _filed(folder, desk, "raw.txt.gz")
    return merge(
        *(
            replay_raw_book(folder, start_ns=start_ns, end_ns=end_ns, instrument_id=name)
            for name in names
        )
    )


def _held_chains(desk: Desk, folder: Path, start_ns: int, end_ns: int, /) -> Iterator[MarketEvent]:
    """Read chains for the options alone that the desk knows."""
    names = {name for name, terms in desk.instruments.items() if isinstance(terms, Option)}
    return read_chains(
        folder, start_ns=start_ns, end_ns=end_ns, underlyings=sorted(desk.movers), names=names
    )


def _whole(read: Callable[..., Iterator[MarketEvent]]) -> _KindReader:
    """Read all that a file holds, whatever coins the desk has."""
    return lambda _, folder, start_ns, end_ns: read(folder, start_ns=start_ns, end_ns=end_ns)


def _filed(folder: Path, desk: Desk, ending: str) -> list[str]:
    """List the perpetuals that a recorder of books followed; the others keep the assumed book."""
    wanted = sorted(desk.movers.values())
    symbols = {name: name.removesuffix("-PERP").lower() for name in wanted}
    found = [name for name in wanted if any(folder.glob(f"*_usdm_{symbols[name]}.{ending}"))]
    return found or wanted  # none at all: the reader says which file it looked for


# In order of arrival at equal times; the keys are those of [recording].
_READERS: dict[str, _KindReader] = {
    "perpetuals": _by_symbol(read_perpetuals),
    "marks": _by_symbol(read_marks),
    "spot": _by_symbol(read_spot),
    "spot_windows": _by_symbol(read_spot_windows),
    "books": _books,
    "books_raw": _raw_books,
    "funding": _by_coin(read_funding),
    "power_perpetuals": _whole(read_power_states),
    "oracle_rounds": _whole(read_oracle_rounds),
    "dated_futures": _by_coin(read_dated_futures),
    "perpetual_quotes": _by_coin(read_perpetual_quotes),
    "options": _by_coin(read_chains),
}


def _digest(desk: Desk, data: Path) -> str:
    """Give one SHA-256 over the Parquet files of every folder the desk names."""
    digest = sha256()
    for name, folder in sorted(_folders(desk, data).items()):
        for file in sorted(folder.glob("*.parquet")):
            digest.update(f"{name}/{file.name}\0".encode())
            with file.open("rb") as opened:
                while chunk := opened.read(1 << 20):
                    digest.update(chunk)
    return digest.hexdigest()


def _folders(desk: Desk, data: Path) -> dict[str, Path]:
    named = [name for name in desk.recording.model_dump().values() if name is not None]
    if not named:
        raise DeskRejected(
            "the desk file names no recording; add a [recording] table with the folders to read"
        )
    missing = [name for name in named if not (data / name).is_dir()]
    if missing:
        raise DeskRejected(
            f"no folder {', '.join(missing)} below {data}; pass --data FOLDER with the recordings, "
            f"or change [recording]"
        )
    return {name: data / name for name in named}

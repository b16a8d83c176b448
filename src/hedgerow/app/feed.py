"""Where a desk's market comes from: recordings on disk, or the seeded episode.

A desk without a file is the embedded one; its market is generated from a seed, needs no network and
no data, and is the same bytes for the same seed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from hedgerow.app.desk import Desk, load_desk
from hedgerow.errors import DeskRejected
from hedgerow.market import MarketEvent
from hedgerow.simulation import (
    Congestion,
    episode_congestion,
    episode_events,
    episode_statements,
    with_assumptions,
)
from hedgerow.venues.recordings import (
    merge,
    read_books,
    read_chains,
    read_dated_futures,
    read_funding,
    read_oracle_rounds,
    read_perpetuals,
    read_spot,
)

__all__ = ["Market", "open_market"]


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """A market that can be played from its beginning as often as wanted."""

    name: str
    digest: str
    seed: int
    events: Callable[[], Iterator[MarketEvent]]
    statements: tuple[str, ...]
    congestion: Sequence[Congestion] = ()


def open_market(path: Path | None, data: Path | None, seed: int) -> tuple[Desk, Market]:
    """Load a desk and the market it is to live in.

    Parameters
    ----------
    path
        The desk file, or None for the embedded desk in its seeded episode.
    data
        The folder of recordings; needed by a desk that names recordings.

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
        return desk, _generated(desk, seed)
    desk = load_desk(path)
    if data is None:
        raise DeskRejected(
            f"{path} reads recordings; pass --data FOLDER with {_wanted(desk)} in it"
        )
    # Opened once now, so that a missing folder is told before anything is written.
    folder = data
    _recorded(desk, folder)
    market = Market(
        name=folder.resolve().name,
        digest=_digest(desk, folder),
        seed=0,
        events=lambda: _recorded(desk, folder),
        statements=desk.assumptions.statements(),
    )
    return desk, market


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


def _recorded(desk: Desk, data: Path) -> Iterator[MarketEvent]:
    """Give the desk's recordings on one clock, warm-up to end, with assumptions between.

    Raises
    ------
    DeskRejected
        If the desk names no recording, or a folder it names is not below `data`.
    RecordingRejected
        While iterating, if a file holds what cannot be.
    """
    parts = desk.recording
    folders = _folders(desk, data)
    start_ns, end_ns = desk.start_ns - desk.warmup_ns, desk.end_ns + 1
    coins = sorted(desk.movers)
    symbols = [f"{coin}USDT" for coin in coins]
    streams: list[Iterator[MarketEvent]] = []
    if parts.perpetuals is not None:
        folder = folders[parts.perpetuals]
        streams.append(read_perpetuals(folder, start_ns=start_ns, end_ns=end_ns, symbols=symbols))
    if parts.spot is not None:
        folder = folders[parts.spot]
        streams.append(read_spot(folder, start_ns=start_ns, end_ns=end_ns, symbols=symbols))
    if parts.books is not None:
        folder = folders[parts.books]
        perpetuals = sorted(desk.movers.values())
        streams.append(
            read_books(folder, start_ns=start_ns, end_ns=end_ns, instrument_ids=perpetuals)
        )
    if parts.funding is not None:
        folder = folders[parts.funding]
        streams.append(read_funding(folder, start_ns=start_ns, end_ns=end_ns, underlyings=coins))
    if parts.oracle_rounds is not None:
        folder = folders[parts.oracle_rounds]
        streams.append(read_oracle_rounds(folder, start_ns=start_ns, end_ns=end_ns))
    if parts.dated_futures is not None:
        folder = folders[parts.dated_futures]
        streams.append(
            read_dated_futures(folder, start_ns=start_ns, end_ns=end_ns, underlyings=coins)
        )
    if parts.options is not None:
        folder = folders[parts.options]
        streams.append(read_chains(folder, start_ns=start_ns, end_ns=end_ns, underlyings=coins))
    return with_assumptions(merge(*streams), desk.assumptions)


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

"""Damage the files that hedgerow reads, byte by byte: each is read, or refused in words.

Rulebooks, desk files, journals, recordings and chain tables are made whole, then cut, overwritten,
shuffled and sprinkled with what breaks parsers. A reader may give what it can or raise one of the
package's own errors; any other exception is a failure, and so is a journal that passes for one it
is not. The damaged file is kept in the folder, and the same seed makes it again.

Run ``python -m tools.fuzz --seed 7``; `make soak` takes one seed after another.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hedgerow.app.desk import load_desk
from hedgerow.app.rulebooks import named_rulebook, packaged_rulebooks
from hedgerow.errors import HedgerowError, JournalRejected
from hedgerow.execution import Header, Journal, read, verify
from hedgerow.venues.recordings import read_chains, read_funding, read_perpetuals
from tests.rooms.venues.made import EVER, chain, funding, perpetual

ROOT = Path(__file__).resolve().parent.parent
RULEBOOKS = ROOT / "src" / "hedgerow" / "margin" / "rulebooks"
# What parsers trip over: numbers that are none, ends of things, deep nesting, other alphabets.
NASTY = (
    b"nan", b"-inf", b"1e999", b"-0", b"0x1p3", b"9" * 400, b"1e-400", b"", b"\x00", b"\xff\xfe",
    b"'''", b'"""', b"]", b"[[", b"}", b"=", b"\n", b"\r", b"#", b"\\u0000", b"[" * 3000,
    b"{a=" * 1500, "\u0663".encode(), "\u202e".encode(), b"\xf0\x9f", b"2026-13-45", b"true",
)  # fmt: skip


class Reader(NamedTuple):
    """How one kind of file is made whole, by a seed, and how it is read.

    `read` gets the file and what `make` gave, which is what must be known to judge the reading.
    """

    name: str
    make: Callable[[Path, int], str]
    read: Callable[[Path, str], None]


class Wrong(Exception):
    """Something was read that is not what was written."""


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """Damage some bytes in one to four places, or in more until something has changed."""
    content = bytearray(whole)
    places = int(rng.integers(1, 5))
    while places > 0 or content == whole:
        places -= 1
        size = len(content)
        at = int(rng.integers(size + 1))
        length = int(min(rng.geometric(0.02), size - at))
        match int(rng.integers(7)):
            case 0:
                del content[at:]
            case 1:
                del content[at : at + length]
            case 2:
                content[at : at + length] = rng.bytes(length)
            case 3:
                content[at:at] = content[at : at + length]
            case 4 if at < size:
                content[at] ^= 1 << int(rng.integers(8))
            case 5:
                other = int(rng.integers(size + 1))
                content[at:at] = content[other : other + length]
            case _:
                content[at : at + length] = NASTY[int(rng.integers(len(NASTY)))]
    return bytes(content)


# --- the readers ---------------------------------------------------------------------------------


def make_rulebook(path: Path, seed: int) -> str:
    """Take one of the packaged rulebooks."""
    names = sorted(packaged_rulebooks())
    name = names[seed % len(names)]
    path.write_bytes((RULEBOOKS / f"{name}.toml").read_bytes())
    return name


def read_rulebook(path: Path, _: str) -> None:
    """Read it as `--rulebook FILE` does."""
    named_rulebook(str(path))


def make_desk(path: Path, seed: int) -> str:
    """Take one of the examples; a folder of rulebooks it names stays where it is."""
    files = sorted((ROOT / "examples").glob("*.toml"))
    chosen = files[seed % len(files)]
    text = chosen.read_text(encoding="utf-8")
    folder = f'rulebooks = "{chosen.parent.as_posix()}/'
    path.write_text(text.replace('rulebooks = "', folder), encoding="utf-8")
    return ""


def read_desk(path: Path, _: str) -> None:
    """Read a desk, all of it."""
    load_desk(path)


def make_journal(path: Path, seed: int) -> str:
    """Write a journal of some rows; its head is what must be known."""
    header = Header(
        desk_digest="0" * 64,
        rulebooks_digest="0" * 64,
        data_name="made",
        data_digest="0" * 64,
        seed=seed,
        mode="auto",
    )
    with Journal.create(path, header) as journal:
        for n in range(40):
            journal.append("observed", n, {"frame": {"n": n, "text": "x" * (n * 7 % 50)}})
        journal.append("end", 40, {"frames_count": 40})
        return journal.head


def read_journal(path: Path, head: str) -> None:
    """Verify it against its head and open it for writing; what passes must be whole."""
    try:
        found = verify(path, anchor=head)
    except JournalRejected:
        with suppress(JournalRejected), Journal.open(path):
            pass
        raise
    rows = list(read(path))
    if found.rows_count != 42 or [row.time_ns for row in rows[1:41]] != list(range(40)):
        raise Wrong(f"{found.rows_count} rows passed through a head that 42 made")
    with Journal.open(path) as journal:
        if journal.head != head:
            raise Wrong("a journal that verifies is opened at another head")


def make_perpetuals(path: Path, seed: int) -> str:
    """Write candles."""
    perpetual(seed=seed, candles=60).write_parquet(path)
    return ""


def read_candles(path: Path, _: str) -> None:
    """Read all candles."""
    list(read_perpetuals(path.parent, symbols=("BTCUSDT", "ETHUSDT"), **EVER))


def make_funding(path: Path, seed: int) -> str:
    """Write settlements."""
    funding(seed=seed).write_parquet(path)
    return ""


def read_settlements(path: Path, _: str) -> None:
    """Read all settlements."""
    list(read_funding(path.parent, underlyings=("BTC", "ETH"), **EVER))


def make_chain(path: Path, seed: int) -> str:
    """Write option chains."""
    chain(seed=seed).write_parquet(path)
    return ""


def read_options(path: Path, _: str) -> None:
    """Read all chains."""
    list(read_chains(path.parent, underlyings=("BTC", "ETH"), **EVER))


READERS = {
    "rulebook.toml": Reader("rulebook", make_rulebook, read_rulebook),
    "desk.toml": Reader("desk file", make_desk, read_desk),
    "journal.db": Reader("journal", make_journal, read_journal),
    "trade_15m.parquet": Reader("candles", make_perpetuals, read_candles),
    "funding_history.parquet": Reader("funding", make_funding, read_settlements),
    "chain_202602.parquet": Reader("chain table", make_chain, read_options),
}


def one_seed(seed: int, rounds: int, folder: Path) -> dict[str, int]:
    """Damage every kind of file `rounds` times; how many of each were refused.

    Raises
    ------
    Wrong
        On the first failure; the message names reader, seed and round, and where the file is kept.
    """
    refused = {}
    for n, (file, reader) in enumerate(READERS.items()):
        place = folder / reader.name.replace(" ", "-")
        place.mkdir(parents=True)
        path = place / file
        known = reader.make(path, seed)
        reader.read(path, known)  # whole, it must be read
        whole = path.read_bytes()
        count = 0
        for round_ in range(rounds):
            for beside in place.iterdir():
                beside.unlink()
            path.write_bytes(damaged(whole, np.random.default_rng((seed, n, round_))))
            try:
                reader.read(path, known)
            except HedgerowError:
                count += 1
            except Exception as error:
                told = (
                    f"{reader.name}, seed {seed}, round {round_}: {type(error).__name__}: {error}"
                )
                raise Wrong(f"{told[:300]}; the file is {path}") from error
        refused[reader.name] = count
    return refused


def main(arguments: Sequence[str] | None = None) -> int:
    """Damage files, and say what came of it."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--rounds", type=int, default=50, help="damages of each kind of file (50)")
    options.add_argument(
        "--folder", type=Path, help="where files are kept; a temporary one if none"
    )
    chosen = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as spare:
        try:
            refused = one_seed(chosen.seed, chosen.rounds, chosen.folder or Path(spare))
        except Wrong as wrong:
            print(" ".join(str(wrong).split()), file=sys.stderr)
            return 1
    print(", ".join(f"{name} {count}/{chosen.rounds}" for name, count in refused.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())

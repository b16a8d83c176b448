"""A file damaged in any way is refused with its name, or read; nothing else leaves the reader."""

from pathlib import Path

import numpy as np
import pytest

from hedgerow.errors import RecordingRejected
from hedgerow.venues.recordings import read_perpetuals
from tests.rooms.venues.made import EVER, file, perpetual

NAME = "trade_15m.parquet"


def damaged(whole: bytes, seed: int) -> bytes:
    """Cut the file short, or overwrite up to twenty of its bytes."""
    rng = np.random.default_rng(seed)
    if seed % 3 == 0:
        return whole[: int(rng.integers(len(whole)))]
    content = bytearray(whole)
    for _ in range(int(rng.choice((1, 3, 20)))):
        content[rng.integers(len(content))] = rng.integers(256)
    return bytes(content)


@pytest.mark.slow
def test_damage_is_refused_with_the_name_of_the_file(tmp_path: Path) -> None:
    file(tmp_path, NAME, perpetual(candles=200))
    whole = (tmp_path / NAME).read_bytes()
    refusals = []
    for seed in range(300):
        (tmp_path / NAME).write_bytes(damaged(whole, seed))
        try:
            list(read_perpetuals(tmp_path, symbols=["BTCUSDT", "ETHUSDT"], **EVER))
        except RecordingRejected as error:
            refusals.append(str(error))
    assert [text for text in refusals if NAME not in text] == []
    assert len(refusals) > 200  # the rest hit a byte that changes a digit, or nothing that is read

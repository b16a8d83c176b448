"""What the tests of this room share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hedgerow.execution import Header, Journal
from tests.rooms.execution.writing import HEADER


@pytest.fixture
def header() -> Header:
    return HEADER


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal.create(path, HEADER) as journal:
        yield journal

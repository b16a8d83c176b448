"""``hedgerow surface`` fits, shows and checks chains, and says what it left out."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from hedgerow.simulation.smile import option_name
from hedgerow.units import DAY_NS, parse_ns

START_NS = parse_ns("2026-02-01T04:00:00")
FORWARD = 78_000.0


def ask(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hedgerow", "surface", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two snapshots of one coin: a smile that SVI can follow, and one expiry with four strikes."""
    folder = tmp_path_factory.mktemp("chains")
    rows = []
    for time_ns in (START_NS, START_NS + DAY_NS // 4):
        for day, strikes in (("2026-02-13", 21), ("2026-03-27", 21), ("2026-04-24", 4)):
            expiry_ns = parse_ns(f"{day}T08:00:00")
            years = (expiry_ns - time_ns) / (365 * DAY_NS)
            deviation = 0.5 * np.sqrt(years)
            for z in np.linspace(-2.5, 2.5, strikes):
                strike = round(FORWARD * float(np.exp(z * deviation)), -1)
                k = np.log(strike / FORWARD) / deviation
                vol = 0.5 * float(np.sqrt(0.8 - 0.06 * k + 0.2 * np.sqrt(k * k + 1.0)))
                rows += [
                    {
                        "ts": time_ns, "currency": "BTC", "expiry": expiry_ns, "strike": strike,
                        "instrument_name": option_name("BTC", expiry_ns, int(strike), right),
                        "cp": right, "bid_price": 0.01, "ask_price": 0.011, "mark_price": 0.0105,
                        "underlying_price": FORWARD, "index_price": FORWARD, "mark_iv": vol,
                        "delta": 0.5, "vega": 10.0,
                    }
                    for right in ("C", "P")
                ]  # fmt: skip
    moment = pl.Datetime("ms", "UTC")
    table = pl.DataFrame(rows).with_columns(
        *((pl.col(name) // 1_000_000).cast(moment) for name in ("ts", "expiry"))
    )
    table.write_parquet(folder / "chain_202602.parquet")
    return folder


def test_fit_lists_every_chain_and_what_was_left_out(chains: Path) -> None:
    done = ask("fit", "--chains", str(chains), folder=chains)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("2 of 3 accepted") == 2
    assert done.stdout.count("BTC 2026-04-24: too few quotes: 4 strikes") == 2
    told = json.loads(ask("fit", "--chains", str(chains), "--json", folder=chains).stdout)
    assert told["totals"]["accepted_count"] == 4
    assert [each["time"] for each in told["surfaces"]] == [
        "2026-02-01T04:00:00Z",
        "2026-02-01T10:00:00Z",
    ]
    thinned = json.loads(
        ask("fit", "--chains", str(chains), "--every", "2", "--json", folder=chains).stdout
    )
    assert thinned["totals"]["chains_count"] == 1


def test_check_fails_where_too_few_are_accepted(chains: Path) -> None:
    done = ask("check", "--chains", str(chains), "--json", folder=chains)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["butterflies_count"], told["calendars_count"]) == (0, 0)
    assert told["misses"] == ["66.67% accepted, the bar is 95%"]


def test_show_prints_a_slice_and_plots_it(chains: Path, tmp_path: Path) -> None:
    words = ("show", "--chains", str(chains), "--at", "2026-02-01T12:00:00Z")
    done = ask(*words, "--plot", "smiles.svg", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2026-02-01 10:00" in done.stdout
    drawing = ElementTree.parse(tmp_path / "smiles.svg").getroot()
    name = "{http://www.w3.org/2000/svg}"
    assert len(drawing.findall(f".//{name}polyline")) == 2
    assert len(drawing.findall(f".//{name}g")) == 3
    told = json.loads(ask(*words, "--json", folder=tmp_path).stdout)
    (surface,) = told["surfaces"]
    first = surface["smiles"][0]
    assert first["vol_at_money_frac"] == pytest.approx(0.5, abs=2e-3)
    svi = first["svi"]
    at_money = svi["a"] + svi["b"] * (
        -svi["rho"] * svi["m"] + (svi["m"] ** 2 + svi["s"] ** 2) ** 0.5
    )
    assert at_money == pytest.approx(first["vol_at_money_frac"] ** 2 * first["expiry_years"])


def test_a_coin_that_is_not_there_is_refused_with_those_that_are(chains: Path) -> None:
    done = ask("show", "--chains", str(chains), "--coin", "ETH", folder=chains)
    assert done.returncode == 2
    assert "no chain of ETH; there are BTC" in done.stderr


def test_a_folder_without_chains_is_refused(tmp_path: Path) -> None:
    assert ask("show", "--chains", ".", folder=tmp_path).returncode == 2
    (tmp_path / "chain_1.parquet").write_bytes(b"no table")
    assert ask("show", "--chains", ".", folder=tmp_path).returncode == 2


def test_the_embedded_desk_has_smiles(tmp_path: Path) -> None:
    told = json.loads(ask("show", "--json", folder=tmp_path).stdout)
    assert told["surfaces"][0]["smiles"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "--chains", "nowhere"), "no folder nowhere"),
        (("show", "--chains", ".", "--seed", "3"), "stands alone"),
        (("show", "--at", "noon"), "write a time"),
        (("show", "--at", "1999-01-01"), "no option chain at or before"),
        (("show", "--coin", "XYZ"), "no option chain here"),
        (("fit", "--every", "0"), "must be 1 or more"),
    ],
)
def test_what_cannot_be_is_refused(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = ask(*words, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr

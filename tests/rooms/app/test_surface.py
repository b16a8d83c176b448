"""``hedgerow surface`` fits, shows and checks chains, and says what it left out."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from hedgerow.app.chain_request import ChainSource
from hedgerow.app.chain_source import standing
from hedgerow.pricing import value_usd
from hedgerow.simulation.smile import option_name
from hedgerow.units import DAY_NS, parse_ns
from tests.rooms.app.made import Answer, hedgerow, hedgerow_here, morning

START_NS = parse_ns("2026-02-01T04:00:00")
FORWARD = 78_000.0


def ask(*words: str, folder: Path) -> Answer:
    return hedgerow_here("surface", *words, cwd=folder)


def worth_usd(strike: float, vol: float, years: float, *, is_call: bool) -> float:
    one = np.ones(1)
    return float(
        value_usd(FORWARD * one, strike * one, vol * one, years * one, np.full(1, is_call))[0]
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
                worth = {
                    right: worth_usd(strike, vol, years, is_call=right == "C") / FORWARD
                    for right in ("C", "P")
                }
                rows += [
                    {
                        "ts": time_ns, "currency": "BTC", "expiry": expiry_ns, "strike": strike,
                        "instrument_name": option_name("BTC", expiry_ns, int(strike), right),
                        "cp": right, "bid_price": None if z == -2.5 else 0.99 * worth[right],
                        "ask_price": 1.01 * worth[right], "mark_price": worth[right],
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
    assert done.code == 0, done.err
    assert done.out.count("2 of 3 accepted") == 2
    assert done.out.count("BTC 2026-04-24: too few quotes: 4 strikes") == 2
    told = json.loads(ask("fit", "--chains", str(chains), "--json", folder=chains).out)
    assert told["totals"]["accepted_count"] == 4
    assert [each["time"] for each in told["surfaces"]] == [
        "2026-02-01T04:00:00Z",
        "2026-02-01T10:00:00Z",
    ]
    thinned = json.loads(
        ask("fit", "--chains", str(chains), "--every", "2", "--json", folder=chains).out
    )
    assert thinned["totals"]["chains_count"] == 1


def test_without_a_time_the_last_chain_of_a_file_stands_with_those_before_it(chains: Path) -> None:
    source = ChainSource(desk=None, data=None, chains=chains, coin=None, seed=None)
    at_ns, (past,) = standing(source, None, with_futures=False)
    assert at_ns == START_NS + DAY_NS // 4
    assert [each.time_ns for each in past] == [START_NS, at_ns]


def test_check_fails_where_too_few_are_accepted(chains: Path) -> None:
    done = ask("check", "--chains", str(chains), "--json", folder=chains)
    assert done.code == 1
    told = json.loads(done.out)
    assert (told["butterflies_count"], told["calendars_count"]) == (0, 0)
    assert told["misses"] == ["66.67 % accepted, the bar is 95 %"]
    plain = ask("check", "--chains", str(chains), "--every", "2", folder=chains)
    assert plain.out.startswith("1 chain\n")
    plain = ask("check", "--chains", str(chains), folder=chains)
    assert plain.err == "exit 1: 66.67 % accepted, the bar is 95 %\n"


def test_show_prints_a_slice_and_plots_it(chains: Path, tmp_path: Path) -> None:
    words = ("show", "--chains", str(chains), "--at", "2026-02-01T12:00:00Z")
    done = ask(*words, "--plot", "smiles.svg", folder=tmp_path)
    assert done.code == 0, done.err
    assert "2026-02-01 10:00" in done.out
    drawing = ElementTree.parse(tmp_path / "smiles.svg").getroot()
    name = "{http://www.w3.org/2000/svg}"
    assert len(drawing.findall(f".//{name}polyline")) == 2
    assert len(drawing.findall(f".//{name}g")) == 3
    told = json.loads(ask(*words, "--json", folder=tmp_path).out)
    (surface,) = told["surfaces"]
    first = surface["smiles"][0]
    assert first["vol_at_money_frac"] == pytest.approx(0.5, abs=2e-3)
    svi = first["svi"]
    at_money = svi["a"] + svi["b"] * (
        -svi["rho"] * svi["m"] + (svi["m"] ** 2 + svi["s"] ** 2) ** 0.5
    )
    assert at_money == pytest.approx(first["vol_at_money_frac"] ** 2 * first["expiry_years"])


def test_fit_plots_the_last_chain_that_it_fitted(chains: Path, tmp_path: Path) -> None:
    words = ("--chains", str(chains), "--at")
    done = ask("fit", *words, "2026-02-01", "--plot", "fit.svg", folder=tmp_path)
    assert done.code == 0, done.err
    assert done.out.endswith("plot fit.svg written\n")
    ask("show", *words, "2026-02-01T10:00:00Z", "--plot", "show.svg", folder=tmp_path)
    assert (tmp_path / "fit.svg").read_bytes() == (tmp_path / "show.svg").read_bytes()
    done = ask("fit", *words, "2026-02-01", "--plot", "fit.svg", "--json", folder=tmp_path)
    assert len(json.loads(done.out)["surfaces"]) == 2
    assert done.err == "plot fit.svg written, in place of an earlier one\n"
    for path, why in (("fit.png", "a drawing is SVG"), ("no/a.svg", "there is no folder no")):
        done = ask("fit", *words, "2026-02-01", "--plot", path, folder=tmp_path)
        assert (done.code, done.out) == (2, "")
        assert f"--plot {path}: {why}" in done.err


def test_a_chain_stands_for_a_day_at_most_and_its_age_is_said(chains: Path) -> None:
    words = ("show", "--chains", str(chains))
    late = ask(*words, "--at", "2300-01-01", folder=chains)
    assert (late.code, late.out) == (2, "")
    assert "is of 2026-02-01T10:00:00Z, 1" in late.err
    assert "days older, and none follows" in late.err
    early = ask(*words, "--at", "2026-02-01", folder=chains)
    assert early.code == 2
    assert "no option chain at or before 2026-02-01T00:00:00Z; the first is of " in early.err
    day = ask(*words, "--at", "2026-02-02", folder=chains)
    assert (
        "BTC: the last chain at or before 2026-02-02T00:00:00Z is of 2026-02-01T10:00:00Z, "
        "14 hours older."
    ) in " ".join(day.out.split())
    told = json.loads(ask(*words, "--at", "2026-02-02", "--json", folder=chains).out)
    assert (told["at"], told["surfaces"][0]["age_seconds"]) == ("2026-02-02T00:00:00Z", 14 * 3600)


def test_one_day_or_one_chain_can_be_judged(chains: Path) -> None:
    def times(*words: str) -> list[str]:
        done = ask("fit", "--chains", str(chains), "--json", *words, folder=chains)
        assert done.code == 0, done.err
        return [each["time"][11:16] for each in json.loads(done.out)["surfaces"]]

    assert times("--at", "2026-02-01") == ["04:00", "10:00"]
    assert times("--at", "2026-02-01T09:59:00Z") == ["04:00"]
    assert times("--from-time", "2026-02-01T04:00:01Z") == ["10:00"]
    assert times("--to-time", "2026-02-01T10:00:00Z") == ["04:00"]
    done = ask("fit", "--chains", str(chains), "--at", "2026-02-03", folder=chains)
    assert done.code == 2
    assert "no option chain here on 2026-02-03" in done.err


@pytest.mark.slow
def test_quotes_themselves_are_looked_at_where_a_day_is_judged(
    chains: Path, tmp_path: Path
) -> None:
    words = ("check", "--chains", str(chains))
    assert "judged are the fits" in ask(*words, folder=chains).out
    done = ask(*words, "--at", "2026-02-01", folder=chains)
    assert "in the quotes themselves: 0 butterflies" in done.out
    told = json.loads(ask(*words, "--at", "2026-02-01", "--json", folder=chains).out)
    assert (told["quoted_butterflies"], told["quoted_calendars"]) == ([], [])
    table = pl.read_parquet(chains / "chain_202602.parquet")
    later = pl.col("expiry") == pl.col("expiry").unique().sort().get(1)
    name = table.filter((pl.col("cp") == "C") & later)["instrument_name"][10]
    cheap = pl.col("instrument_name") == name
    table.with_columns(
        pl.when(cheap).then(2 * pl.col("bid_price")).otherwise("bid_price").alias("bid_price"),
        pl.when(cheap).then(2 * pl.col("ask_price")).otherwise("ask_price").alias("ask_price"),
        pl.when(later).then(0.5 * pl.col("mark_iv")).otherwise("mark_iv").alias("mark_iv"),
    ).write_parquet(tmp_path / "chain_202602.parquet")
    moment = ("--at", "2026-02-01T04:00:00Z", "--json")
    told = json.loads(ask("check", "--chains", str(tmp_path), *moment, folder=tmp_path).out)
    strike = name.split("-")[2]
    assert any(strike in each and "middle one" in each for each in told["quoted_butterflies"])
    (crossing,) = told["quoted_calendars"]
    assert "BTC 2026-03-27: its marks have less total variance than those of BTC" in crossing


def test_a_desk_is_shown_at_its_start(tmp_path: Path) -> None:
    words = morning(tmp_path)
    done = ask("show", *words, "--json", folder=tmp_path)
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["at"] == "2026-02-01T05:00:00Z"
    assert told["surfaces"][0]["time"] == "2026-02-01T02:30:00Z"


def shown(chains: Path, *words: str, folder: Path) -> dict[str, Any]:
    """The one surface that ``show`` gives, as JSON."""
    done = ask("show", "--chains", str(chains), "--json", *words, folder=folder)
    assert done.code == 0, done.err
    (surface,) = json.loads(done.out)["surfaces"]
    found: dict[str, Any] = surface
    return found


def test_the_model_is_chosen_and_named(chains: Path, tmp_path: Path) -> None:
    for model in ("svi", "essvi"):
        surface = shown(chains, "--model", model, folder=tmp_path)
        assert {smile["model"] for smile in surface["smiles"]} == {model}


def test_mids_are_fitted_behind_gates_that_are_counted(chains: Path, tmp_path: Path) -> None:
    words = ("--from", "mid", "--forwards", "parity")
    surface = shown(chains, *words, folder=tmp_path)
    for smile in surface["smiles"]:
        assert smile["forward_source"] == "parity"
        assert smile["forward_venue_usd"] == FORWARD
        assert smile["forward_usd"] == pytest.approx(FORWARD, rel=1e-9)
        assert smile["error_mark_volpt"] < 0.3
        assert smile["vol_at_money_frac"] == pytest.approx(0.5, abs=5e-3)
    assert surface["gated"]["BTC 2026-02-13"] == {"no_bid": 1}
    done = ask("show", "--chains", str(chains), *words, "--plot", "x.svg", folder=tmp_path)
    assert "no bid" in done.out
    assert "parity" in done.out
    drawing = ElementTree.parse(tmp_path / "x.svg").getroot()
    assert drawing.findall(".//{http://www.w3.org/2000/svg}path[@class='x']")
    told = ask("check", "--chains", str(chains), "--json", *words, folder=tmp_path)
    assert json.loads(told.out)["gated_counts"]["no_bid"] == 6


def test_deltas_name_their_regime_and_say_what_is_unknown(chains: Path, tmp_path: Path) -> None:
    surface = shown(chains, "--deltas", folder=tmp_path)
    for smile in surface["smiles"]:
        assert "0 changes" in smile["minimum_variance_unknown"]["message"]
        for row in smile["deltas"]:
            assert set(row["delta_forward_frac"]) == {"sticky_strike", "sticky_moneyness"}
    done = ask("show", "--chains", str(chains), "--deltas", folder=tmp_path)
    assert "sticky moneyness" in done.out
    assert "The minimum variance delta is unknown: 0 changes" in done.out


def test_an_event_is_shown_with_the_vols_around_it(chains: Path, tmp_path: Path) -> None:
    at = ("--at", "2026-02-01T04:00:00Z")
    surface = shown(chains, "--event", "2026-03-01T19:00:00Z=0.0009", *at, folder=tmp_path)
    (event,) = surface["events"]
    years = (parse_ns("2026-03-01T19:00:00") - START_NS) / (365 * DAY_NS)
    jump = (event["vol_from_frac"] ** 2 - event["vol_before_frac"] ** 2) * years
    assert jump == pytest.approx(0.0009, abs=1e-6)
    done = ask(
        "show", "--chains", str(chains), "--event", "2026-03-01T19:00:00Z=0.034", folder=tmp_path
    )
    assert done.code == 2
    assert "less variance than BTC 2026-02-13" in done.err


@pytest.mark.parametrize("moment", ["2026-02-01T03:59:00Z", "2026-02-01T04:00:00Z", "2030-01-01"])
def test_an_event_outside_the_surface_is_refused(chains: Path, moment: str, tmp_path: Path) -> None:
    words = ("--at", "2026-02-01T04:00:00Z", "--event", f"{moment}=0.0009")
    done = ask("show", "--chains", str(chains), *words, folder=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "lies outside the surface of BTC" in done.err
    assert "2026-02-01T04:00:00Z and up to its last expiry accepted, 2026-03-27" in done.err


def test_the_example_in_a_hint_works(tmp_path: Path) -> None:
    said = ask("show", "--event", "tomorrow", folder=tmp_path).err
    example = said.split("such as ")[1].split(" for")[0]
    done = ask("show", "--event", example, "--json", folder=tmp_path)
    assert done.code == 0, done.err
    assert [len(each["events"]) for each in json.loads(done.out)["surfaces"] if each["events"]]


def test_a_table_of_smiles_explains_its_words(chains: Path, tmp_path: Path) -> None:
    words = " ".join(ask("show", "--chains", str(chains), folder=tmp_path).out.split())
    for part in ("Least g is the least of Gatheral's g", "Repair is what a slice needed"):
        assert part in words


def test_a_coin_that_is_not_there_is_refused_with_those_that_are(chains: Path) -> None:
    done = ask("show", "--chains", str(chains), "--coin", "ETH", folder=chains)
    assert done.code == 2
    assert "no chain of ETH; there are BTC" in done.err


def test_a_folder_without_chains_is_refused(tmp_path: Path) -> None:
    assert ask("show", "--chains", ".", folder=tmp_path).code == 2
    (tmp_path / "chain_1.parquet").write_bytes(b"no table")
    assert ask("show", "--chains", ".", folder=tmp_path).code == 2


@pytest.mark.slow
def test_the_embedded_desk_has_smiles(tmp_path: Path) -> None:
    told = hedgerow("surface", "show", "--json", cwd=tmp_path).json()
    assert told["surfaces"][0]["smiles"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "--chains", "nowhere"), "no folder nowhere"),
        (("show", "--chains", ".", "--seed", "3"), "stands alone"),
        (("show", "--at", "noon"), "write a time"),
        (("show", "--at", "1999-01-01"), "lies outside the desk's window, 20"),
        (("show", "--at", "2300-01-01"), "lies outside the desk's window, 20"),
        (("check", "--at", "2026-01-01", "--to-time", "2026-01-02"), "leave it out beside"),
        (("fit", "--from-time", "2026-01-02", "--to-time", "2026-01-01"), "must be later than"),
        (("fit", "--at", "1999-01-01"), "no option chain here on 1999-01-01"),
        (("show", "--coin", "XYZ"), "no option chain of XYZ here"),
        (("fit", "--every", "0"), "must be 1 or more"),
        (("show", "--event", "tomorrow"), "write a time and a positive variance"),
        (("show", "--event", "2026-03-01=-1"), "write a time and a positive variance"),
        (("show", "--model", "heston"), "heston"),
        (("show", "--forwards", "none"), "none"),
    ],
)
def test_what_cannot_be_is_refused(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = ask(*words, folder=tmp_path)
    assert done.code == 2
    assert message in done.err

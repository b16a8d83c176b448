"""The page: safe, self-contained, the same bytes every time, and true to the summary."""

import re
import shutil
import subprocess
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from hedgerow.planning import Order
from hedgerow.reporting import daily, report_html, summary
from hedgerow.reporting.charts import chart_html
from hedgerow.reporting.figures import usd
from hedgerow.reporting.headline import DAILY_HEAD, daily_texts, headlines
from hedgerow.reporting.panels import account_charts, desk_chart
from hedgerow.reporting.shapes import Mark
from hedgerow.simulation import Episode, Undone
from tests.builders import exposure_row
from tests.rooms.reporting.sample import sample

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def pair() -> tuple[Episode, Episode]:
    return sample(helped=False), sample(helped=True)


def render(episodes: tuple[Episode, ...], title: str = "Desk carry") -> str:
    return report_html(episodes, title=title, journal_head="ab12" * 16, meta={"Seed": "7"})


@pytest.fixture(scope="module")
def page(pair: tuple[Episode, Episode]) -> str:
    return render(pair)


class Outline(HTMLParser):
    """Collects what a browser would act on, and checks that tags are closed in order."""

    VOID = frozenset({"meta", "link", "br", "img", "path"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: list[str] = []
        self.scripts: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        (self.scripts if self.open and self.open[-1] == "script" else self.text).append(data)


def outline(text: str) -> Outline:
    parser = Outline()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return parser


def test_same_episodes_same_bytes(page: str) -> None:
    assert render((sample(helped=False), sample(helped=True))) == page


def test_markup_is_well_formed_and_ids_are_unique(page: str) -> None:
    ids = outline(page).ids
    assert len(ids) == len(set(ids))


def test_every_link_leads_somewhere_on_the_page(page: str) -> None:
    seen = outline(page)
    links = {value for _, name, value in seen.attributes if name == "href"} - {"data:,"}
    assert links
    assert {link[1:] for link in links} <= set(seen.ids)
    assert all(link.startswith("#") for link in links)


def test_nothing_reaches_outside(page: str) -> None:
    for reach in ("http://", "https://", "//", "url(", "@import", "fetch(", "XMLHttp", "WebSocket"):
        found = [line for line in page.splitlines() if reach in line]
        # A comment of the script may begin with two strokes; nothing else may.
        assert [
            line for line in found if not (reach == "//" and line.lstrip().startswith("// "))
        ] == []
    assert not re.search(r"\bsrc\s*=", page)
    assert "default-src 'none'" in page


def attacked(episode: Episode) -> Episode:
    """Replace every text that a venue, a desk file or a rulebook may have written."""
    actions = tuple(
        msgspec.structs.replace(
            action,
            message=ATTACK,
            status=ATTACK,
            leg=msgspec.structs.replace(
                action.leg,
                reason=ATTACK,
                **({"instrument_id": ATTACK, "account_id": ATTACK}
                   if isinstance(action.leg, Order) else {"asset": ATTACK}),
            ),
        )
        for action in episode.actions
    )  # fmt: skip
    frames = tuple(
        msgspec.structs.replace(
            frame,
            prices_usd={ATTACK: 1.0 + n},
            exposures={ATTACK: exposure_row(f"coin/{ATTACK}", delta_spot_usd=1.0)},
            accounts=tuple(
                msgspec.structs.replace(
                    account, account_id=ATTACK, venue=ATTACK, currency=ATTACK, confidence=ATTACK
                )
                for account in frame.accounts[:1]
            ),
            limits=tuple(
                msgspec.structs.replace(state, node=ATTACK, message=ATTACK)
                for state in frame.limits
            ),
            missing=(ATTACK,),
        )
        for n, frame in enumerate(episode.frames)
    )
    return msgspec.structs.replace(
        episode, name=ATTACK, frames=frames, actions=actions, alerts=(ATTACK,),
        assumptions=(ATTACK,),
        liquidations=tuple(
            msgspec.structs.replace(each, account_id=ATTACK, venue=ATTACK, message=ATTACK)
            for each in episode.liquidations
        ),
    )  # fmt: skip


def test_foreign_text_stays_text(pair: tuple[Episode, Episode]) -> None:
    text = report_html(
        [attacked(episode) for episode in pair], title=ATTACK, journal_head=ATTACK,
        meta={ATTACK: ATTACK},
    )  # fmt: skip
    assert ATTACK not in text
    assert escape(ATTACK) in text
    seen = outline(text)
    assert not [tag for tag, _, _ in seen.attributes if tag == "img"]
    assert not [name for _, name, _ in seen.attributes if name.startswith("on")]
    assert not [script for script in seen.scripts if "alert" in script]


def test_the_numbers_are_those_of_the_summary(page: str, pair: tuple[Episode, Episode]) -> None:
    rows = [summary(episode) for episode in pair]
    words = outline(page).text
    for row in rows:
        assert usd(row.equity_end_usd) in words
        assert usd(row.pnl_usd, sign=True) in words
        assert row.verdict in words
    for headline in headlines(rows):
        cells = "".join(f"<td[^>]*>{re.escape(escape(text))}</td>" for text in headline.texts)
        assert re.search(cells, page), headline
    for episode in pair:
        assert len(daily_texts(episode)) == len(daily(episode)) + 1
        for first, *texts in daily_texts(episode):
            rest = [t for t, (name, _) in zip(texts, DAILY_HEAD[1:], strict=True)
                    if name != "Proposals"]  # fmt: skip
            cells = "".join(f"<td[^>]*>{re.escape(escape(text))}</td>" for text in rest)
            assert re.search(rf">{first}</th>{cells}", page), (first, rest)


def test_every_action_has_a_row_and_a_mark(page: str, pair: tuple[Episode, Episode]) -> None:
    for n in range(1, len(pair[1].actions) + 1):
        assert f'id="e1a{n}"' in page
    assert 'class="mark hedge"' in page
    assert 'class="mark transfer"' in page
    assert 'class="mark liquidation"' in page


def test_unknown_is_said_and_drawn_as_a_gap(page: str) -> None:
    assert 'class="span unknown"' in page
    assert ">unknown</td>" in page  # the tables under the charts
    drawn = re.search(r'class="line with" data-line="1-0" data-run="with" d="([^"]*)"', page)
    assert drawn is not None
    assert drawn[1].count("M") == 2  # the pen is lifted once, over the unknown stretch


def test_no_move_in_range_is_not_called_unknown(pair: tuple[Episode, Episode]) -> None:
    row = next(row for row in account_charts(pair, "perp-1", "x") if "distance" in row[1].chart_id)
    rise = row[1].groups[0].lines[0]
    assert {rise.text(at, 1, "") for at in range(len(rise.values))} == {"unknown", "none in range"}
    text = chart_html(row[1])
    assert "<td>none in range</td>" in text
    assert "<td>unknown</td>" in text
    assert "false,null" in text
    assert "null,false" in text


def test_only_who_survived_is_green(pair: tuple[Episode, Episode]) -> None:
    text = render(pair)
    assert 'class="card liquidated"' in text
    assert 'class="card unknown"' in text  # twelve hours nobody could judge
    assert "survived</span>" not in text


def test_the_page_lists_limits_broken_and_things_undone(pair: tuple[Episode, Episode]) -> None:
    undone = Undone(subject=ATTACK, message=ATTACK, first_ns=0, last_ns=0, steps_count=3)
    frames = list(pair[1].frames)
    state = msgspec.structs.replace(frames[5].limits[1], rung="hard")
    frames[5] = msgspec.structs.replace(frames[5], limits=(state,))
    text = render((msgspec.structs.replace(pair[1], frames=tuple(frames), undone=(undone,)),))
    outline(text)
    for words in ("Hard limits broken", "Limits that could not be judged", "Left undone"):
        assert f"<h4>{words}</h4>" in text
    assert ATTACK not in text


def test_proposals_are_listed_and_not_drawn(pair: tuple[Episode, Episode]) -> None:
    ideas = tuple(msgspec.structs.replace(a, status="proposed") for a in pair[1].actions)
    text = render((msgspec.structs.replace(pair[1], actions=ideas, mode="propose"),))
    outline(text)
    assert f"<p>{len(ideas)} proposals, nothing sent.</p>" in text
    assert text.count(">proposed</span>") == len(ideas)
    assert 'class="mark hedge"' not in text
    assert "proposing, nothing sent" in text
    assert "with hedgerow" not in text


def test_marks_do_not_cover_each_other(pair: tuple[Episode, Episode]) -> None:
    chart = desk_chart(pair)
    at = chart.start_ns + (chart.end_ns - chart.start_ns) // 2
    kinds = ("liquidation", "hedge", "transfer")
    marks = tuple(Mark(at, kind, "78", "", "#") for kind in kinds)
    text = chart_html(chart._replace(marks=marks))
    assert sorted(re.findall(r"--lane:(\d)", text)) == ["0", "1", "2"]
    assert "--lanes:3" in text


def test_an_episode_of_unknowns_prints_the_word() -> None:
    helped = sample(helped=True, steps=12)
    frames = tuple(
        msgspec.structs.replace(
            frame, equity_usd=None, prices_usd={}, exposures={},
            accounts=tuple(
                msgspec.structs.replace(
                    account, equity_usd=None, equity_ccy=None, requirement_ccy=None,
                    distance_down_frac=None, distance_up_frac=None, is_distance_known=False,
                )
                for account in frame.accounts
            ),
        )
        for frame in helped.frames
    )  # fmt: skip
    text = render((msgspec.structs.replace(helped, frames=frames),))
    outline(text)
    assert "<dd>unknown</dd>" in text
    assert text.count("unknown") > 50
    assert "None" not in text
    assert "nan" not in re.sub(r"[a-z]nan|nan[a-z]", "", text.lower())


def test_one_episode_is_enough_and_none_is_refused() -> None:
    text = render((sample(helped=True, steps=30),))
    outline(text)
    assert 'class="switch"' not in text
    with pytest.raises(ValueError, match="at least one episode"):
        render(())


def test_no_frames_is_a_page_too() -> None:
    empty = msgspec.structs.replace(sample(helped=True, steps=3), frames=(), actions=())
    outline(render((empty,)))


@pytest.mark.slow
def test_a_long_pair_stays_small() -> None:
    text = render((sample(helped=False, steps=2_000), sample(helped=True, steps=2_000)))
    assert len(text.encode()) < 3_000_000


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium or google-chrome on this machine")
def test_a_browser_opens_it_offline_and_the_script_runs(tmp_path: Path, page: str) -> None:
    assert CHROMIUM is not None
    report = tmp_path / "report.html"
    # Anything the policy blocks, and any error, is written where --dump-dom shows it.
    watch = (
        "<script>for (const kind of ['error', 'securitypolicyviolation'])"
        " addEventListener(kind, (e) => document.documentElement.setAttribute("
        "'data-trouble', kind + ': ' + (e.message || e.blockedURI)), true);</script>"
    )
    report.write_text(page.replace("</title>", "</title>" + watch, 1), encoding="utf-8")
    opened = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-sync",
            "--disable-background-networking", "--disable-component-update", "--no-first-run",
            # Every name and address fails to resolve: the page has to do without a network.
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=2000", "--dump-dom", report.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    tag = re.search(r"<html[^>]*>", opened.stdout)
    assert tag is not None
    charts = page.count('<figure class="chart')
    assert f'data-ready="{charts}"' in tag[0]
    assert "data-trouble" not in tag[0]
    assert 'aria-label="Show which run" hidden' not in opened.stdout

"""One session: a desk, a market, the same episode without and with hedgerow, a journal, a report.

What leaves is written to a folder beside the wanted one and moved into place when the session is
whole, so that an error leaves nothing half-written behind.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from hedgerow.app.assumptions import rulebooks_digest
from hedgerow.app.episode import play
from hedgerow.app.feed import open_market
from hedgerow.app.screen import wide_console
from hedgerow.app.verdict import status, troubles_of_run
from hedgerow.errors import DeskRejected
from hedgerow.execution import Header, Journal
from hedgerow.reporting import report_html, run_builtins, summary_tables
from hedgerow.simulation import Episode

__all__ = ["run_session"]


def run_session(
    *,
    desk_path: Path | None,
    data: Path | None,
    out: Path,
    seed: int | None,
    compare: bool,
    as_json: bool,
) -> int:
    """Run a desk to the end of its market and write ``journal.db`` and ``report.html`` into `out`.

    Returns
    -------
    int
        0, or 1 when an account was liquidated under hedgerow at any time, or when at the end one
        may be liquidated, a hard limit is broken, or something that must be known is not.

    Raises
    ------
    HedgerowError
        Whatever is wrong with desk, data or output; nothing is written then.
    """
    desk, market = open_market(desk_path, data, seed)
    with _staged(out) as folder:
        is_again = (out / "journal.db").exists()
        episodes: list[Episode] = []
        if compare:
            episodes.append(play(desk, market, None, is_quiet=as_json))
        header = Header(
            desk_digest=desk.digest,
            rulebooks_digest=rulebooks_digest(desk),
            data_name=market.name,
            data_digest=market.digest,
            seed=market.seed or 0,
            mode=desk.mode,
        )
        with Journal.create(folder / "journal.db", header, time_ns=desk.start_ns) as journal:
            episodes.append(play(desk, market, journal, is_quiet=as_json))
            journal.append("end", desk.end_ns, {"frames_count": len(episodes[-1].frames)})
            head, rows_count = journal.head, journal.rows_count
        seed_told = {} if market.seed is None else {"Seed": str(market.seed)}
        page = report_html(
            episodes,
            title=desk.name,
            journal_head=head,
            meta={"Market": market.name, **seed_told, "Desk file": desk.digest},
        )
        (folder / "report.html").write_text(page, encoding="utf-8")
    if as_json:
        answer = run_builtins(episodes, head)
        answer["journal"] = {"rows": rows_count, "chain_head": head}
        sys.stdout.write(json.dumps(answer, sort_keys=True) + "\n")
    else:
        console = wide_console()
        console.print(summary_tables(episodes), highlight=False, crop=False)
        console.print(
            f"\njournal  {out / 'journal.db'}  ({rows_count:,} rows, chain head {head})\n"
            f"report   {out / 'report.html'}  (open it in a browser; it needs no network)",
            highlight=False,
            soft_wrap=True,
        )
        if is_again:
            sys.stderr.write(f"the journal and report of an earlier run in {out} were replaced\n")
    return status(troubles_of_run(episodes[-1]), is_quiet=as_json)


@contextmanager
def _staged(out: Path) -> Iterator[Path]:
    """Give a folder to write to; its files move into `out` when all went well, and only then."""
    if out.exists() and not out.is_dir():
        raise DeskRejected(f"--out {out} is not a folder")
    for name in ("journal.db", "report.html"):  # both, before the first is moved
        target = out / name
        if target.is_dir():
            raise DeskRejected(f"{target} is a folder; name another --out, or move it away")
    # Beside the wanted folder, or where the folders on the way to it will begin.
    beside = next(parent for parent in out.absolute().parents if parent.exists())
    # Named before it is made: a signal right after would leave a folder that nobody knows.
    folder = beside / f".hedgerow-{token_hex(8)}"
    try:
        try:
            folder.mkdir(mode=0o700)
        except OSError as bad:
            raise DeskRejected(f"--out {out}: cannot write there: {bad.strerror}") from bad
        yield folder
        out.mkdir(parents=True, exist_ok=True)
        for made in sorted(folder.iterdir()):
            made.replace(out / made.name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

"""Write down the head of the chain of hashes of a short run, to be the same wherever it is played.

Run ``python -m tests.golden.heads`` after a change that is meant to be seen in a journal, and
say in the commit what changed it. The head is a regression pin: that what we planned and sent was
right no digest says. It says that another run, another day or another machine comes to the same
bytes, market, plans, orders, fills and frames, as every row of the journal is hashed into it.
"""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

from hedgerow.app.assumptions import rulebooks_digest
from hedgerow.app.episode import play
from hedgerow.app.feed import open_market
from hedgerow.execution import Header, Journal
from hedgerow.units import format_ns, parse_ns

HERE = Path(__file__).resolve().parent
NAME = "runs/heads.json"
READ_ON = "2026-11-27"  # the day on which the head below was first written
REGENERATE = "python -m tests.golden.heads"
SEED = 7
# Where the embedded crash is steepest: hedges and transfers both, in a few seconds.
START_NS, END_NS = parse_ns("2026-03-16T20:00:00Z"), parse_ns("2026-03-16T21:30:00Z")


def played() -> dict[str, str]:
    """Play those hours of the embedded desk, with hedgerow; give what its journal came to."""
    whole, market = open_market(None, None, SEED)
    desk = replace(whole, start_ns=START_NS, end_ns=END_NS)
    header = Header(
        desk_digest=desk.digest,
        rulebooks_digest=rulebooks_digest(desk),
        data_name=market.name,
        data_digest=market.digest,
        seed=SEED,
        mode=desk.mode,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        with Journal.create(path, header, time_ns=desk.start_ns) as journal:
            episode = play(desk, market, journal, is_quiet=True)
            journal.append("end", desk.end_ns, {"frames_count": len(episode.frames)})
            return {
                "chain_head": journal.head,
                "rows": str(journal.rows_count),
                "actions": str(len(episode.actions)),
            }


def files() -> dict[str, str]:
    """Make the text of the file, by its path below this folder."""
    content = {
        "title": "Head of the journal of a short run of the embedded desk",
        "source": "the run itself: one machine and one day, for all others to come to",
        "read_on": READ_ON,
        "licence": "our own",
        "regenerate": REGENERATE,
        "about": "No truth about money: it says that two runs and two machines give the same "
        "bytes, and that nothing which a journal tells has changed unseen.",
        "cases": [
            {
                "id": "embedded-crash",
                "source": "regression pin: the chain head that hedgerow itself came to",
                "given": {
                    "seed": str(SEED),
                    "start": format_ns(START_NS),
                    "end": format_ns(END_NS),
                },
                "then": played(),
            }
        ],
    }
    return {NAME: json.dumps(content, indent=1, ensure_ascii=False) + "\n"}


def main() -> None:
    """Write the file."""
    for name, text in files().items():
        (HERE / name).parent.mkdir(exist_ok=True)
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

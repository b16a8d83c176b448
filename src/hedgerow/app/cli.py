"""The command line: nouns, then verbs; ``--json`` everywhere.

Exit status: 0 fine, 1 a breach, which one line on stderr names (`verdict`), 2 an error, which the
message names. A fault of our own is an error too, and never looks like a breach. What a
command runs is imported when it runs (`app.actions`), so that ``--help`` stays quick.
"""

import json
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter
from cyclopts.exceptions import MissingArgumentError, UnusedCliTokensError

from hedgerow import __version__
from hedgerow.app.actions import act
from hedgerow.app.collateral import collateral
from hedgerow.app.exposure import exposure
from hedgerow.app.hedge import hedge
from hedgerow.app.kernel_cache import choose_kernel_cache
from hedgerow.app.limits import calls, limits
from hedgerow.app.margin import margin
from hedgerow.app.options import Data, DeskPath, Json, Seed
from hedgerow.app.planning import plan
from hedgerow.app.price import price
from hedgerow.app.risk import risk
from hedgerow.app.solvency import solvency
from hedgerow.app.surface import surface
from hedgerow.errors import HedgerowError

__all__ = ["main"]

app = App(
    name="hedgerow",
    help="Exposure, requirement and rescue of derivative portfolios, on exchanges and on chains.",
    version=__version__,
    suppress_keyboard_interrupt=False,  # `main` says what it means
)
journal = App(name="journal", help="What was seen and done, and the proof of it.")
for noun in (
    exposure, margin, solvency, risk, limits, calls, hedge, collateral, plan, surface, price,
    journal,
):  # fmt: skip
    app.command(noun)


@app.command
def run(
    desk: DeskPath = None,
    *,
    data: Data = None,
    out: Annotated[Path, Parameter(help="Folder for journal.db and report.html.")] = Path("out"),
    seed: Seed = None,
    compare: Annotated[
        bool, Parameter(negative="--no-compare", help="Also run the desk left alone.")
    ] = True,
    as_json: Json = False,
) -> int:
    """Watch a desk to the end of its recording, act for it, and write journal and report."""
    return act(
        "run", desk_path=desk, data=data, out=out, seed=seed, compare=compare, as_json=as_json
    )


@journal.command(name="verify")
def journal_verify(
    path: Annotated[Path, Parameter(help="A journal.db.")],
    *,
    anchor: Annotated[
        str | None, Parameter(help="A head seen earlier; the chain must pass through it.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Recompute the chain of hashes and print its head.

    The chain alone cannot show that its last rows were cut off: keep a head elsewhere and name it
    with ``--anchor``.
    """
    return act("journal verify", path, anchor=anchor, as_json=as_json)


@app.command
def certify(
    path: Annotated[Path, Parameter(help="A vector file, or a folder of them.")],
    *,
    as_json: Json = False,
) -> int:
    """Compute every case of vector files and compare it with what it expects.

    Exit status 1 where a case fails, or none was computed. Kinds that nobody here computes are
    counted and named.
    """
    return act("certify", path, as_json=as_json)


def main() -> None:
    """Run the command line and exit."""
    choose_kernel_cache()
    as_json = "--json" in sys.argv
    try:
        with _signals():
            status = app(
                sys.argv[1:], exit_on_error=False, print_error=False, result_action="return_value"
            )
            sys.stdout.flush()  # here, where a reader who has gone is still no fault of ours
    except CycloptsError as bad:
        _complain("UsageError", _usage(bad), as_json=as_json)
        status = 2
    except HedgerowError as bad:
        _complain(
            type(bad).__name__,
            "\n".join([str(bad), *getattr(bad, "__notes__", [])]),
            as_json=as_json,
        )
        status = 2
    except _Ended as end:
        _complain("Stopped", _stopped("by a signal", end), as_json=as_json)
        status = 128 + end.signal_index
    except KeyboardInterrupt as end:
        _complain("Stopped", _stopped("by hand", end), as_json=as_json)
        status = 130
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 2
    except OSError as bad:
        place = "" if bad.filename is None else f"{bad.filename}: "
        _complain("OSError", f"{place}{bad.strerror or bad}", as_json=as_json)
        status = 2
    except Exception as bug:
        traceback.print_exc()
        message = f"this is a bug in hedgerow: {type(bug).__name__}: {bug}"
        _complain(type(bug).__name__, message, as_json=as_json)
        status = 2
    sys.exit(status if isinstance(status, int) else 0)


def _stopped(how: str, end: BaseException) -> str:
    """Say what is left of what was begun: nothing, where nobody noted anything."""
    left = getattr(end, "__notes__", None) or ["nothing was written"]
    return f"stopped {how}; {'; '.join(left)}"


class _Ended(BaseException):
    """Somebody asked the process to end; what was begun is cleared away on the way out."""

    def __init__(self, signal_index: int) -> None:
        super().__init__(signal_index)
        self.signal_index = signal_index


@contextmanager
def _signals() -> Iterator[None]:
    """Turn the signals that end a process into an exception, so that nothing half-written stays."""

    def end(number: int, _: object) -> None:
        raise _Ended(number)

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may listen
        return
    former = {each: signal.signal(each, end) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)


def _usage(bad: CycloptsError) -> str:
    """Say what is wrong with a command line, and whose help to read."""
    command = " ".join(("hedgerow", *(bad.command_chain or ())))
    if isinstance(bad, MissingArgumentError) and bad.argument is not None:
        name = bad.argument.name
        given = any(token.keyword for token in bad.argument.tokens) or name in sys.argv
        is_flag = bad.argument.field_info.kind is bad.argument.field_info.KEYWORD_ONLY
        missing = name if is_flag else name.lstrip("-").upper()
        told = f"{name} needs a value" if given else f"{missing} is missing"
    elif isinstance(bad, UnusedCliTokensError):
        told = f"one argument too many: {' '.join(bad.unused_tokens or ())}"
    else:
        told = re.sub(r"(?<!\.)\.$", "", str(bad))  # a stop, but not the dots of a list cut short
        told = told[:1].lower() + told[1:]
    return f"{told}; see {command} --help"


def _complain(kind: str, message: str, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"error": {"kind": kind, "message": message}}) + "\n")
    else:
        sys.stderr.write(f"hedgerow: {message}\n")

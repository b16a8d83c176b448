"""``python -m hedgerow`` is the command line."""

from hedgerow.app.cli import main

main()

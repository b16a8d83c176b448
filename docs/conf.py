"""How the documentation is built: Sphinx, MyST for Markdown, numpydoc for docstrings."""

import pkgutil
from importlib.metadata import version as installed_version
from pathlib import Path

from sphinx.application import Sphinx

import hedgerow
from tools import kinds

project = "hedgerow"
author = "the hedgerow authors"
release = version = installed_version("hedgerow")

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["_build", "reference/made"]  # what lies there is included by a page

myst_enable_extensions = ["dollarmath", "fieldlist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "imported-members": True}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "alabaster"
html_theme_options = {
    "description": hedgerow.__doc__.partition("\n")[0] if hedgerow.__doc__ else ""
}
html_copy_source = False
html_show_copyright = False


def write_rooms(app: Sphinx) -> None:
    """Write one page per room into reference/api, so that no room can be forgotten."""
    folder = Path(app.srcdir) / "reference" / "api"
    folder.mkdir(parents=True, exist_ok=True)
    pages = {
        f"{room.name}.md": (
            f"# {room.name}\n\n```{{eval-rst}}\n.. automodule:: hedgerow.{room.name}\n```\n"
        )
        for room in pkgutil.iter_modules(hedgerow.__path__)
        if room.name != "__main__"
    }
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        page = folder / name
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def write_tables(app: Sphinx) -> None:
    """Write the tables that are made from the code, so that no kind can be forgotten."""
    kinds.write(Path(app.srcdir) / "reference" / "made")


def setup(app: Sphinx) -> None:
    """Write the pages before Sphinx looks for them."""
    app.connect("builder-inited", write_rooms)
    app.connect("builder-inited", write_tables)

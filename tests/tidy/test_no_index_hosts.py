"""Tracked files name no package index: what is installed from where is the machine's business."""

import re
from pathlib import Path

# In pieces, so that this file does not find itself.
HOSTS = tuple(
    ".".join(pieces)
    for pieces in (
        ("pypi", "org"),
        ("pypi", "python", "org"),
        ("python" + "hosted", "org"),
        ("anaconda", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("npm", "jsr", "io"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("rubygems", "org"),
        ("deb", "debian", "org"),
    )
)
LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "uv.lock")
PIN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*==[0-9][0-9a-z.!+]*")


def test_no_tracked_file_names_an_index(root: Path, tracked: tuple[Path, ...]) -> None:
    found = []
    for name in tracked:
        text = (root / name).read_bytes().decode("utf-8", errors="replace").lower()
        found += [f"{name}: {host}" for host in HOSTS if host in text]
    assert not found, "package-index hosts:\n" + "\n".join(found)


def test_constraints_hold_only_pins(root: Path) -> None:
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert lines
    assert [line for line in lines if not PIN.fullmatch(line)] == []


def test_a_pin_is_a_name_and_a_version() -> None:
    assert PIN.fullmatch("polars-runtime-32==2.1.0")
    for bad in ("a==1 --hash=x", "a @ file", "--index-url x", "-e .", "# note", "a>=1", ""):
        assert not PIN.fullmatch(bad)


def test_no_lock_file_says_where_a_package_came_from(root: Path, tracked: tuple[Path, ...]) -> None:
    resolved = '"' + "resolved" + '"'
    locks = [name for name in tracked if name.name in LOCKS]
    assert [name for name in locks if resolved in (root / name).read_text(encoding="utf-8")] == []

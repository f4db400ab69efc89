"""Write fixtures/data/registry.txt: name and sha256 of every data file the tests and the package ship."""

from __future__ import annotations

import hashlib
from pathlib import Path

PROJECT = Path(__file__).parents[1]
FOLDERS = ("fixtures/data", "lmebridge/data")


def registry() -> str:
    """One line ``path sha256`` a file, in the format that pooch reads."""
    paths = sorted(path for folder in FOLDERS for path in (PROJECT / folder).iterdir() if is_data(path))
    return "".join(f"{path.relative_to(PROJECT).as_posix()} {sha256(path)}\n" for path in paths)


def is_data(path: Path) -> bool:
    """Whether the file is data, rather than a list or a note about data."""
    return path.name.endswith((".csv", ".csv.gz", ".json"))


def sha256(path: Path) -> str:
    """Hexadecimal hash of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    (PROJECT / "fixtures/data/registry.txt").write_text(registry(), encoding="utf-8")

"""Data files are read by their names."""

from __future__ import annotations

import importlib.util

import pandas as pd
import pytest

from lmebridge.datasets.tabular import read_table
from lmebridge.errors import DataError

FRAME = pd.DataFrame({"x": [1.5, -2.25, 3.0], "g": ["a", "b", "a"]})


@pytest.mark.parametrize("name", ["d.csv", "d.csv.gz", "d.CSV", "d.tsv", "d.tsv.gz", "d.dta", "d.sav", "d.parquet"])
def test_a_file_comes_back(name, tmp_path):
    """What was written is what is read."""
    path = tmp_path / name
    if ".parquet" in name and importlib.util.find_spec("pyarrow") is None:
        pytest.skip("pyarrow is not installed")
    write(path)
    pd.testing.assert_frame_equal(read_table(path), FRAME, check_dtype=False)


def write(path):
    """Write the frame in the format of the file's name."""
    if path.suffix == ".sav":
        import pyreadstat

        pyreadstat.write_sav(FRAME, str(path))
    elif path.suffix == ".dta":
        FRAME.to_stata(path, write_index=False)
    elif path.suffix == ".parquet":
        FRAME.to_parquet(path)
    else:
        FRAME.to_csv(path, index=False, sep="\t" if ".tsv" in path.name else ",")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("d.xlsx", b"", r"d.xlsx: this kind of file is not read. Use .csv"),
        ("d.csv", None, "there is no file"),
        ("d.csv", b"", "d.csv cannot be read"),
        ("d.sav", b"no such format", "d.sav cannot be read"),
        ("d.csv.gz", b"not compressed", "d.csv.gz cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error(name, content, message, tmp_path):
    """The message names the file and what is wrong with it."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(path)

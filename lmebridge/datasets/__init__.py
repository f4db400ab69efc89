"""The data of the worked examples: one ships with the package, two are found on the machine."""

from __future__ import annotations

from lmebridge.datasets.examples import (
    catalogue,
    fetch,
    hsb,
    hsb_centred,
    hsb_schools,
    lsype,
    lsype_prepared,
    path,
    school_data_2223,
    school_data_2223_prepared,
)

__all__ = [
    "catalogue",
    "fetch",
    "hsb",
    "hsb_centred",
    "hsb_schools",
    "lsype",
    "lsype_prepared",
    "path",
    "school_data_2223",
    "school_data_2223_prepared",
]

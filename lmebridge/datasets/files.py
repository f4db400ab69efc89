"""Where the example data sets' files are, and how those that are elsewhere get here.

A data set that does not ship with the package is looked for in the folders of the environment variable
``LMEBRIDGE_DATA`` (separated as in ``PATH``), then in the user's cache.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lmebridge.errors import DataError, DatasetUnavailable

#: Environment variable with the folders that hold data files.
DATA_VARIABLE = "LMEBRIDGE_DATA"


@dataclass(frozen=True)
class Dataset:
    """An example data set: its file, where it comes from and whether it may be fetched.

    Attributes
    ----------
    name : str
        The name of the function that loads it, and of `lmebridge data`.
    file : str
        The file's name.
    title, source, licence : str
        What it is, who publishes it, and under which terms.
    rows : int
        Rows of the whole file.
    columns : tuple of str
        Every column that the documents' models use.
    shipped : bool
        Whether the file is part of the package.
    url : str
        Public address it may be fetched from; empty where there is none.
    advice : str
        How to get it where it may not be fetched.
    """

    name: str
    file: str
    title: str
    source: str
    licence: str
    rows: int
    columns: tuple[str, ...]
    shipped: bool = False
    url: str = ""
    advice: str = ""


HSB = Dataset(
    name="hsb",
    file="hsb.csv.gz",
    title="High School & Beyond: 7,185 pupils in 160 schools of the United States, 1982",
    source="National Center for Education Statistics, as R's nlme::MathAchieve and MathAchSchool",
    licence="public domain",
    rows=7185,
    columns=("schoolid", "mathach", "ses", "female", "minority", "sector"),
    shipped=True,
)

SCHOOL_DATA_2223 = Dataset(
    name="school_data_2223",
    file="school_data_2223.csv",
    title="Secondary schools in England, 2022/23: attainment, intake, workforce",
    source="Department for Education, explore-education-statistics; assembled at github.com/adamdennett/QM",
    licence="Open Government Licence v3.0",
    rows=2968,
    columns=(
        *("URN", "ATT8SCR", "PTFSM6CLA1A", "PERCTOT", "PNUMEAL", "PTPRIORLO", "ADMPOL_PT", "OFSTEDRATING"),
        *("gor_name", "LANAME", "gorard_segregation", "remained_in_the_same_school"),
        *("average_number_of_days_taken.x", "teachers_on_leadership_pay_range_percent"),
    ),
    url="https://raw.githubusercontent.com/adamdennett/QM/main/sessions/L6_data/"
    "Performancetables_130242/2022-2023/school_data_2223.csv",
)

LSYPE = Dataset(
    name="lsype",
    file="lsype_15000_final_2011_05_04.sav",
    title="Longitudinal Study of Young People in England, teaching data set: 15,770 pupils",
    source="UK Data Service, study 6660",
    licence="UK Data Service end-user licence: not to be passed on",
    rows=15770,
    columns=("pupilid", "schoolID", "ks2stand", "ks4stand", "gender", "fsm"),
    advice=(
        "It is never downloaded: register at the UK Data Service (ukdataservice.ac.uk), order study 6660 and take "
        "lsype_15000_final_2011_05_04.sav from its SPSS download"
    ),
)

DATASETS = {dataset.name: dataset for dataset in (HSB, SCHOOL_DATA_2223, LSYPE)}


def known(name: str) -> Dataset:
    """The record of a data set; ValueError with the names there are for an unknown one."""
    if name not in DATASETS:
        raise ValueError(f"no data set is named {name!r}; there are {', '.join(DATASETS)}")
    return DATASETS[name]


def folders() -> list[Path]:
    """Where data files are looked for, in order: the folders of ``LMEBRIDGE_DATA``, then the user's cache."""
    named = [Path(folder) for folder in os.environ.get(DATA_VARIABLE, "").split(os.pathsep) if folder]
    return [*named, cache_folder()]


def cache_folder() -> Path:
    """The user's cache, where fetched files are kept."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("lmebridge", appauthor=False))


def find(name: str) -> Path | None:
    """Where a data set is on this machine, None where it is not.

    Raises
    ------
    ValueError
        If there is no data set of that name.

    Examples
    --------
    >>> find("hsb").name
    'hsb.csv.gz'
    """
    dataset = known(name)
    if dataset.shipped:
        return Path(__file__).parents[1] / "data" / dataset.file
    candidates = (folder / dataset.file for folder in folders())
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def path(name: str) -> Path:
    """Where a data set is on this machine.

    Raises
    ------
    DatasetUnavailable
        If it is not; the message says how to get it and where to put it.
    ValueError
        If there is no data set of that name.
    """
    found = find(name)
    if found is None:
        raise DatasetUnavailable(how_to_get(known(name)))
    return found


def how_to_get(dataset: Dataset) -> str:
    """What a user has to do to have a data set on this machine."""
    get = f"Run `lmebridge data fetch {dataset.name}` to download it" if dataset.url else dataset.advice
    return (
        f"{dataset.file} ({dataset.title}; {dataset.licence}) is not on this machine. {get}; "
        f"or put the file into {cache_folder()}, or set {DATA_VARIABLE} to the folder that has it."
    )


def fetch(name: str) -> Path:
    """Download a data set into the user's cache from its public address, and check it.

    The publisher gives no hash for the file, so what is checked is what can be known beforehand: that every column
    the documents' models use is there, with as many rows as there should be. Nothing is kept that fails.

    Returns
    -------
    pathlib.Path
        Where the file is; a data set that ships is not fetched.

    Raises
    ------
    DatasetUnavailable
        If the data set may not be downloaded, or the download fails.
    DataError
        If what came is not the data set.
    ValueError
        If there is no data set of that name.
    """
    dataset = known(name)
    if dataset.shipped:
        return path(name)
    if not dataset.url:
        raise DatasetUnavailable(how_to_get(dataset))
    target = cache_folder() / dataset.file
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        arrived = Path(folder) / dataset.file
        download(dataset, arrived)
        check(dataset, arrived)
        arrived.replace(target)
    return target


def download(dataset: Dataset, target: Path) -> None:
    """Bring the file of `dataset` from its public address to `target`."""
    import pooch

    try:
        pooch.HTTPDownloader(timeout=60)(dataset.url, str(target), None)
    except (OSError, ValueError) as error:
        raise DatasetUnavailable(
            f"{dataset.url} could not be downloaded ({error}). Try later, or put {dataset.file} into {cache_folder()}."
        ) from error


def check(dataset: Dataset, file: Path) -> None:
    """Raise `DataError` unless `file` has the columns and the number of rows of `dataset`."""
    frame = pd.read_csv(file, dtype=str, on_bad_lines="skip")
    missing = [column for column in dataset.columns if column not in frame.columns]
    if missing:
        raise DataError(f"{file.name} as downloaded has no column {', '.join(missing)}; it was not kept")
    if len(frame) != dataset.rows:
        raise DataError(
            f"{file.name} as downloaded has {len(frame)} rows where {dataset.rows} were expected; it was not kept"
        )


def sha256(file: Path) -> str:
    """Hexadecimal sha256 of a file's bytes.

    Examples
    --------
    >>> sha256(path("hsb"))[:8]
    '905c4a80'
    """
    return hashlib.sha256(file.read_bytes()).hexdigest()


def catalogue() -> pd.DataFrame:
    """Every data set: what it is, under which licence, and where it is on this machine.

    Returns
    -------
    pandas.DataFrame
        Index: names. Columns ``title``, ``rows``, ``licence``, ``path`` (empty where the file is not here) and
        ``how to get it`` (empty where it is).

    Examples
    --------
    >>> list(catalogue().index)
    ['hsb', 'school_data_2223', 'lsype']
    """
    places = {name: find(name) for name in DATASETS}
    rows = [entry(known(name), place) for name, place in places.items()]
    columns = ["title", "rows", "licence", "path", "how to get it"]
    return pd.DataFrame(rows, columns=columns, index=pd.Index(places, name="name"))


def entry(dataset: Dataset, place: Path | None) -> tuple[str, int, str, str, str]:
    """One row of `catalogue`."""
    advice = "" if place else how_to_get(dataset)
    return dataset.title, dataset.rows, dataset.licence, str(place or ""), advice

"""The data of the school examples, as pandas frames, and what the documents do to them before they fit a model.

Each data set has a function that loads it and functions, named after it, for the documents' own preparation; these
work on any copy of the data. `path`, `fetch` and `catalogue` say where the files are.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmebridge.datasets.files import LSYPE, catalogue, fetch, find, path
from lmebridge.errors import DatasetUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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

#: What stands for a missing value in the schools' performance tables.
SCHOOL_MISSING_CODES = (
    *("", "NA", "NaN", "SUPP", "NP", "NE", "SP", "SN", "LOWCOV", "NEW", "SUPPMAT"),
    *("x", "c", "u", "z"),
)
#: Measures whose logarithm the documents take; schools where one is zero or missing are left out.
SCHOOL_POSITIVE = ("ATT8SCR", "PTFSM6CLA1A", "PERCTOT", "PNUMEAL")
#: Measures in which a zero means that the school made no return.
SCHOOL_NO_RETURN = ("remained_in_the_same_school", "average_number_of_days_taken.x")


def hsb() -> pd.DataFrame:
    """High School & Beyond: mathematics achievement of 7,185 pupils in 160 schools.

    Returns
    -------
    pandas.DataFrame, shape (7185, 11)
        ``schoolid``; ``mathach``, mathematics score (points); ``ses``, socio-economic status (standard deviations);
        ``female``, ``minority``, ``sector`` (1 = Catholic) and ``himinty`` (more than 40 % minority), 0 or 1;
        ``size``, pupils in the school; ``pracad``, proportion on the academic track; ``disclim``, disciplinary climate
        (a scale); ``meanses``, the school's mean of ``ses``.

    References
    ----------
    National Center for Education Statistics, https://nces.ed.gov/surveys/hsb; Raudenbush and Bryk (2002),
    Hierarchical Linear Models, chapter 4. Column names as in ``hsb.dta`` of Rabe-Hesketh and Skrondal (2012).

    Examples
    --------
    >>> hsb()[["mathach", "ses"]].mean().round(6).to_dict()
    {'mathach': 12.747853, 'ses': 0.000143}
    """
    with gzip.open(path("hsb"), "rt", encoding="utf-8") as lines:
        names = next(lines).replace('"', "").strip().split(",")
        frame = pd.DataFrame(np.loadtxt(lines, delimiter=","), columns=names)
    whole = ("schoolid", "female", "minority", "sector", "size", "himinty")
    return frame.astype(dict.fromkeys(whole, "int64"))


def hsb_centred(pupils: pd.DataFrame) -> pd.DataFrame:
    """Pupils with the school's mean of ``ses`` and each pupil's distance from it.

    Parameters
    ----------
    pupils : pandas.DataFrame, shape (n, k)
        Columns ``schoolid`` and ``ses``.

    Returns
    -------
    pandas.DataFrame, shape (n, k + 2)
        With ``demeaned_ses`` and ``schoolmean_ses``, in the units of ``ses``.

    Examples
    --------
    >>> bool(abs(hsb_centred(hsb())["demeaned_ses"].mean()) < 1e-12)
    True
    """
    mean = pupils.groupby("schoolid")["ses"].transform("mean")
    return pupils.assign(demeaned_ses=pupils["ses"] - mean, schoolmean_ses=mean)


def hsb_schools(pupils: pd.DataFrame) -> pd.DataFrame:
    """One row a school: the mean of every column over its pupils.

    Parameters
    ----------
    pupils : pandas.DataFrame, shape (n, k)
        A column ``schoolid`` and numeric columns.

    Returns
    -------
    pandas.DataFrame, shape (n_schools, k - 1)
        Index ``schoolid``; means in the columns' units.

    Examples
    --------
    >>> len(hsb_schools(hsb()))
    160
    """
    return pupils.groupby("schoolid").mean()


def school_data_2223(*, download: bool = False) -> pd.DataFrame:
    """English secondary schools in 2022/23, as published: one row a school.

    Parameters
    ----------
    download : bool
        Fetch the file from its public address when it is not on this machine.

    Returns
    -------
    pandas.DataFrame, shape (2968, 118)
        41 columns where the file is the extract that has only what the models use. ``URN`` is text, the codes for
        suppressed values (`SCHOOL_MISSING_CODES`) are missing, scores are points, shares are percentages.

    Raises
    ------
    DatasetUnavailable
        If the file is not on this machine and `download` is false, or it cannot be downloaded.

    References
    ----------
    Department for Education, https://explore-education-statistics.service.gov.uk; assembled for a course at
    https://github.com/adamdennett/QM.
    """
    if download and find("school_data_2223") is None:
        fetch("school_data_2223")
    return read_schools(path("school_data_2223"))


def read_schools(file: Path) -> pd.DataFrame:
    """Read a copy of the schools' file; see `school_data_2223`."""
    codes = list(SCHOOL_MISSING_CODES)
    return pd.read_csv(file, na_values=codes, keep_default_na=False, dtype={"URN": str}, low_memory=False)


def school_data_2223_prepared(schools: pd.DataFrame) -> pd.DataFrame:
    """The schools as the documents fit their models to them.

    Schools are kept where attainment, disadvantage, absence and English as an additional language are all above zero
    (their logarithms are taken). In the share of teachers who stayed and in days of sickness a zero is a school that
    made no return: it becomes missing.

    Parameters
    ----------
    schools : pandas.DataFrame
        What `school_data_2223` returns.

    Returns
    -------
    pandas.DataFrame
        2,961 of the 2,968 rows; 2,902 of them have an Ofsted rating.
    """
    kept = schools[(schools[list(SCHOOL_POSITIVE)] > 0).all(axis=1)]
    returned = kept[list(SCHOOL_NO_RETURN)]
    return kept.assign(**returned.where(returned != 0))


def lsype() -> pd.DataFrame:
    """Young people in England: six columns of the LSYPE teaching data set, one row a pupil.

    Returns
    -------
    pandas.DataFrame, shape (15770, 6)
        ``pupilid``, ``schoolID``; ``ks2stand`` and ``ks4stand``, attainment at 11 and 16 (standardized to mean 0 and
        standard deviation 10); ``gender`` (1 = female) and ``fsm`` (1 = entitled to free school meals), 0 or 1.

    Raises
    ------
    DatasetUnavailable
        If the file is not on this machine: it is never downloaded, and the message says where to register. Also if
        pyreadstat, which reads it, is not installed.

    References
    ----------
    UK Data Service, study 6660, https://doi.org/10.5255/UKDA-SN-6660-1.
    """
    return read_lsype(path("lsype"))


def read_lsype(file: Path) -> pd.DataFrame:
    """Read the six columns of `lsype` from a copy of the SPSS file, as plain numbers."""
    try:
        import pyreadstat
    except ImportError as error:
        raise DatasetUnavailable("reading SPSS files needs pyreadstat: run `pip install pyreadstat`") from error
    frame, _ = pyreadstat.read_sav(str(file), usecols=list(LSYPE.columns), apply_value_formats=False)
    return frame[list(LSYPE.columns)].astype(float)


def lsype_prepared(pupils: pd.DataFrame) -> pd.DataFrame:
    """Pupils with ``schoolfsm``, the percentage of their school's pupils entitled to free school meals.

    Parameters
    ----------
    pupils : pandas.DataFrame
        What `lsype` returns.

    Returns
    -------
    pandas.DataFrame
        With ``schoolfsm``: per cent of the pupils whose entitlement is known, over all rows of the school.
    """
    return pupils.assign(schoolfsm=pupils.groupby("schoolID")["fsm"].transform("mean") * 100)


#: The function that loads each data set, by name.
LOADERS: dict[str, Callable[[], pd.DataFrame]] = {"hsb": hsb, "school_data_2223": school_data_2223, "lsype": lsype}

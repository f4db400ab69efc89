"""The example data are what the documents describe, and a missing file is explained."""

from __future__ import annotations

import functools
import http.server
import threading
from dataclasses import replace

import pandas as pd
import pytest

from lmebridge import datasets
from lmebridge.datasets import files as datafiles
from lmebridge.errors import DataError, DatasetUnavailable


def needs(name):
    """Skip where a data set that may not be redistributed is not on this machine."""
    return pytest.mark.skipif(datafiles.find(name) is None, reason=f"{datafiles.known(name).file} is not here")


@pytest.fixture
def empty(monkeypatch, tmp_path):
    """A machine without data files; the folder is its cache."""
    monkeypatch.delenv(datafiles.DATA_VARIABLE, raising=False)
    monkeypatch.setattr(datafiles, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def test_hsb_is_the_published_data():
    """Moments and counts are those printed in the 2015 notebook that fits it."""
    frame = datasets.hsb()
    described = frame[["mathach", "ses"]].describe()
    published = {
        "mathach": [7185, 12.747853, 6.878246, -2.832, 7.275, 13.131, 18.316999, 24.993],
        "ses": [7185, 0.000143, 0.779355, -3.758, -0.538, 0.002, 0.602, 2.692],
    }
    # 2e-6: the notebook prints 6 decimals of a file stored in single precision (18.316999 for 18.317).
    assert (abs(described - pd.DataFrame(published, index=described.index)) < 2e-6).all().all()
    crosstab = pd.crosstab(frame["sector"], [frame["female"], frame["minority"]])
    assert crosstab.to_numpy().tolist() == [[1315, 415, 1406, 506], [1166, 494, 1324, 559]]
    assert frame["schoolid"].nunique() == 160


@pytest.mark.needs_r
def test_hsb_is_the_data_in_r(run_r):
    """Every number is the one that nlme ships."""
    columns = run_r("""d <- as.data.frame(nlme::MathAchieve)
        list(schoolid = as.integer(as.character(d$School)), mathach = d$MathAch, ses = d$SES,
             minority = as.integer(d$Minority == "Yes"), female = as.integer(d$Sex == "Female"))""")
    pd.testing.assert_frame_equal(datasets.hsb()[list(columns)], pd.DataFrame(columns), check_exact=True)


def test_hsb_school_means():
    """School means have one row a school, and the notebook's two prototypical schools their printed means."""
    schools = datasets.hsb_schools(datasets.hsb())
    assert len(schools) == 160
    assert schools["ses"].loc[[1946, 5650]].round(6).tolist() == [0.004051, 0.022444]


def test_hsb_centred_adds_up():
    """A pupil's distance from the school's mean and that mean make the pupil's own value."""
    frame = datasets.hsb_centred(datasets.hsb())
    # 1e-15: one rounding of numbers of the order of one.
    assert abs(frame["demeaned_ses"] + frame["schoolmean_ses"] - frame["ses"]).max() < 1e-15


@needs("school_data_2223")
def test_schools_have_the_published_counts():
    """2,961 schools are kept, 2,902 with a rating, 2,746 complete for the final model, as the practical prints."""
    schools = datasets.school_data_2223()
    prepared = datasets.school_data_2223_prepared(schools)
    final = [column for column in datafiles.SCHOOL_DATA_2223.columns if column != "URN"]
    assert len(schools) == 2968
    assert len(prepared) == 2961
    assert prepared["OFSTEDRATING"].notna().sum() == 2902
    assert prepared.dropna(subset=final).shape[0] == 2746
    assert prepared["ATT8SCR"].dtype == float
    assert schools["URN"].iloc[0] == "100053"


@needs("school_data_2223")
def test_preparing_schools_leaves_the_input_alone():
    """The preparation returns a new frame."""
    schools = datasets.school_data_2223()
    before = schools.copy()
    datasets.school_data_2223_prepared(schools)
    pd.testing.assert_frame_equal(schools, before)


@needs("lsype")
def test_lsype_is_the_data_of_the_practical():
    """15,770 pupils; the correlation of the two scores is the one printed; entitlement is 0, 1 or missing."""
    pupils = datasets.lsype()
    assert pupils.shape == (15770, 6)
    assert round(pupils["ks2stand"].corr(pupils["ks4stand"]), 7) == 0.6714863
    assert pupils["fsm"].value_counts().to_dict() == {0.0: 11904, 1.0: 3087}
    assert pupils["fsm"].isna().sum() == 779


@needs("lsype")
def test_schoolfsm_is_a_school_mean():
    """The added column is constant within a school and is the percentage over all its rows."""
    pupils = datasets.lsype_prepared(datasets.lsype())
    assert len(pupils[["schoolID", "schoolfsm"]].drop_duplicates()) == pupils["schoolID"].nunique()
    first = pupils[pupils["schoolID"] == 1]
    # 1e-12: one division and one multiplication of a percentage.
    assert abs(first["schoolfsm"].iloc[0] - 100 * first["fsm"].sum() / first["fsm"].count()) < 1e-12


def test_licensed_data_are_explained_not_fetched(empty):
    """The licensed file is never downloaded: the error says where to register and where to put it."""
    for attempt in (datasets.lsype, functools.partial(datasets.fetch, "lsype")):
        with pytest.raises(DatasetUnavailable, match=r"never downloaded: register .* study 6660") as error:
            attempt()
        assert str(empty) in str(error.value)
    assert not list(empty.rglob("*.sav"))


def test_open_data_are_offered_for_download(empty):
    """The open file is fetched only when asked; the error has the line to run."""
    with pytest.raises(DatasetUnavailable, match="Run `lmebridge data fetch school_data_2223`"):
        datasets.school_data_2223()


def test_unknown_data_set_names_those_there_are():
    """A wrong name gets the right ones."""
    with pytest.raises(ValueError, match=r"no data set is named 'hbs'; there are hsb, school_data_2223, lsype"):
        datasets.path("hbs")


def test_folders_are_searched_in_order(monkeypatch, tmp_path, empty):
    """A folder named in the environment comes before the cache, and the first that has the file wins."""
    for folder in (tmp_path / "a", tmp_path / "b", empty):
        folder.mkdir()
    monkeypatch.setenv(datafiles.DATA_VARIABLE, f"{tmp_path / 'a'}:{tmp_path / 'b'}")
    name = datafiles.SCHOOL_DATA_2223.file
    (empty / name).touch()
    assert datafiles.find("school_data_2223") == empty / name
    (tmp_path / "b" / name).touch()
    assert datafiles.find("school_data_2223") == tmp_path / "b" / name


def test_catalogue_says_what_is_here(empty):
    """A set that is here has a path, one that is not the way to get it."""
    table = datasets.catalogue()
    assert table.loc["hsb", "path"].endswith("hsb.csv.gz")
    assert table.loc["hsb", "how to get it"] == ""
    assert table.loc["lsype", "path"] == ""
    assert "6660" in table.loc["lsype", "how to get it"]


@pytest.fixture
def served(monkeypatch, tmp_path):
    """Function that serves a text as the public address of the schools' file."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(QuietHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/schools.csv"
    dataset = replace(datafiles.SCHOOL_DATA_2223, url=url, rows=2)
    monkeypatch.setitem(datafiles.DATASETS, "school_data_2223", dataset)
    yield (folder / "schools.csv").write_text
    server.shutdown()
    server.server_close()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """A file server that prints nothing."""

    def log_message(self, *args):
        """Say nothing."""


HEADER = ",".join(datafiles.SCHOOL_DATA_2223.columns)
ROW = "1,50.1,20,8.1,23.6,15,NON SEL,Good,London,Camden,0.08,80,6.7,10.6"


def test_download_is_kept_when_it_is_the_data(served, empty, capfd):
    """What has the columns and the rows is kept, then found without a download; nothing is printed."""
    served(f"{HEADER}\n{ROW}\n{ROW.replace('50.1', 'SUPP')}\n")
    frame = datasets.school_data_2223(download=True)
    assert frame["ATT8SCR"].isna().tolist() == [False, True]
    assert [file.name for file in empty.iterdir()] == ["school_data_2223.csv"]
    served("gone")
    pd.testing.assert_frame_equal(datasets.school_data_2223(download=True), frame)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{HEADER}\n{ROW}\n", "has 1 rows where 2 were expected"),
        ("a,b\n1,2\n3,4\n", "has no column URN, ATT8SCR"),
        ("<html>not found</html>\n", "has no column URN"),
    ],
)
def test_download_of_something_else_is_not_kept(served, empty, text, problem):
    """What lacks columns or rows is refused and leaves nothing behind."""
    served(text)
    with pytest.raises(DataError, match=problem):
        datasets.fetch("school_data_2223")
    assert list(empty.iterdir()) == []


def test_failed_download_is_explained(served, empty):
    """An address that does not answer is an error that says where the file may be put by hand."""
    with pytest.raises(DatasetUnavailable, match=r"could not be downloaded .*404.* put school_data_2223.csv into"):
        datasets.fetch("school_data_2223")

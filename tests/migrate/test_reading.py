"""Data files read in pandas: what comes out is R's, by R's own judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lmebridge.migrate import translate
from tests.migrate.frames import differences, judged, python_of, run_python

if TYPE_CHECKING:
    from pathlib import Path

START = ""

FILES = {
    "plain.csv": "id,sex,score\n1,F,2.5\n2,M,3\n3,F,4.25\n",
    "missing.csv": "id,sex,score,n\n1,F,2.5,1\n2,NA,NA,\n,M,,3\n4,F,1,NA\n",
    "empty_text.csv": "id,sex,score\n1,F,2.5\n2,,NA\n3,NA,\n4,M,1\n",
    "words.csv": "id,answer,none\n1,None,1\n2,null,2\n3,n/a,3\n4,nan,4\n",
    "codes.csv": "id,score,class\n1,-99,a\n2,5,refused\n3,7,b\n",
    "names.csv": "my id,2nd,a-b,ok\n1,2,3,4\n5,6,7,8\n",
    "unnamed.csv": '"","x","y"\n"r1",1,2\n"r2",3,4\n',
    "semicolon.csv": 'id;taille;nom\n1;140,5;"é"\n2;;"b"\n'.encode("latin-1"),
    "tabs.tsv": "id\tname\tx\n1\ta b\t1.5\n2\tc\tNA\n",
    "blanks.txt": "# a comment\nid  x   y\n1   2.5 a\n2   NA  b\n",
    "bare.txt": "1 2 a\n3 4 b\n",
    "truth.csv": "id,yes,letter\n1,TRUE,T\n2,FALSE,F\n3,TRUE,T\n",
    "skipped.csv": "made by hand\n\nid,x\n1,2\n3,4\n5,6\n",
    "bom.csv": "\ufeffid,x\n1,2\n3,4\n",
}

CASES = {
    "plain": 'read.csv("plain.csv")',
    "missing": 'read.csv("missing.csv")',
    "missing counted": 'd <- read.csv("missing.csv")\ncolSums(is.na(d))',
    "empty as NA": 'read.csv("empty_text.csv", na.strings = c("", "NA"))',
    "words": 'read.csv("words.csv")',
    "codes": 'read.csv("codes.csv", na.strings = c("NA", "-99", "refused"))',
    "factors": 'd <- read.csv("plain.csv", stringsAsFactors = TRUE)\nlevels(d$sex)',
    "factors in frame": 'read.csv("plain.csv", stringsAsFactors = TRUE)',
    "names kept": 'read.csv("names.csv", check.names = FALSE)',
    "row names": 'd <- read.csv("unnamed.csv", row.names = 1)\nrownames(d)',
    "row names by name": 'd <- read.csv("plain.csv", row.names = "id")\nd$score',
    "csv2": 'read.csv2("semicolon.csv", fileEncoding = "latin1")',
    "delim": 'read.delim("tabs.tsv")',
    "csv with tab": 'read.csv("tabs.tsv", sep = "\\t")',
    "table": 'read.table("blanks.txt", header = TRUE)',
    "table without names": 'read.table("bare.txt")',
    "table named": 'read.table("bare.txt", col.names = c("a", "b", "c"))',
    "table csv": 'read.table("plain.csv", header = TRUE, sep = ",")',
    "truth": 'read.csv("truth.csv")[, c("id", "yes")]',
    "skip": 'read.csv("skipped.csv", skip = 2, nrows = 2)',
    "bom": 'read.csv("bom.csv", fileEncoding = "UTF-8-BOM")',
    "classes by name": 'd <- read.csv("plain.csv", colClasses = c(id = "character", sex = "factor"))\nd$id',
    "classes by place": 'd <- read.csv("plain.csv", colClasses = c("numeric", "factor", "numeric"))\nlevels(d$sex)',
    "readr": 'read_csv("missing.csv", show_col_types = FALSE)',
    "readr empty": 'read_csv("empty_text.csv")',
    "readr words": 'read_csv("words.csv")',
    "readr na": 'read_csv("codes.csv", na = c("", "NA", "-99", "refused"))',
    "readr na variable": 'gone <- c("", "NA", "refused", "-99")\nread_csv("codes.csv", na = gone)',
    "readr one na": 'read_csv("codes.csv", na = "refused")',
    "readr types": 'read_csv("plain.csv", col_types = cols(id = col_character(), score = col_double()))',
    "readr tab": 'read_tsv("tabs.tsv")',
    "readr delim": 'read_delim("semicolon.csv", delim = ";", locale = locale(encoding = "latin1", decimal_mark = ","))',
    "readr csv2": 'read_csv2("semicolon.csv", locale = locale(encoding = "latin1", decimal_mark = ","))$id',
    "path": 'folder <- "."\nread.csv(file.path(folder, "plain.csv"))',
    "path constant": 'read.csv(file.path(".", "plain.csv"))',
    "exists": 'c(file.exists("plain.csv"), file.exists("nothing.csv"))',
    "spss": 'read_sav("labelled.sav")',
    "stata": 'read_dta("labelled.dta")',
    "stata zapped": 'd <- zap_labels(read_dta("labelled.dta"))\nd$sex * 100',
    "pipe": 'read_csv("missing.csv") %>% mutate(k = id + 1) %>% select(k)',
    "written": 'd <- read.csv("missing.csv")\nwrite.csv(d, "out.csv", row.names = FALSE)\nread.csv("out.csv")',
    "written by readr": 'd <- read_csv("missing.csv")\nwrite_csv(d, "out2.csv")\nread_csv("out2.csv")',
    "written table": (
        'd <- read.csv("plain.csv")\nwrite.table(d, "out3.txt", sep = "\\t", row.names = FALSE)\nread.delim("out3.txt")'
    ),
}
#: What only comes out as R's when the file can be looked at.
SEEN = {
    "empty text in the data": 'nchar(read.csv("plain.csv")$sex)',
    "names checked": 'read.csv("names.csv")',
    "first name empty": 'read.csv("unnamed.csv")',
}


def prepare(folder: Path) -> None:
    """Write the files that the cases read."""
    for name, content in FILES.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)


LABELLED = """
d <- data.frame(id = c(1, 2, 3), text = c("a", "", "c"))
d$sex <- haven::labelled(c(1, 2, NA), c(male = 1, female = 2))
haven::write_sav(d, "labelled.sav")
haven::write_dta(d, "labelled.dta")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files."""
    found = tmp_path_factory.mktemp("reading")
    prepare(found)
    return found


@pytest.fixture(scope="module")
def truth(folder: Path) -> dict[str, Any]:
    """What R makes of the cases."""
    return judged({"labelled files": f"{LABELLED}0", **CASES, **SEEN}, START, folder)


@pytest.mark.needs_r
@pytest.mark.parametrize("seen", [False, True], ids=["unseen", "seen"])
@pytest.mark.parametrize("name", CASES)
def test_value_is_r_s(
    name: str, folder: Path, truth: dict[str, Any], monkeypatch: pytest.MonkeyPatch, *, seen: bool
) -> None:
    """Values, columns and rows come out as in R, whether the translator could look at the file or not."""
    monkeypatch.chdir(folder)
    python = python_of(CASES[name], START, folder if seen else None)
    assert differences(run_python(python), truth[name]) == [], python


@pytest.mark.needs_r
@pytest.mark.parametrize("name", SEEN)
def test_value_is_r_s_when_seen(
    name: str, folder: Path, truth: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names that R changes come out as R's when the file lies beside the script."""
    monkeypatch.chdir(folder)
    python = python_of(SEEN[name], START, folder)
    assert differences(run_python(python), truth[name]) == [], python


#: R code that has no translation, and what the reason must say.
REFUSED = {
    'read.csv("a.csv", sep = c(",", ";"))': "one text each",
    'read.csv("a.csv", nrows = "three")': "one number",
    'read.csv("a.csv", colClasses = "Date")': "Date",
    'readRDS("fit.rds")': "R's own format",
    'load("all.RData")': "R's own format",
    "data(sleepstudy)": "write.csv(sleepstudy",
    'data("Exam", package = "mlmRev")': "write.csv(mlmRev::Exam",
    'foreign::read.spss("a.sav")': "foreign",
    'd <- haven::read_sav("a.sav", user_na = TRUE)': "user_na",
    'read_csv("a.csv", col_types = "cdi")': "col_types",
}


@pytest.mark.parametrize("code", REFUSED)
def test_refused_with_a_reason(code: str) -> None:
    """What cannot be right is left, and the reason says what to do."""
    (left,) = translate(code).leftovers
    assert REFUSED[code] in left.reason

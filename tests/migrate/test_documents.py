"""R code is found in documents, at its lines, and nothing else is taken for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lmebridge.errors import LmebridgeError
from lmebridge.migrate import translate
from lmebridge.migrate.documents import pieces
from tests.migrate.corpus import SCRIPTS

DOCUMENTS = Path(__file__).parents[3] / "shared" / "documents"
MARKDOWN = """---
title: a report
---

Prose with `code` in it.

```{r setup, include=FALSE}
library(lme4)
```

```{python}
x = 1
```

```{r, eval=FALSE}
install.packages("lme4")
```

```{r}
#| label: fit
#| eval: true
y <- 2
```
"""
PAGE = """<html><body><p>We fit &amp; see.</p>
<pre class="sourceCode r"><code class="sourceCode r">m &lt;- lm(<span>y</span> ~ x)
</code></pre>
<pre><code>## (Intercept)</code></pre>
<pre class="python"><code>m = 1</code></pre>
"""
PLAIN_PAGE = "<pre>m &lt;- lm(y ~ x)\nsummary(m)</pre><p>It fits.</p><pre>Call:\nlm(formula = y ~ x)</pre>"
NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "source": ["# A fit"]},
            {"cell_type": "code", "source": ["x <- 1\n", "y <- 2"]},
            {"cell_type": "code", "source": ["x + y"]},
        ],
        "metadata": {"kernelspec": {"language": "R", "name": "ir"}},
    }
)
PYTHON_NOTEBOOK = NOTEBOOK.replace('"language": "R"', '"language": "python"').replace('"x + y"', '"%%R\\nprint(1)"')
TEXT = """We read the data with read.csv, as ever (see above).
import pandas as pd
df = pd.read_csv("d.csv")
print("Rows:", df.shape)
ax.set_title("R is not this")
d <- read.csv("d.csv")
# the model
m <- lmer(y ~ x +
  (1 | g), data = d)
summary(m)
Formula: y ~ x + (1 | g)
   Data: d
Call:
lm(formula = y ~ x)
m
Group
"""


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.R", "x <- 1\n", [(1, "x <- 1\n")]),
        (
            "a.Rmd",
            MARKDOWN,
            [
                (8, "library(lme4)\n"),
                (10, "\n```{python}\nx = 1\n```\n"),
                (15, '\n# install.packages("lme4")\n'),
                (21, "\ny <- 2\n"),
            ],
        ),
        ("a.md", "```r\nx <- 1\n```\n```python\nx = 1\n```\n", [(2, "x <- 1\n")]),
        ("a.html", PAGE, [(2, "m <- lm(y ~ x)\n")]),
        ("a.htm", PLAIN_PAGE, [(1, "m <- lm(y ~ x)\nsummary(m)\n")]),
        ("a.ipynb", NOTEBOOK, [(1, "x <- 1\ny <- 2\n"), (2, "\nx + y\n")]),
        ("b.ipynb", PYTHON_NOTEBOOK, [(3, "\nprint(1)\n")]),
        ("c.ipynb", "no notebook", []),
        ("a.txt", TEXT, [(6, TEXT[TEXT.index("d <-") : TEXT.index("Formula")]), (14, "\nm\n")]),
    ],
)
def test_code_is_found_at_its_lines(name, text, expected):
    """The code of a document comes out as it stands there, with its line; what does not run is a comment."""
    assert [(piece.line, piece.text) for piece in pieces(text, name)] == expected


#: Openings of chunks, and what is said of those that cannot be taken; nothing of those that calculate nothing.
CHUNKS = {
    "```{python}": "another language (python)",
    "```{python, echo=FALSE}": "another language (python)",
    "```{sql, connection=con}": "another language (sql)",
    "```{bash}": "another language (bash)",
    "```{julia}": "another language (julia)",
    "```{r, engine='python'}": "another language (python)",
    '```{r child="part.Rmd"}': "elsewhere (`child`)",
    "```{r, code=readLines('a.R')}": "elsewhere (`code`)",
    "```{python, eval=FALSE}": "",
    "```{css}": "",
    "```{=html}": "",
    "```{.python}": "",
    "```python": "",
}


@pytest.mark.parametrize("opening", CHUNKS)
def test_what_is_no_r_is_listed(opening):
    """A chunk that runs and is no R stays as comments, is listed at its line, and leaves the rest as it is."""
    found = translate(f"```{{r}}\nx <- 1\n```\n\n{opening}\ny = 1\n```\n\n```{{r}}\nx\n```\n", name="a.Rmd")
    assert [left.line for left in found.leftovers] == ([5] if CHUNKS[opening] else [])
    assert all(CHUNKS[opening] in left.reason for left in found.leftovers)
    assert found.python.endswith("print(x)\n")
    assert (f"# R: {opening}\n# R: y = 1\n# R: ```\n" in found.python) is bool(CHUNKS[opening])


def test_a_document_without_r_is_refused():
    """Where every chunk is of another language, there is nothing to translate."""
    with pytest.raises(LmebridgeError, match="has no R code"):
        translate("```{python}\nx = 1\n```\n", name="a.qmd")


@pytest.mark.parametrize("name", ["growth_orthodont.Rmd", "growth_oxboys.qmd"])
def test_statements_have_the_lines_of_the_document(name):
    """A statement of a chunk is at its line of the document, where R's own record has it."""
    text = (SCRIPTS / name).read_text(encoding="utf-8")
    record = json.loads((SCRIPTS / "goldens" / f"{name.partition('.')[0]}.json").read_text(encoding="utf-8"))
    found = [(one.line, one.end_line) for one in translate(text, name=name).statements]
    assert found == [(one["line"][0], one["end_line"][0]) for one in record["statements"]]


@pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the documents are not beside the project")
@pytest.mark.parametrize(
    ("name", "count", "left"),
    # What is left of the first is a printed table's cosmetics; of the second, a folder on somebody's disk.
    [("000_97adf8c2f2672615.txt", 90, {"knitr::kable"}), ("004_4a13353584a61015.txt", 53, {"setwd"})],
)
def test_published_pages(name, count, left):
    """Of the pages, in which R stands between prose, output and Python, every statement is found and translated."""
    found = translate((DOCUMENTS / name).read_text(encoding="utf-8"), name=name)
    assert len(found.statements) == count
    assert {one.code.partition("(")[0] for one in found.leftovers} <= left
    compile(found.python, name, "exec")

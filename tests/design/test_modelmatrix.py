"""Terms become columns with R's coding, order and names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lmebridge.design.modelframe import Variable
from lmebridge.design.modelmatrix import make_recipe, model_matrix, variable_name
from lmebridge.evaluation.evaluator import Scope
from lmebridge.formula.terms import terms
from lmebridge.rsyntax import parse_expression

DATA = pd.DataFrame(
    {
        "x": [1.0, 3, 2, 5, 4, 7],
        "my var": [1.0, 3, 2, 5, 4, 7],
        "y": [1.5, 2.5, 3.5, 4.5, 5.5, 6.5],
        "f": pd.Categorical(list("abcabc")),
        "o": pd.Categorical([1, 2, 3, 4, 5, 1], ordered=True),
        "l": [False, False, True, True, True, True],
    }
)

#: Right-hand side and the names R 4.2.2 gives the columns, one space between names with no space in them.
NAMES = {
    "`my var`": "(Intercept)|`my var`",
    "log(`my var`)": "(Intercept)|log(`my var`)",
    "`my var`:f": "(Intercept)|`my var`:fa|`my var`:fb|`my var`:fc",
    "poly(x, 1)": "(Intercept)|poly(x, 1)",
    "poly(x, 2)": "(Intercept)|poly(x, 2)1|poly(x, 2)2",
    "scale(x)": "(Intercept)|scale(x)",
    "cbind(x, x^2)": "(Intercept)|cbind(x, x^2)x|cbind(x, x^2)",
    "cbind(a = x, y)": "(Intercept)|cbind(a = x, y)a|cbind(a = x, y)y",
    "scale(cbind(x, y))": "(Intercept)|scale(cbind(x, y))x|scale(cbind(x, y))y",
    "o": "(Intercept)|o.L|o.Q|o.C|o^4",
    "0 + o": "o1|o2|o3|o4|o5",
    "l": "(Intercept)|lTRUE",
    "0 + l": "lFALSE|lTRUE",
    "l:f": "(Intercept)|lFALSE:fa|lTRUE:fa|lFALSE:fb|lTRUE:fb|lFALSE:fc|lTRUE:fc",
    "f:x": "(Intercept)|fa:x|fb:x|fc:x",
    "0 + x + f": "x|fa|fb|fc",
    "0 + x:f + f": "fa|fb|fc|x:fa|x:fb|x:fc",
    "f + l:f": "(Intercept)|fb|fc|fa:lTRUE|fb:lTRUE|fc:lTRUE",
    "x %in% f": "(Intercept)|x:fa|x:fb|x:fc",
    "f %in% l": "(Intercept)|fa:lFALSE|fb:lFALSE|fc:lFALSE|fa:lTRUE|fb:lTRUE|fc:lTRUE",
    "0 + l + f": "lFALSE|lTRUE|fb|fc",
    "I(x > 2)": "(Intercept)|I(x > 2)TRUE",
    'ifelse(x > 2, "u", "v")': '(Intercept)|ifelse(x > 2, "u", "v")v',
    "x == 2": "(Intercept)|x == 2TRUE",
    "f:poly(x, 2)": "(Intercept)|fa:poly(x, 2)1|fb:poly(x, 2)1|fc:poly(x, 2)1"
    "|fa:poly(x, 2)2|fb:poly(x, 2)2|fc:poly(x, 2)2",
    "x:f:l": "(Intercept)|x:fa:lFALSE|x:fb:lFALSE|x:fc:lFALSE|x:fa:lTRUE|x:fb:lTRUE|x:fc:lTRUE",
    "f * l * x": "(Intercept)|fb|fc|lTRUE|x|fb:lTRUE|fc:lTRUE|fb:x|fc:x|lTRUE:x|fb:lTRUE:x|fc:lTRUE:x",
    "factor(x > 2)": "(Intercept)|factor(x > 2)TRUE",
    "-1 + x": "x",
    "l * f - l": "(Intercept)|fb|fc|lTRUE:fa|lTRUE:fb|lTRUE:fc",
    "f + x - x": "(Intercept)|fb|fc",
    "f/l": "(Intercept)|fb|fc|fa:lTRUE|fb:lTRUE|fc:lTRUE",
    "offset(x) + f": "(Intercept)|fb|fc",
    "0": "",
}


def matrix_of(right_side: str, contrasts: dict[str, str] | None = None):
    """The model matrix of a right-hand side on the six rows."""
    found = terms(parse_expression(right_side))
    scope = Scope(DATA, [])
    values = {variable_name(node): Variable(node).value(scope) for node in found.variables}
    return model_matrix(make_recipe(found, values, contrasts or {}), values, len(DATA))


@pytest.mark.parametrize(("right_side", "names"), NAMES.items())
def test_names_are_those_of_r(right_side, names):
    """Read off R 4.2.2: ``colnames(model.matrix(~ ...))``."""
    matrix = matrix_of(right_side)
    assert "|".join(matrix.names) == names
    assert matrix.values.shape == (6, len(matrix.names))


def test_contrasts_by_variable():
    """Other contrast functions are for the variables named alone; a truth value becomes a factor."""
    assert matrix_of("f + l", {"f": "contr.sum"}).names == ("(Intercept)", "f1", "f2", "lTRUE")
    assert matrix_of("f + l", {"l": "contr.sum"}).names == ("(Intercept)", "fb", "fc", "l1")


def test_values_of_an_interaction():
    """Products of the columns, the first factor's levels fastest."""
    matrix = matrix_of("0 + f:x")
    np.testing.assert_array_equal(matrix.values, [[1, 0, 0], [0, 3, 0], [0, 0, 2], [5, 0, 0], [0, 4, 0], [0, 0, 7]])
    assert matrix.assign == (1, 1, 1)

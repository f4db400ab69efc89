"""The algebra of terms against R's ``terms.formula``."""

from __future__ import annotations

import random
from typing import Any

import pytest

from lmebridge.errors import FormulaError
from lmebridge.formula.terms import Terms, terms
from lmebridge.rsyntax import deparse, parse_expression
from tests import judge

#: Right-hand side to R's term.labels and intercept; every line was taken from R 4.2.2.
LABELS = {
    "a": ("a", 1),
    "a + b": ("a b", 1),
    "b + a + a:b": ("b a b:a", 1),
    "a * b": ("a b a:b", 1),
    "a * b * c": ("a b c a:b a:c b:c a:b:c", 1),
    "a * b - a": ("b a:b", 1),
    "(a + b + c)^2": ("a b c a:b a:c b:c", 1),
    "(a + b + c)^2 - a:b": ("a b c a:c b:c", 1),
    "a / b / c": ("a a:b a:b:c", 1),
    "a / (b + c)": ("a a:b a:c", 1),
    "(a + b) / c": ("a b a:b:c", 1),
    "a %in% b": ("a:b", 1),
    "a + b %in% a + c": ("a c a:b", 1),
    "a * b %in% c": ("a b:c a:b:c", 1),
    "a:b + a": ("a a:b", 1),
    "a:a": ("a", 1),
    "a^2": ("a", 1),
    "a - a": ("", 1),
    "-a": ("", 1),
    "0": ("", 0),
    "1": ("", 1),
    "-1": ("", 0),
    "-0": ("", 1),
    "+1": ("", 1),
    "NULL": ("", 1),
    "TRUE": ("", 1),
    "a - 1": ("a", 0),
    "a + 0": ("a", 0),
    "a - 0": ("a", 1),
    "a - 1 + 1": ("a", 1),
    "1 + a - 1 + 1": ("a", 1),
    "a - (1 - 1)": ("a", 1),
    "a - (b + 1)": ("a", 0),
    "a * 0": ("a", 0),
    "a:1": ("", 1),
    "(a - 1) * b": ("a b a:b", 0),
    "offset(w) + a * offset(z)": ("a", 1),
    "a:offset(w)": ("", 1),
    "a - offset(w)": ("a", 1),
    "I(a + b)^2": ("I(a + b)", 1),
    "log(a) * poly(b, 2)": ("log(a) poly(b, 2) log(a):poly(b, 2)", 1),
    "`b c`:d + a": ("a `b c`:d", 1),
    "log( a ) + log(a)": ("log(a)", 1),
}

#: More right-hand sides to compare with R in full: labels, factors, codings, intercept, variables, offsets.
MORE = [
    "a + b - b",
    "a:b:c + a",
    "a:b + a:b:c",
    "a:b:c + a:b + b:c",
    "a + a:b:c",
    "a:b - 1",
    "a:b + b:c + a:c",
    "a + b:c",
    "b:c + a",
    "d:c + b:a + c + a",
    "(a + b)^3",
    "(a + b + c + d)^3",
    "(a + b):c",
    "(a + b):(c + d)",
    "(a * b):c",
    "a * (b + c)",
    "a * (b / c)",
    "(a * b) / c",
    "a / b * c",
    "a / b:c",
    "a:b / c",
    "a %in% (b + c)",
    "(a + b) %in% c",
    "(a:b) %in% c",
    "a %in% b:c",
    "a %in% b %in% c",
    "(a + 1)^2",
    "(a + b - 1)^2",
    "a - 1 - 1",
    "a + FALSE",
    "a + 1L",
    "a + 0L",
    "a + (0 + 1)",
    "a + (b + (c + d))",
    "((a))",
    "-(a + b) + a",
    "+a - -b",
    "a - (b - a)",
    "a * b - (a + b)",
    "a * b * c - a:b:c",
    "a * b * c - b",
    "a * b * c - a - b - c",
    "a^2L",
    "(a + b)^10",
    "b + a + b:a + a:b",
    "a + b + a + b",
    "scale(x) + as.vector(scale(x))",
    "factor(z) * x",
    "I(x^2) + I(x^3)",
    "poly(x, 2):f + f",
    "ns(x, df = 3) + bs(x)",
    "ifelse(x > 0, 1, 0)",
    "x > 0",
    "!f",
    "x %% 2 + x %/% 3",
    "cut(x, c(0, 1, 2)) - 1",
    "offset(log(w)) + offset(z) - 1",
    "offset(w)",
    "a * offset(w)",
    "0 + offset(w) + a",
    "f:g:h",
    "f:g:h + f:g + g",
    "f + g:h + f:g:h",
    "f * g + f:h",
    "x:f + f:g",
    "stats::poly(x, 2) + a",
    "`my var` + `TRUE`:b",
    "a.b + .c + d_e",
    "T + F",
    "log(a + b) + log(b + a)",
    "f(a)(b) + c",
    "a:b:c:d - a",
]

#: What R refuses, and we with it.
REFUSED = ["2", "a + 2", "'a'", "a^1", "a^b", "a^0", "(a + b)^(2)", "a^-1", "a + NA", "a + 0.5"]


@pytest.mark.parametrize(("text", "expected"), LABELS.items())
def test_labels_and_intercept(text: str, expected: tuple[str, int]) -> None:
    """Terms come in R's order with R's labels; 0, 1 and minus work on the intercept as in R."""
    read = terms(parse_expression(text))
    assert (" ".join(read.labels), int(read.intercept)) == expected


#: Right-hand side to R's codings: 1 contrasts, 2 a dummy for every level; taken from R 4.2.2.
CODINGS = {
    "a + b": ((1,), (1,)),
    "a * b": ((1,), (1,), (1, 1)),
    "a:b": ((2, 2),),
    "a + a:b": ((1,), (2, 1)),
    "a / b / c": ((1,), (2, 1), (2, 2, 1)),
    "(a + b) / c": ((1,), (1,), (2, 2, 2)),
    "a:b + a:b:c": ((2, 2), (2, 2, 1)),
    "a * b - a": ((1,), (1, 2)),
    "a * b %in% c": ((1,), (2, 2), (1, 2, 2)),
}


@pytest.mark.parametrize(("text", "codings"), CODINGS.items())
def test_codings_follow_the_margins(text: str, codings: tuple[tuple[int, ...], ...]) -> None:
    """A factor gets a dummy for every level where the term without it is not in the model."""
    assert terms(parse_expression(text)).codings == codings


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_term_is_refused(text: str) -> None:
    """Numbers, strings and strange powers are no terms."""
    with pytest.raises(FormulaError):
        terms(parse_expression(text))


def test_inner_tilde_is_refused() -> None:
    """A second `~` is refused; R would silently take its right-hand side."""
    with pytest.raises(FormulaError, match="one `~` only"):
        terms(parse_expression("a + (b ~ c)"))


def test_dot_must_be_resolved_before() -> None:
    """`.` has no meaning without data."""
    with pytest.raises(FormulaError, match=r"`\.` stands for the columns"):
        terms(parse_expression("a + ."))


def test_error_points_into_the_text_given() -> None:
    """With the formula's text, an error shows the place in it."""
    tree = parse_expression("y ~ a + b^1")
    with pytest.raises(FormulaError, match=r"y ~ a \+ b\^1\n {12}\^\^\^"):
        terms(tree, "y ~ a + b^1")


def test_explosion_is_refused() -> None:
    """An expansion to millions of terms is refused instead of never ending."""
    with pytest.raises(FormulaError, match="more than 20,000 terms"):
        terms(parse_expression(" * ".join(f"x{i}" for i in range(30))))


def test_long_sums_are_no_problem() -> None:
    """A sum of thousands of variables is read without recursion."""
    assert len(terms(parse_expression(" + ".join(f"x{i}" for i in range(3000)))).labels) == 3000


def full(read: Terms) -> dict[str, Any]:
    """Terms in the layout of the R program below."""
    columns = [dict(zip(f, c, strict=True)) for f, c in zip(read.factors, read.codings, strict=True)]
    rows = range(len(read.variables)) if columns else ()
    return {
        "variables": [deparse(variable) for variable in read.variables],
        "labels": list(read.labels),
        "factors": [[column.get(row, 0) for column in columns] for row in rows],
        "intercept": int(read.intercept),
        "offsets": [deparse(offset) for offset in read.offsets],
    }


TERMS_BY_R = """
describe <- function(text) {
  read <- tryCatch(terms(as.formula(paste("~", text))), error = function(e) NULL)
  if (is.null(read)) return(NULL)
  variables <- vapply(as.list(attr(read, "variables"))[-1L], function(v) deparse(v, 500L, backtick = TRUE), "")
  factors <- attr(read, "factors")
  list(
    variables = I(variables),
    labels = I(attr(read, "term.labels")),
    factors = if (length(factors)) unname(factors) else I(integer()),
    intercept = attr(read, "intercept"),
    offsets = I(variables[attr(read, "offset")])
  )
}
unname(lapply(texts, describe))
"""


@pytest.fixture(scope="module")
def terms_by_r(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """By right-hand side, what R's ``terms.formula`` says; None where it refuses."""
    texts = [*LABELS, *MORE, *REFUSED]
    found = judge.run_r(TERMS_BY_R, tmp_path_factory.mktemp("terms"), texts=texts)
    return dict(zip(texts, found, strict=True))


@pytest.mark.needs_r
@pytest.mark.parametrize("text", [*LABELS, *MORE])
def test_terms_are_r_s(text: str, terms_by_r: dict[str, Any]) -> None:
    """Variables, labels, factors with their codings, intercept and offsets are R's."""
    assert full(terms(parse_expression(text))) == terms_by_r[text]


@pytest.mark.needs_r
@pytest.mark.parametrize("text", REFUSED)
def test_r_refuses_what_we_refuse(text: str, terms_by_r: dict[str, Any]) -> None:
    """The table of refused right-hand sides is R's."""
    assert terms_by_r[text] is None


def random_right_sides(count: int, seed: int) -> list[str]:
    """Right-hand sides put together at random from few variables, so that terms meet again and again."""
    chance = random.Random(seed)

    def part(depth: int) -> str:
        if depth == 0 or chance.random() < 0.25:
            return chance.choice(["a", "b", "c", "d", "log(a)", "0", "1", "offset(w)"])
        if chance.random() < 0.15:
            return f"({part(depth - 1)})^{chance.choice('23')}"
        sign = chance.choice(["+", "+", "-", "*", "/", ":", "%in%"])
        left, right = part(depth - 1), part(depth - 1)
        return f"({left} {sign} {right})" if chance.random() < 0.5 else f"{left} {sign} {right}"

    return [part(4) for _ in range(count)]


@pytest.mark.needs_r
@pytest.mark.slow
def test_random_right_sides_are_read_as_r_reads_them(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hundreds of right-hand sides that nobody thought of give R's terms."""
    texts = random_right_sides(400, seed=20261121)
    by_r = judge.run_r(TERMS_BY_R, tmp_path_factory.mktemp("random"), texts=texts)
    ours = [full(terms(parse_expression(text))) for text in texts]
    assert [text for text, mine, r in zip(texts, ours, by_r, strict=True) if r is not None and mine != r] == []
    assert sum(r is not None for r in by_r) > 350

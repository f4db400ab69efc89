"""Formulas in plain words; the first six are those of the table of forms that the documents print."""

from __future__ import annotations

import pytest

from lmebridge.errors import FormulaError
from lmebridge.formula.explain import explain
from lmebridge.formula.model_formula import parse_formula

#: Sample equation to what must be said and what must not, checked against the meaning the documents' table gives.
FORMS = {
    # (1|g): null model, or varying intercept
    "P8 ~ 1 + (1 | OFSTEDRATING)": (
        ["a varying intercept", "Each level of OFSTEDRATING lies above or below the overall intercept"],
        ["slope", "correlat", "separate groupings"],
    ),
    # (1|g1/g2): intercept varying within g1 and for g2 within g1
    "P8 ~ 1 + (1 | LocalAuthority/Region)": (
        [
            "short for (1 | LocalAuthority) + (1 | Region:LocalAuthority)",
            "LocalAuthority is the larger unit",
            "if it is LocalAuthority that lies within Region, write Region/LocalAuthority",
            "The same again for each Region within its LocalAuthority",
        ],
        ["slope", "separate groupings"],
    ),
    # (1|g1) + (1|g2): intercept varying among g1 and g2
    "P8 ~ 1 + (1 | OFSTEDRATING) + (1 | Region)": (
        [
            "Each level of OFSTEDRATING lies above or below",
            "Each level of Region lies above or below",
            "OFSTEDRATING and Region are separate groupings",
        ],
        ["slope", "short for"],
    ),
    # (0+x|g): varying slope
    "P8 ~ Disadvantage + (0 + Disadvantage | OFSTEDRATING)": (
        [
            "a varying slope. Each level of OFSTEDRATING has a slope of Disadvantage of its own",
            "above or below the overall one, while the intercept does not vary",
            "Estimated: the variance of the slopes",
        ],
        ["a varying intercept"],
    ),
    # x + (x|g): varying and correlated intercepts and slopes
    "P8 ~ Disadvantage + (Disadvantage | OFSTEDRATING)": (
        [
            "varying intercepts and slopes, correlated",
            "an intercept and a slope of Disadvantage of its own, above or below the overall one",
            "Estimated: 2 variances and 1 correlation",
        ],
        ["uncorrelated"],
    ),
    # x + (x||g): uncorrelated intercepts and slopes
    "P8 ~ Disadvantage + (Disadvantage || OFSTEDRATING)": (
        ["varying intercepts and slopes, uncorrelated", "2 variances. The correlation is taken to be 0"],
        ["slopes, correlated"],
    ),
}

#: Other formulas to what must be said.
SAID = {
    "log(y) ~ x + (1 | g)": ["log(y): the natural logarithm of y", "multiplies y by exp(b)"],
    "y ~ log(x) + (1 | g)": ["log(x): the natural logarithm of x", "when it is 1 higher"],
    "y ~ log(x, 3) + (1 | g)": ["the logarithm of x to base 3"],
    "y ~ factor(z) + (1 | g)": ["z as a factor", "the difference of each further level from the first"],
    "y ~ as.vector(scale(x)) + (1 | g)": ["x minus its mean, divided by its standard deviation"],
    "y ~ poly(x, 2) + (1 | g)": ["a polynomial in x", "several coefficients that together describe the curve"],
    "y ~ I(x^2) + (x > 3) + (1 | g)": ["x^2, computed as arithmetic", "whether x > 3"],
    "y ~ a * b + (1 | g)": ["a:b: an interaction, by how much the effect of a changes with b"],
    "y ~ a * b * c + (1 | g)": ["by how much the interaction of a and b changes with c"],
    "y ~ a/b + (1 | g)": ["a:b: the effect of b within each level of a"],
    "y ~ a:b + (1 | g)": ["a:b: the product of a and b"],
    "y ~ x + offset(w) + (1 | g)": ["offset(w): w is added as it is; nothing is estimated for it"],
    "y ~ 0 + x + (1 | g)": ["0: no intercept"],
    "y ~ 0 + (1 | g)": ["0: no intercept, the expected response is 0"],
    "y ~ . - g + (1 | g)": [". stands for every column of the data but y"],
    "y ~ 1 + (x | g)": ["above or below 0, as x is not among the fixed effects"],
    "y ~ x + (0 + x + z | g)": ["varying slopes, correlated", "as z is not among the fixed effects"],
    "y ~ x + z + (x + z || g)": ["The 3 correlations are taken to be 0"],
    "y ~ (1 | a:b)": ["Each combination of a and b that occurs"],
    "y ~ (1 | a/b/c)": ["each b within its a", "each c within its a and b"],
    "y ~ x + cs(x | g)": ["Every two of them have the same correlation", "lme4 2.0-6 or later"],
    "cbind(k, n - k) ~ x + (1 | g)": ["the counts of successes and of failures"],
    "y ~ x": ["Errors are normal with mean 0"],
    "~ (1 | g)": ["a varying intercept"],
}


def in_one_line(text: str) -> str:
    """Text without its line breaks."""
    return " ".join(text.split())


@pytest.mark.parametrize(("text", "expected"), FORMS.items())
def test_the_documents_forms_are_explained(text: str, expected: tuple[list[str], list[str]]) -> None:
    """Each form of the documents' table is explained with the meaning the table gives it."""
    said, unsaid = expected
    words = in_one_line(explain(text))
    assert [part for part in said if part not in words] == []
    assert [part for part in unsaid if part in words] == []


@pytest.mark.parametrize(("text", "said"), SAID.items())
def test_every_kind_of_term_is_explained(text: str, said: list[str]) -> None:
    """Transformations, interactions, offsets and groupings are named for what they do."""
    words = in_one_line(explain(text))
    assert [part for part in said if part not in words] == []


def test_explanation_shows_as_text() -> None:
    """At the prompt the explanation is readable without print()."""
    explanation = explain("y ~ x + (1 | g)")
    assert repr(explanation) == str(explanation)
    assert max(map(len, explanation.splitlines())) <= 92


def test_a_formula_read_before_is_explained_too() -> None:
    """A Formula and its text are explained alike."""
    assert explain(parse_formula("y ~ x + (1 | g)")) == explain("y ~ x + (1 | g)")


def test_what_is_no_formula_is_refused() -> None:
    """The reader's errors come through."""
    with pytest.raises(FormulaError, match="needs a grouping factor"):
        explain("y ~ (1 | )")


@pytest.mark.parametrize(
    ("family", "words"),
    [
        ("binomial", "each trial succeeds with the row's probability"),
        (("binomial", "probit"), "shifts the normal quantile of the probability by b"),
        ("poisson", "multiplies the mean by exp(b)"),
        ("negative.binomial(2)", "Negative Binomial(2): given the random effects, the response is a count"),
    ],
)
def test_a_family_is_explained(family, words):
    """A generalized model has a family section and no residual error; a gaussian one is a linear model."""
    told = " ".join(explain("k ~ x + (1 | g)", family=family).split())
    assert words in told
    assert "residual error" not in told
    assert explain("k ~ x + (1 | g)", family="gaussian") == explain("k ~ x + (1 | g)")

"""Models and what is asked of them: R line to Python line. The corpus holds their numbers to R's."""

from __future__ import annotations

import pytest

from lmebridge.migrate import translate
from tests.migrate.frames import one_line, python_of

START = """
library(lme4)
d <- read.csv("d.csv")
m <- lmer(y ~ x + (1 | school), data = d)
m2 <- lmer(y ~ x + (x | school), data = d, REML = FALSE)
f <- lm(y ~ x, data = d)
"""

LINES = {
    "lmer(y~x+(1|g), d, REML=F)": 'lme.lmer("y~x+(1|g)", d, REML=False)',
    "lme4::lmer(y ~ x + (1 | g), data = d)": 'lme.lmer("y ~ x + (1 | g)", d)',
    "lmer(log(y) ~ x +\n  (1 | g), data = d)": 'lme.lmer("log(y) ~ x + (1 | g)", d)',
    "lmer(y ~ x + (1 | g), d, weights = w, na.action = na.exclude)": (
        'lme.lmer("y ~ x + (1 | g)", d, weights="w", na_action="na.exclude")'
    ),
    "lmer(y ~ x + (1 | g), d, subset = x > 0)": 'lme.lmer("y ~ x + (1 | g)", d, subset="x > 0")',
    "lmer(y ~ f + (1 | g), d, contrasts = list(f = contr.sum))": (
        'lme.lmer("y ~ f + (1 | g)", d, contrasts={"f": "contr.sum"})'
    ),
    'lmer(y ~ x + (1 | g), d, control = lmerControl(optimizer = "bobyqa"))': (
        'lme.lmer("y ~ x + (1 | g)", d, control={"optimizer": "bobyqa"})'
    ),
    "glmer(y ~ x + (1 | g), d, family = binomial)": 'lme.glmer("y ~ x + (1 | g)", d, family="binomial")',
    'glmer(y ~ x + (1 | g), d, family = binomial(link = "probit"))': (
        'lme.glmer("y ~ x + (1 | g)", d, family=("binomial", "probit"))'
    ),
    "summary(m)$coefficients": "m.coef_table()",
    "coef(summary(m))[, 3]": "m.coef_table().iloc[:, 2]",
    "fixef(m)[1]": "m.fixef().iloc[0]",
    'fixef(m)[["x"]]': 'm.fixef()["x"]',
    "ranef(m)$school": 'm.ranef()["school"]',
    "ranef(m, condVar = TRUE)[[1]]": 'm.ranef()["school"]',
    'attr(ranef(m, condVar = TRUE)[[1]], "postVar")[1, , ]': 'm.ranef().postVar["school"][:, 0, 0]',
    "rownames(ranef(m)[[1]])": 'm.ranef()["school"].index',
    "coef(m)$school": 'm.coef()["school"]',
    "coef(f)": "f.coef()",
    "as.data.frame(VarCorr(m))": "m.VarCorr().to_frame()",
    "VarCorr(m)$school[1, 1]": 'm.VarCorr()["school"].iloc[0, 0]',
    'attr(VarCorr(m), "sc")': "m.VarCorr().sc",
    "predict(m, newdata = d, re.form = NA)": "m.predict(d, re_form=lme.NA)",
    "predict(m, re.form = NULL)": "m.predict()",
    "predict(m, d, re.form = ~0, allow.new.levels = TRUE)": 'm.predict(d, re_form="~0", allow_new_levels=True)',
    "fitted(m)": "m.fitted()",
    'resid(m, type = "pearson")': 'm.residuals(type="pearson")',
    "residuals(m, scaled = TRUE)": "m.residuals() / m.sigma()",
    "sigma(m)^2": "m.sigma() ** 2",
    'sqrt(diag(vcov(m)))["x"]': 'm.coef_table().loc["x", "Std. Error"]',
    "sqrt(diag(vcov(m)))": "np.sqrt(np.diag(m.vcov()))",
    "anova(m, m2)": "lme.anova(m, m2)",
    "anova(m, type = 2)": 'lme.anova(m, type="II")',
    "anova(m, m2, refit = FALSE)": "lme.anova(m, m2, refit=False)",
    'anova(m, m2)$"Pr(>Chisq)"[2]': 'lme.anova(m, m2)["Pr(>Chisq)"].iloc[1]',
    'confint(m, parm = "beta_", method = "Wald")': 'm.confint(parm="beta_", method="Wald")',
    "isSingular(m)": "m.isSingular()",
    'getME(m, "theta")': 'm.getME("theta")',
    "logLik(m, REML = FALSE)": "m.logLik(REML=False)",
    "update(m, . ~ . + z)": 'm.update(". ~ . + z")',
    "update(m, REML = FALSE)": "m.update(REML=False)",
    "performance::icc(m, by_group = TRUE)": "lme.icc(m, by_group=True)",
    "performance::icc(m)$ICC_adjusted": 'lme.icc(m)["ICC_adjusted"]',
    "ngrps(m)": "m.ngrps()",
    'drop1(m, test = "Chisq")': 'm.drop1(test="Chisq")',
    "lmerTest::lmer(y ~ x + (1 | g), d)": 'lme.lmer("y ~ x + (1 | g)", d)',
}


@pytest.mark.parametrize("code", LINES)
def test_line_is_idiomatic(code: str) -> None:
    """The line reads as a person would write it."""
    written = one_line(python_of(code, START)).removeprefix("result = ")
    assert written == LINES[code].replace("'", '"')


REFUSED = {
    "lmer(y ~ x + (1 | g))": "a model without `data`",
    "lmer(y ~ x + (1 | g), d, devFunOnly = TRUE)": "`devFunOnly`",
    "lmer(y ~ x + (1 | g), d, nonsense = 1)": "`nonsense`",
    "update(f, . ~ 1)": "`update` of a linear model",
    "summary(m)$call": "`$call` of a summary",
    "confint(m, parm = 3)": "name them",
    'attr(m, "class")': 'the attribute "class"',
}


@pytest.mark.parametrize("code", REFUSED)
def test_refused_with_a_reason(code: str) -> None:
    """What cannot be right is left, and the reason says why."""
    (left,) = translate(f"{START}\n{code}").leftovers
    assert REFUSED[code] in left.reason


def test_summary_of_lmertest_has_its_tests():
    """With lmerTest the table has degrees of freedom, and the variances follow."""
    python = translate(f"library(lmerTest)\n{START}\nsummary(m)").python
    assert python.endswith('print(m.coef_table(ddf="Satterthwaite"))\nprint(m.VarCorr())\n')


OWN_CONTRASTS = {
    "contr.sum(2) / 2": "has a function for",
    "contr.treatment(2, base = 2)": "has a function for",
    "matrix(c(-1, 1))": "has a function for",
}


@pytest.mark.parametrize("contrasts", OWN_CONTRASTS)
def test_own_contrasts_keep_their_models_only(contrasts):
    """Contrasts without a translation leave the models that name their column, and nothing else."""
    code = f"contrasts(d$f) <- {contrasts}\na <- lmer(y ~ f + (1 | g), d)\nb <- lmer(y ~ x + (1 | g), d)"
    found = translate(f"{START}\n{code}")
    assert [OWN_CONTRASTS[contrasts] in each.reason for each in found.leftovers] == [True, False]
    assert "contrasts that `f` was given above are not known" in found.leftovers[1].reason
    assert found.python.endswith('b = lme.lmer("y ~ x + (1 | g)", d)\n')


def test_contrasts_that_may_be_lost_are_refused():
    """Where it is not known whether a column still has its contrasts, its models are left."""
    code = "contrasts(d$f) <- contr.sum(2)\ne <- d[, -1]\na <- lmer(y ~ f + (1 | g), e)"
    (left,) = translate(f"{START}\n{code}").leftovers
    assert "are not known here" in left.reason


def test_contrasts_of_a_column_go_to_its_models():
    """R keeps contrasts with the column; here the models that name it take them."""
    code = "contrasts(d$f) <- contr.sum(2)\na <- lmer(y ~ f + (1 | g), d)\nb <- lmer(y ~ x + (1 | g), d)"
    lines = translate(f"{START}\n{code}").python.splitlines()
    assert lines[-2:] == [
        'a = lme.lmer("y ~ f + (1 | g)", d, contrasts={"f": "contr.sum"})',
        'b = lme.lmer("y ~ x + (1 | g)", d)',
    ]

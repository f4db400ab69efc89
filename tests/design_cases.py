"""The models that test_design and test_newdata build here and in lme4, over `tests.tables_for_r.table`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """A formula with the other arguments of `lFormula`; `arguments` is R code that adds them there."""

    formula: str
    weights: str | None = None
    offset: str | None = None
    subset: str | None = None
    contrasts: dict[str, str] = field(default_factory=dict)
    na_action: str = "na.omit"

    @property
    def arguments(self) -> str:
        """The other arguments as R code."""
        plain = {"weights": self.weights, "offset": self.offset, "subset": self.subset}
        code = [f"{name} = {text}" for name, text in plain.items() if text is not None]
        if self.contrasts:
            pairs = ", ".join(f"`{name}` = '{function}'" for name, function in self.contrasts.items())
            code.append(f"contrasts = list({pairs})")
        return ", ".join([*code, f"na.action = {self.na_action}"])


FORMULAS = """
y ~ 1 + (1 | g)
y ~ x + (1 | g)
y ~ x + (x | g)
y ~ 0 + x + (0 + x | g)
y ~ x + (1 + x || g)
y ~ x - 1 + (x - 1 | g)
y ~ x + (1 | g) + (1 | h)
y ~ x + (1 | h) + (1 | g)
y ~ x + (1 | nested/g)
y ~ x + (1 | nested/g/h)
y ~ x + (1 | g:nested)
y ~ x + (1 | f:t) + (1 | h) + (1 | g)
y ~ x + (1 | b) + (1 | f) + (1 | nested)
y ~ x + (1 | nested) + (1 | f) + (1 | g)
y ~ x + (1 | f) + (1 | nested) + (x | f)
y ~ x + (1 | g) + (0 + w | g)
y ~ f + (1 | g)
y ~ 0 + f + (1 | g)
y ~ f + (f | h)
y ~ f + (0 + f | h)
y ~ f + (f || h)
y ~ o + (1 | g)
y ~ 0 + o + (1 | g)
y ~ o + (o | nested)
y ~ b + (b | g)
y ~ 0 + b + (1 | g)
y ~ t + (1 | g)
y ~ t + (0 + t | nested)
y ~ factor(k) + (1 | g)
y ~ factor(n) + (1 | g)
y ~ as.factor(n) + (1 | h)
y ~ as.character(k) + (1 | g)
y ~ x * f + (1 | g)
y ~ f * x + (1 | g)
y ~ f * o + (1 | g)
y ~ f:x + (1 | g)
y ~ x:f + (1 | g)
y ~ f:b + (1 | g)
y ~ f + f:b + (1 | g)
y ~ 0 + f:b + (1 | g)
y ~ 0 + x:f + f + (1 | g)
y ~ f * b * x + (1 | g)
y ~ f * b * x - f:b:x + (1 | g)
y ~ (f + b + x)^2 + (1 | g)
y ~ f/b + (1 | g)
y ~ f/x + (1 | g)
y ~ b %in% f + (1 | g)
y ~ x + I(x^2) + (1 | g)
y ~ poly(x, 2) + (1 | g)
y ~ poly(x, 1) + (1 | g)
y ~ poly(x, 3) * b + (1 | g)
y ~ poly(x, 2, raw = TRUE) + (poly(x, 2) | nested)
y ~ poly(n, degree = 5) + (1 | g)
y ~ scale(x) + (scale(x) | g)
y ~ scale(x, scale = FALSE) + as.vector(scale(w)) + (1 | g)
y ~ log(scale(x) + 3) + (1 | g)
scale(y) ~ x + (1 | g)
y ~ ns(x, 3) + (1 | g)
y ~ ns(x, df = 4) + (ns(x, 2) | nested)
y ~ bs(x) + (1 | g)
y ~ bs(x, df = 5) + (1 | g)
y ~ bs(x, knots = c(3, 6), degree = 2) + (1 | g)
y ~ cut(x, 3) + (1 | g)
y ~ cut(x, c(0, 3, 6, 10)) + (1 | g)
y ~ cut(x, c(0, 3, 6, 10)) * w + (1 | g)
y ~ relevel(f, ref = "b") + (1 | g)
y ~ ifelse(x > 4, "hi", "lo") + (1 | g)
y ~ I(x > 4) + (1 | g)
y ~ (x > 4) + (1 | g)
log(y + 10) ~ log(x) + (1 | g)
b ~ x + (1 | g)
n ~ x + (1 | g)
nm ~ x + (1 | g)
y ~ xm + (1 | g)
y ~ xm + fm + (1 | g)
y ~ xm * fm + tm + (xm | g)
y ~ bm + nm + (1 | g)
y ~ x + (1 | fm) + (1 | g)
y ~ x + (1 | tm) + (1 | g)
y ~ x + (1 | fm:tm)
y ~ x + (xm | g)
y ~ log(w + 1) + (1 | g)
y ~ x + offset(w) + (1 | g)
y ~ offset(log(n)) + x + offset(w) + (1 | g)
y ~ `my var` + (`my var` | g)
y ~ log(`my var`) * f + (1 | g)
y ~ cbind(x, w) + (1 | g)
y ~ cbind(x, sq = x^2, w + 1) + (1 | g)
y ~ scale(cbind(x, w)) + (1 | g)
y ~ x + I(2 * x) + (1 | g)
y ~ f + I(f == "a") + x + I(f == "b") + (1 | g)
y ~ factor(g) + nested + (1 | h)
y ~ x + big + (1 | g)
y ~ x + (1 | g) + w
y ~ (1 | g) + x + (w | h)
y ~ (x + w) + ((1 | g) + (1 | h))
y ~ x + f - x + (1 | g)
y ~ h + (1 | factor(h))
y ~ h + (1 | h:g)
y ~ g + (g | h)
y ~ x + (0 + b | b:f)
y ~ interaction(f, b) + (1 | g)
""".strip().splitlines()

CASES = [
    *map(Case, FORMULAS),
    Case("y ~ x + (1 | g)", weights="wt"),
    Case("y ~ x + (1 | g)", weights="wt / n"),
    Case("y ~ x + (1 | g)", weights="xm"),
    Case("y ~ x + (1 | g)", offset="w"),
    Case("y ~ x + offset(x) + (1 | g)", offset="log(n)", weights="wt"),
    Case("y ~ x + f + (1 | g)", subset="x > 4"),
    Case("y ~ x + f + (f | g)", subset="f != 'a'"),
    Case("y ~ scale(x) + poly(x, 2) + t + (1 | g)", subset="n > 4"),
    Case("y ~ xm + t + (1 | h)", subset="w > -1"),
    Case("y ~ x + (1 | g)", subset="1:30"),
    Case("y ~ x + (1 | g)", subset="-c(1, 5, 9)"),
    Case("y ~ x + (1 | h)", subset="h %in% c('s1', 's3', 's4')"),
    Case("y ~ f + o + (f | g)", contrasts={"f": "contr.sum"}),
    Case("y ~ f * b + (1 | g)", contrasts={"f": "contr.helmert", "b": "contr.sum"}),
    Case("y ~ f + o + t + (1 | g)", contrasts={"f": "contr.poly", "o": "contr.treatment", "t": "contr.SAS"}),
    Case("y ~ factor(n) + (1 | g)", contrasts={"factor(n)": "contr.sum"}),
    Case("y ~ 0 + f + t + (1 | g)", contrasts={"f": "contr.sum", "t": "contr.helmert"}),
    Case("y ~ xm + fm + (1 | g)", na_action="na.exclude"),
    Case("y ~ x + f + (1 | g)", na_action="na.fail"),
]

#: Models whose predictions on new data are compared with lme4's.
PREDICTED = """
y ~ x + (1 | g)
y ~ x + (x | g)
y ~ x + w + (x || g) + (w | h)
y ~ x + (1 | nested/g)
y ~ poly(x, 2) + (1 | g)
y ~ poly(x, 2) + (poly(x, 2) | nested)
y ~ poly(x, 2, raw = TRUE) + (1 | g)
y ~ scale(x) + (scale(x) | g)
y ~ scale(x, center = FALSE) + scale(w, center = 1, scale = 2) + (1 | g)
y ~ as.vector(scale(x)) + (1 | g)
y ~ log(scale(x) + 3) + (1 | g)
y ~ I(poly(x, 2)) + (1 | g)
y ~ I(x - mean(x)) + (1 | g)
y ~ ns(x, 3) + (1 | g)
y ~ bs(x, df = 5) + (1 | g)
y ~ bs(x, degree = 2, knots = 4) * f + (1 | g)
y ~ cut(x, c(-10, 2, 5, 20)) + (1 | g)
y ~ factor(k) + (1 | g)
y ~ f + (f | h)
y ~ o + (o | nested)
y ~ t + (0 + t | nested)
y ~ b + (b | g)
y ~ f * x + b + (1 | h)
y ~ ordered(n) + (1 | g)
y ~ relevel(f, ref = "b") + (1 | g)
y ~ x + offset(w) + (1 | g)
y ~ x + I(2 * x) + f + (1 | g)
y ~ xm + bm + (xm | g)
y ~ x + (1 | g:h)
y ~ `my var` + (1 | g)
y ~ ifelse(x > 4, 1, 0) + (1 | g)
y ~ factor(b) + (1 | g)
y ~ cbind(x, w) + (1 | g)
""".strip().splitlines()

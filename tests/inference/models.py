"""The models that inference is judged on, and how R reads the same data."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import lmebridge as lme
from tests.cases import FIXTURES, data

if TYPE_CHECKING:
    from lmebridge import MerMod


class Example(NamedTuple):
    """A model and what it stands for."""

    data: str
    formula: str
    REML: bool = True


EXAMPLES = {
    "slopes": Example("sleepstudy", "Reaction ~ Days + (Days | Subject)"),
    "one": Example("Dyestuff", "Yield ~ 1 + (1 | Batch)"),
    "singular": Example("Dyestuff2", "Yield ~ 1 + (1 | Batch)"),
    "nested": Example("Pastes", "strength ~ 1 + (1 | batch/cask)", REML=False),
    "crossed": Example("Penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)"),
    "cake": Example("cake", "angle ~ recipe + temp + (1 | recipe:replicate)"),
}

#: R code that fits the examples as `fits`; the program's own code follows.
FITS = (
    """
read_example <- function(data) {
  frame <- read.csv(file.path(data_folder, paste0(data, ".csv")), stringsAsFactors = TRUE)
  factors <- intersect(names(frame), c("Subject", "replicate"))
  frame[factors] <- lapply(frame[factors], factor)
  frame
}
fit_example <- function(data, formula, REML) {
  frame <- read_example(data)
  suppressMessages(eval(bquote(lme4::lmer(.(as.formula(formula)), frame, REML = .(REML)))))
}
fits <- list(
"""
    + ",\n".join(
        f'  {name} = fit_example("{example.data}", "{example.formula}", {str(example.REML).upper()})'
        for name, example in EXAMPLES.items()
    )
    + "\n)\n"
)
FOLDER = FIXTURES / "data"


def fitted(name: str, backend: str) -> MerMod:
    """An example fitted by a backend, singular fits being expected."""
    import warnings

    example = EXAMPLES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lme.SingularFitWarning)
        return lme.lmer(example.formula, data(example.data), REML=example.REML, backend=backend)

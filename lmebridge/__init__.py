"""lme4's mixed-effects models from Python, with lme4's numbers.

`lmer` fits an lme4 formula through R's lme4 where R is there, and to the same numbers where it is not. R names keep
their spelling with ``.`` replaced by ``_``, so lme4's manual is this package's manual too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmebridge import datasets
from lmebridge.api import lmer
from lmebridge.backends._r import set_r
from lmebridge.control import lmerControl
from lmebridge.diagnostics.explanation import explain
from lmebridge.errors import (
    BackendUnavailable,
    ConvergenceWarning,
    DataError,
    FallbackWarning,
    FormulaError,
    LmebridgeError,
    LmebridgeWarning,
    ParityError,
    PrintedOutputError,
    RError,
    SingularFitWarning,
    UnsupportedByBackend,
)
from lmebridge.exchange import from_r, r, r_code
from lmebridge.functions import (
    AIC,
    BIC,
    REMLcrit,
    VarCorr,
    allFit,
    augment,
    bootMer,
    coef,
    coef_table,
    confint,
    cooks_distance,
    deviance,
    df_residual,
    drop1,
    family,
    fitted,
    fixef,
    formula,
    getME,
    glance,
    hatvalues,
    influence,
    isREML,
    isSingular,
    logLik,
    model_frame,
    model_matrix,
    ngrps,
    nobs,
    plot,
    plot_by_group,
    plot_fitted,
    plot_groups,
    plot_profile,
    plot_ranef,
    predict,
    profile,
    qqmath,
    qqmath_ranef,
    ranef,
    ranova,
    refit,
    refitML,
    rePCA,
    residuals,
    rstudent,
    sigma,
    simulate,
    summary,
    tidy,
    to_marginaleffects,
    update,
    vcov,
    weights,
)
from lmebridge.generalized.fitting import glmer, glmer_nb
from lmebridge.generalized.glmer_mod import GlmerMod
from lmebridge.inference.anova import anova
from lmebridge.inference.variance_shares import icc, r2
from lmebridge.linear.linear_model import LinearModel, lm
from lmebridge.many import fit_many
from lmebridge.model import MerMod
from lmebridge.na import NA
from lmebridge.rds import read_rds, write_rds
from lmebridge.selection import backends, set_backend

if TYPE_CHECKING:
    from lmebridge import parity

__version__ = "0.1.0"

__all__ = [
    "AIC",
    "BIC",
    "NA",
    "BackendUnavailable",
    "ConvergenceWarning",
    "DataError",
    "FallbackWarning",
    "FormulaError",
    "GlmerMod",
    "LinearModel",
    "LmebridgeError",
    "LmebridgeWarning",
    "MerMod",
    "ParityError",
    "PrintedOutputError",
    "REMLcrit",
    "RError",
    "SingularFitWarning",
    "UnsupportedByBackend",
    "VarCorr",
    "allFit",
    "anova",
    "augment",
    "backends",
    "bootMer",
    "coef",
    "coef_table",
    "confint",
    "cooks_distance",
    "datasets",
    "deviance",
    "df_residual",
    "drop1",
    "explain",
    "family",
    "fit_many",
    "fitted",
    "fixef",
    "formula",
    "from_r",
    "getME",
    "glance",
    "glmer",
    "glmer_nb",
    "hatvalues",
    "icc",
    "influence",
    "isREML",
    "isSingular",
    "lm",
    "lmer",
    "lmerControl",
    "logLik",
    "model_frame",
    "model_matrix",
    "ngrps",
    "nobs",
    "parity",
    "plot",
    "plot_by_group",
    "plot_fitted",
    "plot_groups",
    "plot_profile",
    "plot_ranef",
    "predict",
    "profile",
    "qqmath",
    "qqmath_ranef",
    "r",
    "r2",
    "r_code",
    "ranef",
    "ranova",
    "rePCA",
    "read_rds",
    "refit",
    "refitML",
    "residuals",
    "rstudent",
    "set_backend",
    "set_r",
    "sigma",
    "simulate",
    "summary",
    "tidy",
    "to_marginaleffects",
    "update",
    "vcov",
    "weights",
    "write_rds",
]


def __getattr__(name: str) -> Any:
    """Load `lmebridge.parity` when it is first used: fitting does without it."""
    if name != "parity":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return import_module("lmebridge.parity")

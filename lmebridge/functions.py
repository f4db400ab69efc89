"""Every accessor as a function of the model, as in R: ``fixef(fit)`` is ``fit.fixef()``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from lmebridge.inference import bootstrap, profiling, refitting, simulation
from lmebridge.model import MerMod
from lmebridge.plots import caterpillar, profiles, quantiles

if TYPE_CHECKING:
    from collections.abc import Callable


def _function(name: str) -> Callable[..., Any]:
    accessor = getattr(MerMod, name)
    documented: Callable[..., Any] = getattr(accessor, "fget", accessor)

    @functools.wraps(documented, assigned=("__name__", "__doc__"), updated=())
    def function(fit: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not hasattr(type(fit), name):
            raise TypeError(f"{name} is for a fitted model, such as lmer gives: {type(fit).__name__} has no {name}")
        return getattr(fit, name)(*args, **kwargs)

    function.__qualname__ = name  # where pickle looks for it
    return function


AIC = _function("AIC")
BIC = _function("BIC")
REMLcrit = _function("REMLcrit")
VarCorr = _function("VarCorr")
allFit = _function("allFit")
augment = _function("augment")
bootMer = bootstrap.bootMer
coef = _function("coef")
coef_table = _function("coef_table")
confint = _function("confint")
cooks_distance = _function("cooks_distance")
deviance = _function("deviance")
df_residual = _function("df_residual")
drop1 = _function("drop1")
family = _function("family")
fitted = _function("fitted")
fixef = _function("fixef")
formula = _function("formula")
getME = _function("getME")
glance = _function("glance")
hatvalues = _function("hatvalues")
influence = _function("influence")
isREML = _function("isREML")
isSingular = _function("isSingular")
logLik = _function("logLik")
model_frame = _function("model_frame")
model_matrix = _function("model_matrix")
ngrps = _function("ngrps")
nobs = _function("nobs")
plot = _function("plot")
plot_by_group = _function("plot_by_group")
plot_fitted = _function("plot_fitted")
plot_groups = _function("plot_groups")
plot_profile = profiles.plot_profile
plot_ranef = caterpillar.plot_ranef
predict = _function("predict")
profile = profiling.profile
qqmath = quantiles.qqmath
qqmath_ranef = quantiles.qqmath_ranef
ranef = _function("ranef")
rePCA = _function("rePCA")
ranova = _function("ranova")
refit = refitting.refit
refitML = refitting.refitML
residuals = _function("residuals")
rstudent = _function("rstudent")
sigma = _function("sigma")
simulate = simulation.simulate
summary = _function("summary")
tidy = _function("tidy")
to_marginaleffects = _function("to_marginaleffects")
update = refitting.update
vcov = _function("vcov")
weights = _function("weights")

"""Tests of the fixed effects of one fitted model: coefficients, terms, and what dropping a term costs."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmebridge.errors import BackendUnavailable, LmebridgeWarning, UnsupportedByBackend
from lmebridge.inference import twin

if TYPE_CHECKING:
    from lmebridge.model import MerMod

METHODS = ("Satterthwaite", "Kenward-Roger")
TYPES = ("I", "II", "III")


def coef_table(fit: MerMod, ddf: str | None = None) -> pd.DataFrame:
    """Estimates with their standard errors and t values, R's ``summary(m)$coefficients``.

    Parameters
    ----------
    fit : MerMod
        A fitted model.
    ddf : {"Satterthwaite", "Kenward-Roger"}, optional
        Give degrees of freedom by this method, and p-values, as lmerTest does.

    Returns
    -------
    pandas.DataFrame, shape (p, 3) or (p, 5)
        Columns ``Estimate``, ``Std. Error`` and ``t value``; with `ddf` also ``df`` and ``Pr(>|t|)``.

    Raises
    ------
    BackendUnavailable
        If Kenward-Roger is asked of a fit in R and R lacks lmerTest or pbkrtest.
    UnsupportedByBackend
        If Kenward-Roger is asked of a fit without R.
    ValueError
        For another method.

    References
    ----------
    Kuznetsova, Brockhoff and Christensen (2017), J. Stat. Softw. 82(13); Kenward and Roger (1997), Biometrics 53.

    Examples
    --------
    >>> import lmebridge as lme
    >>> fit = lme.lmer("mathach ~ ses + (1 | schoolid)", lme.datasets.hsb(), backend="native")
    >>> fit.coef_table(ddf="Satterthwaite").round(2)
                 Estimate  Std. Error       df  t value  Pr(>|t|)
    (Intercept)     12.66        0.19   148.30    67.33       0.0
    ses              2.39        0.11  6838.08    22.61       0.0
    """
    if ddf is None:
        table = fit.record.fixed[["Estimate", "Std. Error"]].copy()
        table["t value"] = table["Estimate"] / table["Std. Error"]
        return table
    _check(ddf)
    if _through_r(fit, ddf):
        return pd.DataFrame(_heard(fit, "coefficient_tests", ddf=ddf))
    return _coefficients(fit)


def _coefficients(fit: MerMod) -> pd.DataFrame:
    from scipy.special import stdtr

    from lmebridge.inference.satterthwaite import satterthwaite

    table, found = coef_table(fit), satterthwaite(twin.local_engine(fit).solution)
    degrees = np.array([found.degrees_of_freedom(row) for row in np.eye(len(table))])
    table.insert(2, "df", degrees)
    table["Pr(>|t|)"] = 2 * stdtr(degrees, -table["t value"].abs().to_numpy())
    return table


def anova_of_terms(fit: MerMod, ddf: str | None = None, type: str = "III") -> tuple[pd.DataFrame, list[str]]:
    """Tests of the terms of the fixed effects.

    Parameters
    ----------
    fit : MerMod
        A fitted model.
    ddf : {"Satterthwaite", "Kenward-Roger"}, optional
        Test with degrees of freedom by this method, as lmerTest does; without it lme4's table, sequential F values.
    type : {"I", "II", "III"}
        Which hypotheses are tested with `ddf`.

    Returns
    -------
    table : pandas.DataFrame
        One row a term: ``npar``, ``Sum Sq``, ``Mean Sq``, ``F value``; with `ddf` ``Sum Sq``, ``Mean Sq``, ``NumDF``,
        ``DenDF``, ``F value``, ``Pr(>F)``.
    heading : list of str
        The line above the table.

    Raises
    ------
    BackendUnavailable, UnsupportedByBackend, ValueError
        As `coef_table`.
    """
    if ddf is None:
        return _sequential(fit), ["Analysis of Variance Table"]
    _check(ddf)
    if fit.record.model.is_generalized:
        fit.coef_table(ddf=ddf)  # refuses, with what to use instead
    if type not in TYPES:
        raise ValueError(f"type={type!r}: the types are {', '.join(map(repr, TYPES))}")
    heading = [f"Type {type} Analysis of Variance Table with {ddf}'s method"]
    if _through_r(fit, ddf):
        return pd.DataFrame(_heard(fit, "term_tests", ddf=ddf, type=type)), heading
    return _with_denominators(fit, type), heading


def _sequential(fit: MerMod) -> pd.DataFrame:
    """lme4's own table: sums of squares of the rotated fixed effects, in the order of the formula."""
    if fit.record.model.is_generalized:
        return pd.DataFrame(twin.ask_r(fit, "anova_terms"))
    from lmebridge.formula.terms import terms

    engine = twin.local_engine(fit)
    squares = (engine.solution.RX @ engine.solution.beta) ** 2
    labels, assign = terms(fit.record.model.formula.fixed).labels, np.array(engine.design.assign)
    present = [place for place in range(1, len(labels) + 1) if np.any(assign == place)]
    sums = np.array([squares[assign == place].sum() for place in present])
    counts = np.array([int(np.sum(assign == place)) for place in present], dtype=int)
    columns = {"npar": counts, "Sum Sq": sums, "Mean Sq": sums / counts, "F value": sums / counts / fit.sigma() ** 2}
    return pd.DataFrame(columns, index=[labels[place - 1] for place in present])


def _with_denominators(fit: MerMod, type: str) -> pd.DataFrame:
    from lmebridge.inference.satterthwaite import satterthwaite
    from lmebridge.inference.term_contrasts import term_contrasts

    engine = twin.local_engine(fit)
    found = satterthwaite(engine.solution)
    hypotheses = term_contrasts(engine.design, fit.record.model.formula, type)
    tests = {label: found.test(contrasts) for label, contrasts in hypotheses.items() if len(contrasts)}
    rows = {
        label: {
            "Sum Sq": test.statistic * fit.sigma() ** 2 * test.numerator,
            "Mean Sq": test.statistic * fit.sigma() ** 2,
            "NumDF": test.numerator,
            "DenDF": test.denominator,
            "F value": test.statistic,
            "Pr(>F)": test.p_value,
        }
        for label, test in tests.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def _check(ddf: str) -> None:
    if ddf not in METHODS:
        raise ValueError(f"ddf={ddf!r}: the methods are {', '.join(map(repr, METHODS))}")


def _through_r(fit: MerMod, ddf: str) -> bool:
    """Whether R's lmerTest computes them; raises where only R could and it cannot."""
    wanted = ["lmerTest", "pbkrtest"] if ddf == "Kenward-Roger" else ["lmerTest"]
    if not twin.in_r(fit):
        if ddf == "Kenward-Roger":
            reason = "its adjusted covariance is computed by R's pbkrtest"
            remedy = "Use ddf='Satterthwaite', or fit with backend='lme4'."
            raise UnsupportedByBackend.because(fit.record.source.engine, f"ddf='{ddf}'", reason, remedy)
        return False
    missing = twin.missing_in_r(wanted)
    if missing and ddf == "Kenward-Roger":
        names = ", ".join(f'"{package}"' for package in missing)
        raise BackendUnavailable(
            f"Kenward-Roger degrees of freedom need R's {' and '.join(missing)}: in R, install.packages(c({names}))"
        )
    return not missing


def _heard(fit: MerMod, function: str, **arguments: Any) -> Any:
    """The answer of R, its warnings given as ours."""
    answer = twin.hear_r(fit, function, **arguments)
    for condition in answer.conditions:
        if condition.kind == "warning":
            warnings.warn(condition.text, LmebridgeWarning, stacklevel=4)
    return answer.value

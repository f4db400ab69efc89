"""The frozen records that every part of lmebridge exchanges: what to fit, and what was found.

Whatever an engine says about a model is one `Fit`, made of plain tables; live lme4, statsmodels, the package's own
solver, a golden file and R's printed summary all produce it. To compare anything with anything is to compare two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd

    from lmebridge.formula.model_formula import Formula

#: Kinds of message a fit carries, each with the Python warning it becomes in `lmebridge.api`.
MessageKind = Literal["singular", "convergence", "note"]


@dataclass(frozen=True)
class Model:
    """What to fit, without the data.

    Attributes
    ----------
    formula : Formula
        The model's formula, `.` already replaced by the data's columns.
    REML : bool
        Whether the restricted likelihood is maximized, as in lme4.
    weights, offset, subset : str or None
        R expressions over the data's columns. Arrays given by the user have become columns of the data by then.
    contrasts : mapping of str to str
        By factor, the name of R's contrast function, such as ``"contr.sum"``.
    na_action : {"na.omit", "na.exclude", "na.fail"}
        What happens to rows with missing values, as in R.
    start : tuple of float or None
        Starting values of theta, dimensionless.
    control : mapping of str to object
        Options of the optimizer, named as `lmerControl` names them; ``polish`` is lmebridge's own.
    family, link : str
        The conditional distribution of the response, as R's ``family(m)$family`` names it, and its link function.
    family_theta : float or None
        Of a negative binomial family, its shape, dimensionless; None where it is to be estimated.
    estimates_theta : bool
        Whether the shape is, or was, estimated with the model, as ``glmer.nb`` does.
    nAGQ : int
        Of a generalized model, points an axis of the adaptive Gauss-Hermite quadrature: 1 for Laplace's approximation,
        0 for a faster and less exact one.
    start_fixef : tuple of float or None
        Of a generalized model, starting values of the fixed effects.
    """

    formula: Formula
    REML: bool = True
    weights: str | None = None
    offset: str | None = None
    subset: str | None = None
    contrasts: Mapping[str, str] = field(default_factory=dict)
    na_action: str = "na.omit"
    start: tuple[float, ...] | None = None
    control: Mapping[str, Any] = field(default_factory=dict)
    family: str = "gaussian"
    link: str = "identity"
    family_theta: float | None = None
    estimates_theta: bool = False
    nAGQ: int = 1
    start_fixef: tuple[float, ...] | None = None

    @property
    def is_generalized(self) -> bool:
        """Whether lme4 fits it by ``glmer``: it is no linear mixed model."""
        return (self.family, self.link) != ("gaussian", "identity")


@dataclass(frozen=True)
class Message:
    """One thing the engine said about the fit, in lme4's words where lme4 has words for it."""

    kind: MessageKind
    text: str


@dataclass(frozen=True)
class Convergence:
    """How the optimization ended.

    Attributes
    ----------
    optimizer : str
        The optimizer's name, such as ``"nloptwrap"``.
    code : int
        Its convergence code, 0 for success.
    status : str
        What the optimizer or the certificate says, in words, such as ``"OK"``.
    n_evaluations : int
        Evaluations of the objective.
    messages : tuple of Message
        What was said about the fit: singular, not converged, columns dropped.
    """

    optimizer: str
    code: int = 0
    status: str = "OK"
    n_evaluations: int = 0
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Source:
    """Where a fit comes from.

    Attributes
    ----------
    kind : {"live", "golden", "printed"}
        Whether it was computed now, read from a golden file or read from printed text.
    engine : str
        The backend's name, such as ``"lme4"``.
    versions : mapping of str to str
        Every version that matters, the engine's first.
    call : str
        The R call that gives the same fit, or the engine's own call.
    data_sha256 : str
        Hash of the data, where it is known.
    """

    kind: Literal["live", "golden", "printed"]
    engine: str
    versions: Mapping[str, str] = field(default_factory=dict)
    call: str = ""
    data_sha256: str = ""

    def __str__(self) -> str:
        return ", ".join(f"{name} {version}" for name, version in self.versions.items()) or self.engine


@dataclass(frozen=True)
class Fit:
    """Everything one engine says about one model, as plain tables under R's names.

    Attributes
    ----------
    model : Model
        What was fitted.
    fixed : pandas.DataFrame, shape (p, 2)
        Index: R's coefficient names. Columns ``Estimate`` and ``Std. Error``, units of the response per unit of term.
    fixed_covariance : pandas.DataFrame, shape (p, p)
        Covariance matrix of the estimates, `vcov` in R.
    variance : pandas.DataFrame
        ``as.data.frame(VarCorr(m))``: columns ``grp``, ``var1``, ``var2``, ``vcov`` (squared units) and ``sdcor``
        (standard deviations in units, correlations dimensionless). ``grp`` numbers repeated blocks: ``Subject``,
        ``Subject.1``.
    blocks : tuple of (str, tuple of str)
        R's ``cnms``: grouping factor and effects of each random-effects block, in lme4's order. Names repeat for `||`.
    theta : numpy.ndarray, shape (n_theta,)
        lme4's relative covariance parameters, in lme4's order, dimensionless.
    sigma : float
        Residual standard deviation, units of the response.
    criterion : float
        The REML criterion when ``model.REML``, else minus twice the log-likelihood.
    n_obs : int
        Rows used.
    n_groups : mapping of str to int
        Levels of each grouping factor, in the order of lme4's `ngrps`.
    convergence : Convergence
        How the optimization ended.
    source : Source
        What computed this.
    dropped : tuple of str
        Names of the fixed-effect columns dropped because X was rank deficient.
    has_scale : bool
        Whether sigma is estimated: not in binomial, Poisson and negative binomial models, where it is 1.
    """

    model: Model
    fixed: pd.DataFrame
    fixed_covariance: pd.DataFrame
    variance: pd.DataFrame
    blocks: tuple[tuple[str, tuple[str, ...]], ...]
    theta: np.ndarray
    sigma: float
    criterion: float
    n_obs: int
    n_groups: Mapping[str, int]
    convergence: Convergence
    source: Source
    dropped: tuple[str, ...] = ()
    has_scale: bool = True

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood, restricted when ``model.REML``."""
        return -self.criterion / 2

    @property
    def n_parameters(self) -> int:
        """Estimated parameters: fixed effects, theta, sigma, a family's own theta (``attr(logLik(m), "df")``)."""
        return len(self.fixed) + len(self.theta) + self.has_scale + (self.model.family_theta is not None)

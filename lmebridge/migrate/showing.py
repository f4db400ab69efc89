"""How a value is shown: what R prints of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmebridge.migrate.models import ModelInfo
from lmebridge.migrate.values import Kind, Untranslated, Value

if TYPE_CHECKING:
    from lmebridge.migrate.scope import Scope


def shown(scope: Scope, value: Value) -> None:
    """Write the statement that shows a value."""
    if value.kind is Kind.PLOT:
        scope.emit("PLOT.show()", PLOT=value)
    elif value.kind is Kind.FUNCTION:
        raise Untranslated("printing a function's source has no translation")
    elif value.kind is Kind.SUMMARY and _has_tests(value):
        scope.emit('print(FIT.coef_table(ddf="Satterthwaite"))', FIT=value.source)
        scope.emit("print(FIT.VarCorr())", FIT=value.source)
    else:
        scope.emit("print(X)", X=value)


def _has_tests(value: Value) -> bool:
    """Whether lmerTest made the model, whose summary has degrees of freedom."""
    fit = value.source
    return isinstance(fit, Value) and isinstance(fit.source, ModelInfo) and fit.source.tests

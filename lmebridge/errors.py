"""The errors and warnings of lmebridge, and how their messages are worded.

Every message says what was got, what was expected and what to do. Errors about a formula show the place.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


#: Longest piece of somebody else's line that a message shows.
SHOWN_CHARACTERS = 100


class LmebridgeError(Exception):
    """Base of every error that lmebridge raises on purpose."""


class FormulaError(LmebridgeError, ValueError):
    """A formula, or an R expression, that cannot be read or may not be evaluated.

    Attributes
    ----------
    span : tuple of int or None
        Where in the text the problem is, half-open, where that is known.
    """

    span: tuple[int, int] | None = None

    @classmethod
    def at(cls, text: str, span: tuple[int, int], problem: str, remedy: str = "") -> FormulaError:
        """Error that shows `text` with carets under the characters ``span[0]:span[1]``.

        Parameters
        ----------
        text : str
            The whole formula or expression as the user wrote it.
        span : tuple of int
            Half-open range of character offsets into `text`, dimensionless.
        problem : str
            What is wrong there, one sentence without a full stop.
        remedy : str, optional
            What to write instead.

        Returns
        -------
        FormulaError
            The error, for the caller to raise.

        Examples
        --------
        >>> print(FormulaError.at("y ~ (1 | )", (9, 10), "`|` needs a grouping factor on its right"))
        `|` needs a grouping factor on its right
            y ~ (1 | )
                     ^
        """
        start = min(span[0], len(text))
        first = text.rfind("\n", 0, start) + 1
        end_of_line = text.find("\n", start)
        line = text[first:] if end_of_line < 0 else text[first:end_of_line]
        width = max(1, min(span[1], first + len(line)) - start)
        place = f"    {line}\n    {' ' * (start - first)}{'^' * width}"
        error = cls("\n".join(part for part in (problem, place, remedy) if part))
        error.span = span
        return error


class DataError(LmebridgeError, ValueError):
    """Data that a model cannot be fitted to, or that cannot cross to R unharmed."""

    @classmethod
    def unknown_column(cls, name: str, columns: Iterable[str]) -> DataError:
        """Error for a variable that is not in the data, with the nearest names there are."""
        known = [str(column) for column in columns]
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(repr(n) for n in near)}?" if near else f"Columns: {', '.join(known)}"
        return cls(f"object '{name}' not found: the data has no such column. {hint}")


class DatasetUnavailable(LmebridgeError, FileNotFoundError):
    """An example data set that is not on this machine; the message says how to get it."""


class UnsupportedByBackend(LmebridgeError, NotImplementedError):
    """A model that the backend asked for cannot express."""

    @classmethod
    def because(cls, backend: str, term: str, reason: str, remedy: str) -> UnsupportedByBackend:
        """Error that names the backend, the term it cannot express, why, and what to use instead."""
        return cls(f"The {backend} backend cannot fit `{term}`: {reason}. {remedy}")


class BackendUnavailable(LmebridgeError, ImportError):
    """A backend that cannot be loaded on this machine.

    Attributes
    ----------
    reason, remedy : str
        What is missing, and how to get it; empty where the message alone says it.
    """

    reason: str = ""
    remedy: str = ""

    @classmethod
    def because(cls, backend: str, reason: str, remedy: str) -> BackendUnavailable:
        """Error that names the backend, what is missing, and how to get it."""
        error = cls(f"The {backend} backend cannot be used here: {reason}. {remedy}")
        error.reason, error.remedy = reason, remedy
        return error


class RError(LmebridgeError, RuntimeError):
    """An error that R raised, with R's own words and the call that raised it.

    Attributes
    ----------
    message : str
        R's condition message.
    call : str
        The R call that raised it, as R prints it; empty where R gives none.
    """

    def __init__(self, message: str, call: str = "") -> None:
        self.message = message
        self.call = call
        super().__init__(f"{message}\n    in R: {call}" if call else message)

    def __reduce__(self) -> tuple[type[RError], tuple[str, str]]:
        return type(self), (self.message, self.call)


class MissingExtra(LmebridgeError, ImportError):
    """An optional package that is not installed; the message has the line to run."""

    @classmethod
    def because(cls, what: str, package: str, extra: str) -> MissingExtra:
        """Error that names what needs the package, and the extra that brings it."""
        return cls(f'{what} needs {package}, which is not installed. Run: pip install "lmebridge[{extra}]"')


class PictureError(LmebridgeError, ValueError):
    """A picture that cannot be drawn as asked: there is no such group, term or parameter, or no Axes to draw on."""


class PrintedOutputError(LmebridgeError, ValueError):
    """Printed output that looks like a model's but cannot be read.

    Attributes
    ----------
    line : int
        Number of the line, from 1, where reading stopped.
    text : str
        That line.
    reason : str
        What was expected there.
    """

    def __init__(self, line: int, text: str, reason: str) -> None:
        self.line = line
        self.text = text
        self.reason = reason
        super().__init__(f"line {line}: {reason}\n    {text.strip()[:SHOWN_CHARACTERS]}")

    def __reduce__(self) -> tuple[type[PrintedOutputError], tuple[int, str, str]]:
        return type(self), (self.line, self.text, self.reason)


class GoldenError(LmebridgeError, ValueError):
    """A golden file that cannot be read, is of other data, or may not be written."""

    @classmethod
    def unreadable(cls, path: object, reason: str) -> GoldenError:
        """Error for a file that is no golden, or only a part of one."""
        return cls(
            f"{path} is not a golden that can be read: {reason}. A golden is the JSON that `Rscript r/make_goldens.R` "
            "or the fixture `lme_parity` writes; restore the file, or write it again"
        )

    @classmethod
    def other_data(cls, golden: str, recorded: str, found: str) -> GoldenError:
        """Error for data whose hash is not the one that the golden's numbers were computed from."""
        return cls(
            f"the data have changed since golden {golden!r} was written: it records sha256 {recorded[:12]}..., "
            f"the data have {found[:12]}.... Restore the data, or write the golden again from lme4 and review it"
        )

    @classmethod
    def not_from_lme4(cls, path: object, source: object) -> GoldenError:
        """Error for numbers of another engine that were to become a golden."""
        return cls(
            f"{path} was not written: a golden holds lme4's numbers, and this fit is by {source}. "
            "Run the test where R with lme4 is, and commit the file"
        )


class RegistryError(LmebridgeError, ValueError):
    """A registry of known divergences that cannot be read."""


class ParityError(LmebridgeError, AssertionError):
    """Numbers that should agree and do not; the message is the report of the comparison."""


class LmebridgeWarning(UserWarning):
    """Base of every warning that lmebridge gives."""


class SingularFitWarning(LmebridgeWarning):
    """The fit is singular: a variance is zero or a correlation is one, to lme4's tolerance."""


class ConvergenceWarning(LmebridgeWarning):
    """The optimizer did not end where its own checks, or lme4's, say that it should."""


class FallbackWarning(LmebridgeWarning):
    """The first backend of the default order could not be used and another one was."""

"""A position among the tokens of a text, and the errors for what should not stand there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from lmebridge.errors import FormulaError
from lmebridge.rsyntax.tokens import Token, significant, tokenize

if TYPE_CHECKING:
    from lmebridge.rsyntax.nodes import Span

CLOSING = {"(": ")", "[": "]", "[[": "]]", "{": "}"}
#: Nested brackets and prefixes read before giving up; R's own limit on brackets is 50.
DEEPEST = 100
_BARS = {"|", "||"}
_OPERAND_KINDS = {"number", "string", "constant", "name"}


class Cursor:
    """Moves along the significant tokens of a text; `brackets` are those open at the position."""

    def __init__(self, text: str, *, enclosed: bool = False) -> None:
        self.text = text
        self.brackets: list[Token] = []
        self.depth = 0
        self._tokens = significant(tokenize(text), enclosed=enclosed)
        self._position = 0

    @property
    def token(self) -> Token:
        """The token at the position."""
        return self._tokens[self._position]

    @property
    def following(self) -> Token:
        """The token after the position."""
        return self._tokens[min(self._position + 1, len(self._tokens) - 1)]

    @property
    def end(self) -> int:
        """Where the last token read ends."""
        return self._tokens[self._position - 1].span[1] if self._position else 0

    def next(self) -> Token:
        """The token at the position, which moves on."""
        token = self._tokens[self._position]
        self._position += 1
        return token

    def at(self, *texts: str) -> bool:
        """Whether one of these operators, brackets or keywords is next."""
        token = self._tokens[self._position]
        return token.text in texts and token.kind in {"operator", "keyword"}

    def open(self, text: str) -> Token:
        """Read an opening bracket that must be next."""
        self.brackets.append(self.expect(text))
        return self.brackets[-1]

    def close(self) -> None:
        """Read what closes the bracket opened last."""
        for character in CLOSING[self.brackets[-1].text]:
            self.expect(character)
        self.brackets.pop()

    def expect(self, text: str) -> Token:
        """Read this token, or fail."""
        if not self.at(text):
            self.fail()
        return self.next()

    def skip_newlines(self) -> None:
        """Move over newlines."""
        while self.token.kind == "newline":
            self._position += 1

    def skip_separators(self) -> None:
        """Move over newlines and semicolons."""
        while self.token.kind == "newline" or self.at(";"):
            self._position += 1

    def go_deeper(self) -> None:
        """Count one more level of nesting."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.too_deep()

    def too_deep(self) -> FormulaError:
        """Error for an expression nested too deeply to be read."""
        return self.error("the expression is nested too deeply", remedy="Compute a part of it beforehand.")

    def error(self, problem: str, span: Span | None = None, remedy: str = "") -> FormulaError:
        """Error that points at `span`, or at the next token."""
        return FormulaError.at(self.text, span or self.token.span, problem, remedy)

    def fail(self) -> NoReturn:
        """Raise the error for a token that cannot stand at the position."""
        token = self.token
        previous = self._tokens[self._position - 1] if self._position else None
        if token.kind == "end" and self.brackets:
            raise self._never_closed(self.brackets[-1])
        if token.kind == "end":
            problem = "the expression ends too early: something must follow here"
            raise self.error(problem, remedy=self._after(previous))
        if token.text in {")", "]", "}"}:
            raise self._unexpected_closing(token)
        if token.kind == "newline":
            raise self.error("the line ends too early: something must follow here")
        if previous and token.kind in _OPERAND_KINDS and previous.kind in _OPERAND_KINDS:
            remedy = "Put an operator such as `+` or `*` between them; a name with spaces goes in `backticks`."
            span = (previous.span[0], token.span[1])
            raise self.error(f"no operator between `{previous.text}` and `{token.text}`", span, remedy)
        if token.text in _BARS and previous and previous.text == "(":
            remedy = "Write what varies before the bar, for example `(1 | g)`."
            raise self.error(f"`{token.text}` has nothing on its left", remedy=remedy)
        raise self.error(f"unexpected `{token.text}`", remedy=self._after(previous))

    def _never_closed(self, bracket: Token) -> FormulaError:
        """Error that points at the bracket that is still open at the end."""
        closing = CLOSING[bracket.text]
        return self.error(f"`{bracket.text}` is never closed", bracket.span, f"Add the missing `{closing}`.")

    def _unexpected_closing(self, token: Token) -> FormulaError:
        """Error for a closing bracket with nothing to close, with another one to close, or too early."""
        if not self.brackets:
            return self.error(f"`{token.text}` closes nothing", remedy="Remove it, or add the bracket it should close.")
        bracket = self.brackets[-1]
        if CLOSING[bracket.text][0] != token.text:
            problem = f"`{token.text}` cannot close `{bracket.text}`"
            return self.error(problem, remedy=f"Close it with `{CLOSING[bracket.text]}` first.")
        previous = self._tokens[self._position - 1]
        if previous.text in _BARS:
            remedy = "Write the factor's name, for example `(1 + x | g)`."
            return self.error(f"`{previous.text}` needs a grouping factor on its right", remedy=remedy)
        return self.error(f"something is missing before `{token.text}`", remedy=self._after(previous))

    @staticmethod
    def _after(previous: Token | None) -> str:
        """What the token before asks for."""
        if previous is None or previous.kind != "operator" or previous.text in {")", "]", "}"}:
            return ""
        return f"Write what `{previous.text}` should apply to, or remove it."

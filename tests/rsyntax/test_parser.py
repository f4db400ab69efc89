"""The parser against R's own, and its words for what is not R."""

from __future__ import annotations

import cProfile
import pstats
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmebridge.errors import FormulaError
from lmebridge.rsyntax import parse, parse_expression
from tests.rsyntax import r_trees
from tests.rsyntax.programs import INVALID, VALID

if TYPE_CHECKING:
    from pathlib import Path

#: Text to tree; each line was compared with R's ``as.list(parse(text = ))``.
TREES = {
    "a + b * c": "(+ a (* b c))",
    "-a^b": "(- (^ a b))",
    "-1:3": "(: (- 1.0) 3.0)",
    "2^-1:3": "(: (^ 2.0 (- 1.0)) 3.0)",
    "a^b^c": "(^ a (^ b c))",
    "a - b - c": "(- (- a b) c)",
    "!a == b": "(! (== a b))",
    "!a & b": "(& (! a) b)",
    "a * !b & c": "(& (* a (! b)) c)",
    "~a ~ b": "(~ (~ a) b)",
    "a ->> b": "(<<- b a)",
    "a = b <- c": "(= a (<- b c))",
    "?a = b": "(? (= a b))",
    "a %in% b:c": "(%in% a (: b c))",
    "a * b %in% c": "(* a (%in% b c))",
    "y ~ x + 1 | g": "(~ y (| (+ x 1.0) g))",
    "(1 | g)": "(( (| 1.0 g))",
    "x[1, ]": "([ x 1.0 _)",
    "x[[1]]$a@b": "(@ ($ ([[ x 1.0) a) b)",
    "f(x, y = 2L)": "(f x y=2)",
    "x |> f(y = _)": "(f y=x)",
    "a::b(c)": "((:: a b) c)",
    "function(x, y = 2) x": "(function (pairlist x=_ y=2.0) x)",
    "if (a) b else c": "(if a b c)",
    "for (i in x) next": "(for i x (next))",
    "{a; b}": "({ a b)",
    "'a b'": "'a b'",
    "NA_real_": "NA_real_",
}

#: Text to the place that the error points at and a part of its message.
PLACES = {
    "y ~ (1 | )": (9, "`|` needs a grouping factor on its right"),
    "y ~ ( | g)": (6, "`|` has nothing on its left"),
    "y ~ (1 | g": (4, "`(` is never closed"),
    "y ~ (1 | g))": (11, "`)` closes nothing"),
    "f(a]": (3, "`]` cannot close `(`"),
    "y ~ x z": (4, "no operator between `x` and `z`"),
    "a < b < c": (6, "comparisons cannot be chained"),
    "x <- 'abc": (5, "this string is never closed"),
    "y ~ `a + b": (4, "this name in backticks is never closed"),
    "x %in y": (2, "this %operator% is never closed"),
    "a + ": (4, "the expression ends too early"),
    "a +\n* b": (4, "unexpected `*`"),
    "\u201cx\u201d": (0, "LEFT DOUBLE QUOTATION MARK"),
    "'\\d'": (0, "`\\d` is not an escape"),
    "x |> f": (5, "`|>` needs a function call on its right"),
    "f(_)": (2, "the placeholder `_`"),
    "(" * 101: (100, "nested too deeply"),
}


@pytest.mark.parametrize(("text", "tree"), TREES.items())
def test_tree_is_the_expected_one(text: str, tree: str) -> None:
    """An expression reads as R reads it."""
    assert repr(parse_expression(text)).partition(" ")[2][:-1] == tree


@pytest.mark.parametrize(("text", "expected"), PLACES.items())
def test_error_points_at_the_culprit(text: str, expected: tuple[int, str]) -> None:
    """What is not R gives an error whose caret stands under the culprit."""
    offset, problem = expected
    with pytest.raises(FormulaError) as raised:
        parse(text)
    message, caret = str(raised.value).split("\n")[0], str(raised.value).split("\n")[2]
    line_start = text.rfind("\n", 0, offset) + 1
    assert problem in message
    assert caret.index("^") - 4 == offset - line_start


def test_spans_show_where_each_part_was_written() -> None:
    """The span of a node is the text it was read from."""
    text = "y ~ log( x ) + (1 | g)"
    sum_span = parse_expression(text).arguments[1].value.span
    assert text[slice(*sum_span)] == "log( x ) + (1 | g)"


@pytest.mark.parametrize("text", ["", "   ", "a; b", "a\nb"])
def test_parse_expression_wants_exactly_one(text: str) -> None:
    """Nothing and two expressions are refused where one is expected."""
    with pytest.raises(FormulaError, match=r"one begins here|there is none"):
        parse_expression(text)


def test_newlines_mean_nothing_in_enclosed_text() -> None:
    """Enclosed text is read as the argument of a call would be."""
    assert parse_expression("y\n~ x # c\n+ z", enclosed=True) == parse_expression("y ~ x + z")


def test_types_count_in_equality_but_spelling_does_not() -> None:
    """Trees are equal when R would call them identical."""
    assert parse_expression("f( 1 )") == parse_expression("f(1.0)")
    assert len({parse_expression(text) for text in ("1", "1L", "TRUE", "'1'", "NA", "NULL", "`1`")}) == 7


@pytest.mark.parametrize("text", ["(" * 5000, "-" * 5000 + "x", "a^" * 5000 + "a", "f(" * 5000, "if (a) " * 5000 + "b"])
def test_deep_nesting_is_a_formula_error(text: str) -> None:
    """Nesting deeper than can be read is refused, however deep."""
    with pytest.raises(FormulaError, match="nested too deeply"):
        parse(text)


def test_long_chains_are_read() -> None:
    """Sums, indexes and calls of any length need no recursion."""
    assert parse("+".join(["x"] * 5000) + "; f" + "(x)" * 5000 + "; a" + "$b" * 5000)


@given(st.text())
def test_any_text_gives_trees_or_a_formula_error(text: str) -> None:
    """No text raises anything but a FormulaError."""
    _parse_or_refuse(text)


@given(st.lists(st.sampled_from([*"+-*/^:~|!?=<>&$@()[]{},;#\n \\'\"`%_", "x", "1", "if", "else", "function", "[["])))
def test_any_tokens_give_trees_or_a_formula_error(tokens: list[str]) -> None:
    """No sequence of R's own tokens raises anything but a FormulaError."""
    _parse_or_refuse("".join(tokens))


def _parse_or_refuse(text: str) -> None:
    try:
        parse(text)
    except FormulaError:
        return


def test_work_grows_with_the_lines() -> None:
    """Four times the lines are four times the calls of functions, not sixteen times."""

    def calls(lines: int) -> int:
        pair = "x <- log(a[1, 2] + b$c) * foo(x, y = 3, function(z) z^2)\nif (a > b) { y <- 'c' } else { z <- 4 }\n"
        profile = cProfile.Profile()
        profile.runcall(parse, pair * (lines // 2))
        return pstats.Stats(profile).total_calls

    calls(2)  # what is made once is made
    assert calls(800) < 4.4 * calls(200)  # in proportion, and a tenth more: the garbage collector's visits are counted


@pytest.fixture(scope="module")
def trees_by_r(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    """By program, the trees that R reads, None where it refuses."""
    texts = [*VALID, *INVALID]
    folder = tmp_path_factory.mktemp("trees")
    return dict(zip(texts, r_trees.ask_r("vapply(texts, trees_of, '', USE.NAMES = FALSE)", texts, folder), strict=True))


@pytest.mark.needs_r
@pytest.mark.parametrize("text", VALID)
def test_tree_is_r_s(text: str, trees_by_r: dict[str, str | None]) -> None:
    """Every construct reads as R's parser reads it."""
    assert "\n".join(map(r_trees.dump, parse(text))) == trees_by_r[text]


@pytest.mark.needs_r
@pytest.mark.parametrize("text", INVALID)
def test_what_r_refuses_is_refused(text: str, trees_by_r: dict[str, str | None]) -> None:
    """What R's parser refuses is a FormulaError."""
    assert trees_by_r[text] is None
    with pytest.raises(FormulaError):
        parse(text)


@pytest.mark.needs_r
@pytest.mark.slow
@pytest.mark.parametrize("package", ["lme4", "stats"])
def test_packages_read_as_r_reads_them(package: str, tmp_path: Path) -> None:
    """Every function of whole packages reads as R reads it: some thousand lines of code nobody wrote for us."""
    collect = f"""
        space <- asNamespace("{package}")
        functions <- Filter(is.function, mget(ls(space, all.names = TRUE), envir = space))
        functions <- Filter(function(f) !is.primitive(f), functions)
        texts <- unname(vapply(functions, function(f) paste(deparse(f), collapse = "\\n"), ""))
        texts <- sub("\\n<(bytecode|environment).*$", "", texts)
        I(texts)
    """
    texts = r_trees.ask_r(collect, [], tmp_path)
    expected = r_trees.ask_r("I(vapply(texts, trees_of, '', USE.NAMES = FALSE))", texts, tmp_path)
    assert len(texts) > 200
    for text, trees in zip(texts, expected, strict=True):
        assert trees is None or "\n".join(map(r_trees.dump, parse(text))) == trees

"""Designs from plain arrays, and the likelihood computed the long way: the judge of the core."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Block:
    """One random-effects block: as many levels as the codes name."""

    group: str
    codes: np.ndarray
    matrix: np.ndarray

    @property
    def levels(self) -> tuple[str, ...]:
        """Level names."""
        return tuple(map(str, range(self.codes.max() + 1)))

    @property
    def effects(self) -> tuple[str, ...]:
        """Effect names."""
        return tuple(f"x{i}" for i in range(self.matrix.shape[1]))

    def full_matrix(self) -> np.ndarray:
        """Z of this block, dense."""
        n, q = self.matrix.shape
        z = np.zeros((n, len(self.levels), q))
        z[np.arange(n), self.codes] = self.matrix
        return z.reshape(n, -1)


@dataclass(frozen=True, eq=False)
class Arrays:
    """Response, X, weights, offset and blocks."""

    y: np.ndarray
    X: np.ndarray
    blocks: tuple[Block, ...]
    weights: np.ndarray | None = None
    offset: np.ndarray | None = None


def block(group, codes, *columns):
    """A block whose effects are the `columns`, an intercept where there is none."""
    codes = np.unique(codes, return_inverse=True)[1]
    return Block(group, codes, np.column_stack(columns or [np.ones(len(codes))]).astype(float))


def templates(blocks, theta):
    """Lambda of one level for each block, from lme4's theta."""
    found, start = [], 0
    for one in blocks:
        q = one.matrix.shape[1]
        template = np.zeros((q, q))
        columns, rows = np.triu_indices(q)
        template[rows, columns] = theta[start : start + len(rows)]
        found.append(template)
        start += len(rows)
    return found


def relative_covariance(design, theta):
    """Covariance matrix of the response over sigma squared, from its definition."""
    n = len(design.y)
    v = np.diag(1.0 / (np.ones(n) if design.weights is None else design.weights))
    for one, template in zip(design.blocks, templates(design.blocks, theta), strict=True):
        z = one.full_matrix() @ np.kron(np.eye(len(one.levels)), template)
        v += z @ z.T
    return v


def deviance(design, theta, *, REML):
    """Minus twice the (restricted) multivariate normal log-likelihood, maximized over beta and sigma."""
    v = relative_covariance(design, theta)
    y = design.y - (0 if design.offset is None else design.offset)
    solved = np.linalg.solve(v, np.column_stack([design.X, y]))
    information = design.X.T @ solved[:, :-1]
    beta = np.linalg.solve(information, design.X.T @ solved[:, -1])
    residual = y - design.X @ beta
    df = len(y) - (design.X.shape[1] if REML else 0)
    value = np.linalg.slogdet(v)[1] + df * (1 + np.log(2 * np.pi * (residual @ np.linalg.solve(v, residual)) / df))
    return value + (np.linalg.slogdet(information)[1] if REML else 0.0)


def blups(design, theta, sigma):
    """Best linear unbiased predictions given theta and their conditional covariance, from Gaussian conditioning."""
    v = relative_covariance(design, theta)
    y = design.y - (0 if design.offset is None else design.offset)
    information = design.X.T @ np.linalg.solve(v, design.X)
    beta = np.linalg.solve(information, design.X.T @ np.linalg.solve(v, y))
    prior, z = [], []
    for one, template in zip(design.blocks, templates(design.blocks, theta), strict=True):
        prior.append(np.kron(np.eye(len(one.levels)), template @ template.T))
        z.append(one.full_matrix())
    size = sum(len(p) for p in prior)
    g, start = np.zeros((size, size)), 0
    for p in prior:
        g[start : start + len(p), start : start + len(p)] = p
        start += len(p)
    z = np.hstack(z)
    gain = np.linalg.solve(v, z @ g).T
    return gain @ (y - design.X @ beta), sigma**2 * (g - gain @ z @ g), beta, sigma**2 * np.linalg.inv(information)


def designs():
    """Small designs of every structure, with and without weights and offset, by name."""
    rng = np.random.default_rng(20150907)
    n = 120
    x, y = rng.normal(5, 2, n), rng.normal(100, 3, n)
    f, g, h = rng.integers(0, 9, n), rng.integers(0, 7, n), rng.integers(0, 4, n)
    inner = f * 3 + rng.integers(0, 3, n)
    one = np.ones(n)
    structures = {
        "intercept": [block("f", f)],
        "slope": [block("f", f, one, x)],
        "uncorrelated": [block("f", f), block("f", f, x)],
        "crossed": [block("f", f), block("g", g)],
        "three crossed with slopes": [block("f", f, one, x), block("g", g, one, x), block("h", h)],
        "nested": [block("inner", inner), block("f", f)],
        "nested slopes": [block("inner", inner, one, x), block("f", f, one, x)],
        "mixed": [block("inner", inner, one, x), block("f", f), block("f", f, x), block("h", h)],
        "small first": [block("h", h), block("inner", inner, one, x)],
        "raw scale": [block("f", f, one, 30 + x), block("g", g)],
    }
    extras = {"": {}, ", weights and offset": {"weights": rng.uniform(0.3, 3.0, n), "offset": 2 * x}}
    X = np.column_stack([one, x])
    return {
        f"{name}{extra}": Arrays(y, X, tuple(blocks), **more)
        for name, blocks in structures.items()
        for extra, more in extras.items()
    }


def any_theta(design, seed=1):
    """A theta of no particular meaning, diagonal elements positive."""
    size = sum(q * (q + 1) // 2 for q in (one.matrix.shape[1] for one in design.blocks))
    return np.abs(np.random.default_rng(seed).normal(0.5, 0.3, size))

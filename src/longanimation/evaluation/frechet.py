"""Fréchet distance between two sets of features, each taken for a Gaussian: what FID and FVD are made of."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from longanimation.errors import InputError


class FeatureStatistics:
    """Mean and covariance of features that come in one after the other.

    unbiased: divide by n - 1 (FID as in pytorch-fid) or by n (FVD as in StyleGAN-V and cd-fvd). Up to as many rows as
    a feature has numbers are kept as they are, more become a matrix of sums: 32 MB at most for 2048 numbers.
    """

    def __init__(self, *, unbiased: bool = True):
        self.unbiased = unbiased
        self.count = 0
        self._rows: list[np.ndarray] = []
        self._sum: np.ndarray | None = None
        self._gram: np.ndarray | None = None

    @classmethod
    def of(cls, features: Iterable[np.ndarray], *, unbiased: bool = True) -> FeatureStatistics:
        """features: blocks of float [n, D]."""
        found = cls(unbiased=unbiased)
        for block in features:
            found.add(block)
        return found

    def add(self, features: np.ndarray) -> None:
        """features: float [n, D]."""
        rows = np.asarray(features, np.float64)
        if not len(rows):
            return
        self.count += len(rows)
        self._sum = rows.sum(0) if self._sum is None else self._sum + rows.sum(0)
        self._rows.append(rows)
        if self.count > rows.shape[1]:
            rows = np.concatenate(self._rows)
            self._rows = []
            self._gram = rows.T @ rows + (0 if self._gram is None else self._gram)

    @property
    def mean(self) -> np.ndarray:
        """float64 [D]."""
        return self._sum / self.count

    @property
    def covariance(self) -> np.ndarray:
        """float64 [D, D]."""
        factor = self.factor()
        return factor @ factor.T

    def factor(self) -> np.ndarray:
        """A matrix A, float64 [D, r], with A A^T = covariance; r is the number of features if they are few."""
        divisor = max(self.count - 1, 1) if self.unbiased else self.count
        if self._gram is None:
            return (np.concatenate(self._rows) - self.mean).T / np.sqrt(divisor)
        values, vectors = np.linalg.eigh((self._gram - self.count * np.outer(self.mean, self.mean)) / divisor)
        return vectors * np.sqrt(np.maximum(values, 0))


def frechet_distance(first: FeatureStatistics, second: FeatureStatistics) -> float:
    """|mean_1 - mean_2|^2 + tr(C_1 + C_2 - 2 (C_1 C_2)^(1/2)), at least 0.

    With C_1 = A A^T and C_2 = B B^T the trace of the root is the sum of the singular values of A^T B: exact also where
    there are fewer features than numbers in one, where a matrix root of C_1 C_2 is unstable. Raises InputError if
    either is empty.
    """
    if not first.count or not second.count:
        raise InputError("nothing to compare: a set of features is empty")
    a, b = first.factor(), second.factor()
    root = np.linalg.svd(a.T @ b, compute_uv=False).sum()
    apart = np.square(first.mean - second.mean).sum()
    return max(float(apart + np.square(a).sum() + np.square(b).sum() - 2 * root), 0.0)

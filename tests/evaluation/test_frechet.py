import numpy as np
import pytest
from scipy.linalg import sqrtm

from longanimation.errors import InputError
from longanimation.evaluation.frechet import FeatureStatistics, frechet_distance


def rows_with(mean, covariance, count=40, seed=0):
    """Features that have exactly this mean and covariance (n - 1)."""
    random = np.random.default_rng(seed).normal(size=(count, len(mean)))
    random -= random.mean(0)
    white = random @ np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(random, rowvar=False)))).T
    return white @ np.linalg.cholesky(covariance).T + mean


def covariance(size, seed):
    root = np.random.default_rng(seed).normal(size=(size, size))
    return root @ root.T + 0.1 * np.eye(size)


def test_two_gaussians_are_as_far_apart_as_the_formula_says():
    mean_1, mean_2 = np.zeros(5), np.arange(5.0)
    first, second = covariance(5, 1), covariance(5, 2)
    expected = np.square(mean_1 - mean_2).sum() + np.trace(first + second - 2 * sqrtm(first @ second).real)
    a, b = FeatureStatistics.of([rows_with(mean_1, first)]), FeatureStatistics.of([rows_with(mean_2, second, 60, 3)])
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)
    assert expected > 30


def test_in_one_dimension_it_is_the_difference_of_means_and_of_spreads():
    a, b = (FeatureStatistics.of([rows_with(np.array([m]), np.array([[s**2]]))]) for m, s in ((0.0, 2.0), (3.0, 5.0)))
    assert frechet_distance(a, b) == pytest.approx(3**2 + (5 - 2) ** 2)


@pytest.mark.parametrize("count", [6, 40])
@pytest.mark.parametrize("unbiased", [True, False])
def test_features_in_portions_give_numpy_s_mean_and_covariance(count, unbiased):
    rows = rows_with(np.arange(5.0), covariance(5, 1))[:count]
    found = FeatureStatistics(unbiased=unbiased)
    for start in range(0, count, 4):
        found.add(rows[start : start + 4])
    assert found.count == count
    np.testing.assert_allclose(found.mean, rows.mean(0), atol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(rows, rowvar=False, bias=not unbiased), atol=1e-12)


def test_fewer_features_than_numbers_in_one_still_give_the_exact_distance():
    random = np.random.default_rng(0)
    first, second = random.normal(size=(7, 30)), random.normal(size=(9, 30)) + 1
    a, b = FeatureStatistics.of([first]), FeatureStatistics.of([second])
    product = np.cov(first, rowvar=False) @ np.cov(second, rowvar=False)
    root = np.sqrt(np.maximum(np.linalg.eigvals(product).real, 0)).sum()
    expected = np.square(a.mean - b.mean).sum() + np.trace(a.covariance) + np.trace(b.covariance) - 2 * root
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(a, FeatureStatistics.of([first])) == pytest.approx(0, abs=1e-9)


def test_an_empty_set_is_refused():
    with pytest.raises(InputError, match="empty"):
        frechet_distance(FeatureStatistics(), FeatureStatistics.of([np.ones((2, 3))]))

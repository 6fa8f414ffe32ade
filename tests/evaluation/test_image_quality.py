import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from longanimation.evaluation.image_quality import PERFECT_PSNR, psnr, ssim


def noisy_pair(height=120, width=210):
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
    result = truth.copy()
    result[20:60, 100:140] = generator.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    return result, truth


def test_psnr_agrees_with_scikit_image():
    result, truth = noisy_pair()
    assert psnr(result, truth) == pytest.approx(peak_signal_noise_ratio(truth, result), abs=1e-4)


def test_ssim_agrees_with_scikit_image():
    result, truth = noisy_pair()
    assert ssim(result, truth) == pytest.approx(structural_similarity(truth, result, channel_axis=2), abs=1e-4)


def test_ssim_agrees_on_flat_areas_where_variances_vanish():
    truth = np.full((50, 60, 3), 200, np.uint8)
    truth[10:30, 20:50] = (240, 30, 90)
    result = truth.copy()
    result[15:25, 25:45] = (238, 33, 90)
    assert ssim(result, truth) == pytest.approx(structural_similarity(truth, result, channel_axis=2), abs=1e-4)


def test_a_perfect_frame_scores_the_highest_value_and_not_infinity():
    _, truth = noisy_pair()
    assert psnr(truth, truth) == PERFECT_PSNR
    assert ssim(truth, truth) == 1

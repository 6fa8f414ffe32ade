import numpy as np
from skimage.color import deltaE_ciede2000, rgb2lab

from longanimation.evaluation.color_error import ColorError, ciede2000, pack_colors, unpack_colors


def pictures(colors=None):
    generator = np.random.default_rng(0)
    first, second = generator.integers(0, 256, (2, 40, 30, 3), dtype=np.uint8)
    if colors:
        paints = generator.integers(0, 256, (colors, 3), dtype=np.uint8)
        first, second = paints[generator.integers(0, colors, (2, 40, 30))]
    first[:4], second[4:8] = first[:4, :, :1], second[4:8, :, :1]  # greys
    first[8:10], second[10:12], second[12:14] = 0, 255, first[12:14]
    return first, second


def reference(first, second):
    return deltaE_ciede2000(rgb2lab(first), rgb2lab(second))


def test_the_formula_agrees_with_scikit_image():
    first, second = pictures()
    assert np.abs(ciede2000(first, second) - reference(first, second)).max() < 1e-3


def test_looking_colours_up_in_the_table_changes_nothing():
    error = ColorError()
    for _ in range(2):
        first, second = pictures(colors=12)
        assert np.abs(error(first, second) - reference(first, second)).max() < 1e-3


def test_pictures_with_more_colours_than_the_table_holds_score_the_same():
    first, second = pictures()
    assert np.abs(ColorError(max_colors=16)(first, second) - reference(first, second)).max() < 1e-3


def test_a_noisy_frame_does_not_spoil_the_table_for_the_flat_ones():
    error = ColorError(max_colors=500)
    flat = pictures(colors=8)
    error(*flat)
    error(*pictures())
    assert np.abs(error(*flat) - reference(*flat)).max() < 1e-3


def test_packed_colours_unpack_to_themselves():
    first, _ = pictures()
    assert np.array_equal(unpack_colors(pack_colors(first)), first)

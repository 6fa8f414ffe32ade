import numpy as np
import pytest
from cel_drawings import box_with_gap

from longanimation.cel import Palette, composite, paint, paint_key_frame, segment
from longanimation.errors import InputError


def test_every_pixel_of_a_region_has_exactly_its_palette_colour_also_under_the_line():
    regions = segment(box_with_gap(0, thickness=5))
    palette = Palette(np.array([[1, 2, 3], [250, 120, 7]], np.uint8), 1.0)
    picture = paint(regions, np.array([1, 0]), palette)
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, palette.colors[np.array([1, 0])[regions.ids]])
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) == 2


def test_labels_outside_the_palette_are_refused():
    regions = segment(box_with_gap(0))
    with pytest.raises(InputError, match="labels"):
        paint(regions, np.array([0, 2]), np.zeros((2, 3), np.uint8))
    with pytest.raises(InputError, match="per region"):
        paint(regions, np.array([0]), np.zeros((2, 3), np.uint8))


def test_over_is_exact_for_every_alpha_and_value():
    ink_value, alpha = (plane.astype(np.uint8) for plane in np.meshgrid(np.arange(256), np.arange(256)))
    ink = np.stack([ink_value] * 3 + [alpha], -1)
    for shade in (0, 1, 127, 200, 255):
        colors = np.full((256, 256, 3), shade, np.uint8)
        exact = ink_value * (alpha / 255.0) + shade * (1 - alpha / 255.0)
        result = composite(colors, ink)
        assert np.abs(result[..., 0] - exact).max() <= 0.5 + 1e-9
        assert np.array_equal(result[255], ink[255, :, :3])
        assert (result[0] == shade).all()
        assert (colors == shade).all()


def test_sizes_that_differ_are_refused():
    with pytest.raises(InputError, match="composite"):
        composite(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5, 4), np.uint8))


def test_a_key_frame_keeps_what_an_open_outline_joins_and_loses_specks():
    drawing = box_with_gap(40)
    regions = segment(drawing)
    assert regions.count == 1
    height, width = drawing.shape
    picture = np.full((height, width, 3), 255, np.uint8)
    y, x = np.nonzero(drawing < 128)
    box = (slice(y.min(), y.max() + 1), slice(x.min(), x.max() + 1))
    picture[box] = (200, 30, 30)
    picture[2, 2] = (200, 30, 30)
    palette = Palette(np.array([[255, 255, 255], [200, 30, 30]], np.uint8), 1.0)
    painted = paint_key_frame(regions, picture, palette)
    assert (painted[box] == (200, 30, 30)).all() and (painted[2, 2] == 255).all()
    assert (painted == 255).all(-1).sum() == (picture == 255).all(-1).sum() + 1

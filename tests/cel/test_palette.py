import cv2
import numpy as np
import pytest

from longanimation.cel import Palette, extract_palette
from longanimation.errors import InputError

SKY, SKIN, SHADE, WHITE, IRIS = (200, 220, 240), (250, 220, 190), (230, 180, 150), (255, 255, 255), (40, 90, 200)


def painted(size=(270, 480), *, iris=2.0):
    """An antialiased face with lines, a shadow border without line and a tiny iris: picture and its lines."""
    scale = 4
    picture = np.full((size[0] * scale, size[1] * scale, 3), SKY, np.uint8)
    ink = np.zeros(picture.shape[:2], np.uint8)

    def disc(x, y, radius, color, line=True):
        centre = (int(x * scale), int(y * scale))
        cv2.circle(picture, centre, int(radius * scale), color, -1)
        if line:
            cv2.circle(ink, centre, int(radius * scale), 255, int(1.6 * scale))

    disc(200, 135, 100, SKIN)
    disc(200, 180, 40, SHADE, line=False)
    disc(240, 110, 10, WHITE)
    disc(240, 110, iris, IRIS, line=False)
    picture, ink = (cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA) for plane in (picture, ink))
    return (picture * (1 - ink[..., None] / 255.0)).round().astype(np.uint8), 255 - ink


def as_set(palette):
    return {tuple(color) for color in palette.colors.tolist()}


def test_a_clean_picture_gives_exactly_its_paints_and_no_mixtures():
    palette = extract_palette(*zip(painted(), strict=True))
    assert as_set(palette) == {SKY, SKIN, SHADE, WHITE, IRIS}
    assert tuple(palette.colors[0]) == SKY
    assert palette.flat > 0.98


def test_a_colour_of_twelve_pixels_is_found():
    picture = np.full((540, 960, 3), SKIN, np.uint8)
    picture[200:203, 300:304] = IRIS
    assert IRIS in as_set(extract_palette([picture], [np.full((540, 960), 255, np.uint8)]))


@pytest.mark.parametrize(("width", "angle"), [(3.4, 15), (3.8, 45)])
def test_a_part_too_narrow_for_a_block_of_pure_paint_has_its_exact_colour(width, angle):
    scale, sand, ink = 8, (190, 150, 60), (20, 16, 30)
    picture = np.full((120 * scale, 200 * scale, 3), SKY, np.uint8)
    lines = np.full(picture.shape[:2], 255, np.uint8)
    box = ((100 * scale, 60 * scale), (80 * scale, width * scale), angle)
    corners = cv2.boxPoints(box).astype(np.int32)
    cv2.fillPoly(picture, [corners], sand)
    cv2.polylines(lines, [corners], True, 0, int(1.6 * scale))
    picture[lines == 0] = ink
    picture, lines = (cv2.resize(plane, (200, 120), interpolation=cv2.INTER_AREA) for plane in (picture, lines))
    assert as_set(extract_palette([picture], [lines])) == {SKY, sand}


def test_the_blurred_border_of_two_paints_adds_no_colour():
    picture = np.full((200, 300, 3), (220, 40, 40), np.uint8)
    picture[:, 150:] = (40, 60, 220)
    picture = cv2.GaussianBlur(picture, (0, 0), 1.2)
    assert len(extract_palette([picture], [np.full((200, 300), 255, np.uint8)])) == 2


def test_colours_under_lines_are_left_out():
    picture, lines = np.full((100, 100, 3), SKIN, np.uint8), np.full((100, 100), 255, np.uint8)
    picture[48:53], lines[48:53] = (20, 160, 30), 0
    assert as_set(extract_palette([picture], [lines])) == {SKIN}


@pytest.mark.parametrize("sigma", [1.0, 3.0])
def test_noise_does_not_multiply_the_colours(sigma):
    picture, lines = painted()
    noise = np.random.default_rng(0).normal(0, sigma, picture.shape)
    noisy = (picture + noise).round().clip(0, 255).astype(np.uint8)
    palette = extract_palette([noisy], [lines])
    assert 3 <= len(palette) <= 6
    assert all(np.abs(palette.colors.astype(int) - color).max(1).min() <= 3 for color in (SKY, SKIN, SHADE))
    assert palette.flat > 0.8


def test_close_paints_of_a_clean_picture_stay_apart():
    picture = np.full((120, 200, 3), (227, 212, 201), np.uint8)
    picture[:, 100:] = (220, 209, 201)
    palette = extract_palette([picture], [np.full((120, 200), 255, np.uint8)])
    assert len(palette) == 2


def test_a_gradient_is_not_flat():
    ramp = np.linspace(0, 1, 480)[None, :, None]
    picture = (np.array([30, 60, 120]) * (1 - ramp) + np.array([240, 200, 150]) * ramp).round().astype(np.uint8)
    picture = np.repeat(picture, 270, 0)
    assert extract_palette([picture], [np.full((270, 480), 255, np.uint8)]).flat < 0.5


def test_colours_of_several_pictures_are_joined_without_doubles():
    first, second = np.full((60, 60, 3), SKIN, np.uint8), np.full((60, 60, 3), SKIN, np.uint8)
    second[30:] = SKY
    blank = np.full((60, 60), 255, np.uint8)
    palette = extract_palette([first, second], [blank, blank])
    assert palette.colors.tolist() == [list(SKIN), list(SKY)]


def test_never_more_colours_than_asked_for_and_the_commonest_stay():
    picture, lines = painted()
    palette = extract_palette([picture], [lines], max_colors=2)
    assert as_set(palette) == {SKY, SKIN}


def test_labels_name_the_nearest_colour():
    palette = Palette(np.array([[0, 0, 0], [255, 255, 255], [255, 0, 0]], np.uint8), 1.0)
    picture = np.array([[[3, 2, 1], [250, 250, 255], [230, 20, 10]]], np.uint8)
    labels = palette.labels(picture)
    assert labels.dtype == np.uint8 and labels.tolist() == [[0, 1, 2]]


def test_pictures_and_lines_must_fit_together():
    picture, lines = painted()
    with pytest.raises(InputError, match="same size"):
        extract_palette([picture], [lines[:-1]])
    with pytest.raises(InputError, match="as many"):
        extract_palette([picture], [])
    with pytest.raises(InputError, match="max_colors"):
        extract_palette([picture], [lines], max_colors=0)

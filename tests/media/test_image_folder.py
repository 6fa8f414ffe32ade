"""Folders of pictures and single pictures as sequences."""

import numpy as np
import pytest
from PIL import Image

from longanimation.errors import InputError
from longanimation.media import open_sequence, read_image


def paint(path, value=0, size=(8, 6), mode="RGB"):
    Image.new(mode, size, value).save(path)
    return path


def test_frames_come_in_the_order_of_their_numbers_and_gaps_are_reported(tmp_path):
    for number in (10, 9, 2, 12):
        paint(tmp_path / f"cut_{number}.png", (number, 0, 0))
    frames = open_sequence(tmp_path, fps=24)
    assert frames.numbers == [2, 9, 10, 12]
    assert frames.names == ["cut_2.png", "cut_9.png", "cut_10.png", "cut_12.png"]
    assert frames.missing == [3, 4, 5, 6, 7, 8, 11]
    assert "3-8, 11" in frames.notes[0]
    assert [int(frame[0, 0, 0]) for frame in frames] == frames.numbers
    assert (frames.height, frames.width, frames.fps) == (6, 8, 24)


@pytest.mark.parametrize("suffix", ["png", "jpg", "JPEG", "tga", "tif", "tiff", "webp", "bmp"])
def test_every_picture_format_is_read_as_rgb(tmp_path, suffix):
    paint(tmp_path / f"a1.{suffix}", (200, 100, 50))
    frame = open_sequence(tmp_path)[0]
    assert frame.dtype == np.uint8 and frame.shape == (6, 8, 3)
    assert np.abs(frame.astype(int) - [200, 100, 50]).max() <= 6


@pytest.mark.parametrize(
    "mode, value, expected",
    [
        ("L", 90, [90, 90, 90]),
        ("1", 1, [255, 255, 255]),
        ("LA", (90, 40), [90, 90, 90, 40]),
        ("RGBA", (1, 2, 3, 4), [1, 2, 3, 4]),
        ("I;16", 128 * 257, [128, 128, 128]),
    ],
)
def test_every_pixel_type_becomes_eight_bits_without_clipping(tmp_path, mode, value, expected):
    paint(tmp_path / "1.png", value, mode=mode)
    assert read_image(tmp_path / "1.png")[3, 4].tolist() == expected


def test_sixteen_bit_tiff_palette_and_cmyk_are_converted(tmp_path):
    Image.fromarray(np.full((4, 4), 200 * 257, np.uint16)).save(tmp_path / "deep.tif")
    assert read_image(tmp_path / "deep.tif")[0, 0].tolist() == [200] * 3
    Image.new("RGB", (4, 4), (10, 200, 30)).quantize(4).save(tmp_path / "palette.png")
    assert read_image(tmp_path / "palette.png")[0, 0].tolist() == [10, 200, 30]
    paint(tmp_path / "print.tif", (0, 255, 255, 0), mode="CMYK")
    assert read_image(tmp_path / "print.tif")[0, 0].tolist() == [255, 0, 0]


def test_a_palette_with_a_transparent_entry_keeps_its_transparency(tmp_path):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 9, 8, 7])
    image.save(tmp_path / "1.png", transparency=1)
    assert read_image(tmp_path / "1.png")[0, 0].tolist() == [9, 8, 7, 0]


def test_hidden_files_thumbnails_and_notes_are_ignored(tmp_path):
    paint(tmp_path / "1.png")
    paint(tmp_path / "._2.png")
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("x")
    frames = open_sequence(tmp_path)
    assert (frames.names, frames.notes) == (["1.png"], [])


def test_pictures_that_cannot_be_read_are_named(tmp_path):
    for name in ("1.png", "3.png"):
        paint(tmp_path / name)
    for name in ("2.psd", "4.KRA"):
        (tmp_path / name).write_bytes(b"x")
    frames = open_sequence(tmp_path)
    assert frames.names == ["1.png", "3.png"]
    assert any("2.psd and 1 more" in note for note in frames.notes)


def test_names_without_numbers_are_taken_in_natural_order_from_zero(tmp_path):
    for name in "bca":
        paint(tmp_path / f"{name}.png")
    frames = open_sequence(tmp_path)
    assert (frames.names, frames.numbers) == (["a.png", "b.png", "c.png"], [0, 1, 2])


def test_a_version_number_after_the_frame_number_is_not_the_frame_number(tmp_path):
    for number in (1, 2):
        paint(tmp_path / f"c12_{number:04d}_v3.png")
    assert open_sequence(tmp_path).numbers == [1, 2]


def test_one_picture_is_a_sequence_of_one(tmp_path):
    frames = open_sequence(paint(tmp_path / "shot_0037.tga"))
    assert (len(frames), frames.numbers, frames.names) == (1, [37], ["shot_0037.tga"])


def refused(path) -> str:
    with pytest.raises(InputError) as caught:
        frames = open_sequence(path)
        for frame in frames:
            assert frame is not None
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_mixed_sizes_are_refused_without_decoding_and_name_the_file(tmp_path):
    paint(tmp_path / "1.png")
    paint(tmp_path / "2.png", size=(9, 6))
    assert "2.png is 9x6" in refused(tmp_path)


def test_a_number_used_twice_is_refused_and_names_both_files(tmp_path):
    paint(tmp_path / "a_01.png")
    paint(tmp_path / "b_1.png")
    assert "a_01.png and b_1.png" in refused(tmp_path)


def test_a_stray_picture_among_numbered_ones_is_refused(tmp_path):
    paint(tmp_path / "1.png")
    paint(tmp_path / "reference.png")
    assert "reference.png" in refused(tmp_path)


def test_a_damaged_frame_is_named_with_its_number(tmp_path):
    rng = np.random.default_rng(0)
    for number in (36, 37):
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8)).save(tmp_path / f"c_{number}.png")
    whole = (tmp_path / "c_37.png").read_bytes()
    (tmp_path / "c_37.png").write_bytes(whole[: len(whole) // 2])
    assert "frame 37" in refused(tmp_path) and "c_37.png" in refused(tmp_path)
    (tmp_path / "c_37.png").write_bytes(b"")
    assert "frame 37" in refused(tmp_path)


def test_an_empty_folder_a_missing_input_and_a_text_file_are_refused(tmp_path):
    assert "no pictures" in refused(tmp_path)
    assert "not found" in refused(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("hello " * 100)
    assert "notes.txt" in refused(tmp_path)
    assert "notes.txt" in refused(tmp_path / "notes.txt")

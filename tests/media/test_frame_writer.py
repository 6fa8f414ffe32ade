"""Folders of coloured frames, whole files or none."""

import json
import resource
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from longanimation.errors import InputError
from longanimation.media import as_rate, encode_png, from_arrays, open_sequence, open_writer
from longanimation.media.atomic import atomic_path, write_bytes, write_json


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 255, (64, 48, 3), np.uint8)


@pytest.fixture
def shot(tmp_path):
    (tmp_path / "in").mkdir()
    for number in (36, 37, 40):
        Image.new("RGB", (48, 64), (number, 0, 0)).save(tmp_path / "in" / f"cut_{number:04d}.tga")
    return open_sequence(tmp_path / "in")


def test_frames_keep_number_name_size_and_every_pixel_and_may_come_in_any_order(tmp_path, shot, noise):
    writer = open_writer(tmp_path / "out", shot)
    for index in (2, 0):
        writer.write(index, noise + index)
        assert np.array_equal(writer.read(index), noise + index)
    assert [writer.has(index) for index in range(3)] == [True, False, True]
    with pytest.raises(ValueError, match="cut_0037.png"):
        writer.finish()
    writer.write(1, noise)
    writer.finish()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "cut_0036.png",
        "cut_0037.png",
        "cut_0040.png",
    ]


def test_a_second_run_finds_the_whole_frames_and_removes_half_written_ones(tmp_path, shot, noise):
    open_writer(tmp_path / "out", shot).write(1, noise)
    (tmp_path / "out" / ".cut_0036.0a1b2c3d.part.png").write_bytes(b"half")
    writer = open_writer(tmp_path / "out", shot)
    assert [writer.has(index) for index in range(3)] == [False, True, False]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["cut_0037.png"]


def test_png_bytes_depend_on_the_pixels_only_and_keep_alpha(noise):
    assert encode_png(noise) == encode_png(noise.copy())
    see_through = np.dstack([noise, noise[..., 0]])
    import io

    assert np.array_equal(np.array(Image.open(io.BytesIO(encode_png(see_through)))), see_through)


def test_the_input_is_never_overwritten(tmp_path, shot):
    with pytest.raises(InputError, match="overwrite"):
        open_writer(tmp_path / "in", shot)
    Image.new("RGB", (8, 8)).save(tmp_path / "one.png")
    with pytest.raises(InputError, match="overwrite"):
        open_writer(tmp_path, open_sequence(tmp_path / "one.png"))


def test_a_place_that_cannot_be_written_is_named(tmp_path, shot):
    (tmp_path / "file").write_text("x")
    for place in ("file", "file/out", "file/out.mp4"):
        with pytest.raises(InputError, match="cannot write"):
            open_writer(tmp_path / place, shot)


@pytest.mark.parametrize("name", ["out", "out.mp4"])
def test_a_full_disk_is_named_and_leaves_no_half_file(tmp_path, name):
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (128, 128, 3), np.uint8) for _ in range(8)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        writer = open_writer(tmp_path / name, from_arrays(frames))
        with pytest.raises(InputError, match="cannot write") as caught:
            for index, frame in enumerate(frames):
                writer.write(index, frame)
            writer.finish()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(tmp_path / name) in str(caught.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_exception_inside_the_block_keeps_the_old_file(tmp_path):
    write_bytes(tmp_path / "a", b"old")
    with pytest.raises(KeyboardInterrupt), atomic_path(tmp_path / "a") as temporary:
        temporary.write_bytes(b"new")
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["a"] and (tmp_path / "a").read_bytes() == b"old"
    write_json(tmp_path / "a", {"b": [1, "é"]})
    assert json.loads((tmp_path / "a").read_text()) == {"b": [1, "é"]}


def test_arrays_become_a_sequence_and_wrong_ones_are_refused():
    frames = from_arrays(np.zeros((3, 4, 5), np.uint8))
    assert len(frames) == 3 and frames[-1].shape == (4, 5, 3) and frames.fps is None
    with pytest.raises(IndexError):
        frames[3]
    for wrong in ([], [np.zeros((4, 4, 3))], [np.zeros((4, 4, 2), np.uint8)]):
        with pytest.raises(InputError):
            from_arrays(wrong)
    with pytest.raises(InputError, match="frame 1 is 5x4"):
        from_arrays([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5, 3), np.uint8)])


def test_frame_rates_are_exact_fractions():
    assert as_rate(23.976) == as_rate("24000/1001") == Fraction(24000, 1001)
    assert as_rate(29.97) == Fraction(30000, 1001) and as_rate(12) == 12 and as_rate(12.5) == Fraction(25, 2)
    for wrong in (0, -1, "fast", float("nan")):
        with pytest.raises(InputError):
            as_rate(wrong)

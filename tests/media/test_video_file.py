"""Videos in and out."""

from fractions import Fraction

import av
import numpy as np
import pytest

from longanimation.errors import InputError
from longanimation.media import encode_video, from_arrays, open_sequence, open_writer

COLOURS = np.array([[200, 40, 30], [30, 160, 60], [40, 60, 190], [250, 220, 180], [20, 20, 20]], np.uint8)


def clip(count=12, size=(48, 64)):
    """Flat frames that can be told apart: red counts to 24, green the rounds."""
    frames = [np.full((*size, 3), 90, np.uint8) for _ in range(count)]
    for index, frame in enumerate(frames):
        frame[..., 0], frame[..., 1] = 10 * (index % 25), 30 * (index // 25)
    return frames


def positions(frames):
    means = [frame.reshape(-1, frame.shape[-1]).mean(axis=0) for frame in frames]
    return [round(float(mean[0]) / 10) + 25 * round(float(mean[1]) / 30) for mean in means]


def raw_video(path, stamps, codec="libx264", pixels="yuv420p", size=(48, 64), rotation=0, options=None):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24, options=options or {})
        stream.height, stream.width = size
        stream.pix_fmt = pixels
        if rotation:
            stream.set_display_rotation(rotation)
        stream.codec_context.time_base = Fraction(1, 24)
        for frame, stamp in zip(clip(len(stamps), size), stamps, strict=True):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts, picture.time_base = stamp, Fraction(1, 24)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def test_frames_are_counted_and_read_in_any_order(tmp_path):
    encode_video(tmp_path / "a.mp4", clip(20), Fraction(24000, 1001), (48, 64))
    frames = open_sequence(tmp_path / "a.mp4")
    assert len(frames) == 20 and frames.fps == Fraction(24000, 1001)
    assert frames.numbers == list(range(20)) and frames.names[7] == "a_0007.png"
    assert positions(frames) == list(range(20))
    for index in (13, 2, 19, 0, 1, 18, -1):
        assert positions([frames[index]]) == [index % 20]


def test_seeking_to_a_far_frame_gives_the_same_pixels_as_reading_forwards(tmp_path):
    path = raw_video(tmp_path / "a.mp4", range(120), options={"g": "25", "bf": "3"})
    forwards = [frame[0, 0].tolist() for frame in open_sequence(path)]
    frames = open_sequence(path)
    for index in (119, 60, 3, 100):
        assert frames[index][0, 0].tolist() == forwards[index]


def test_reading_forwards_decodes_each_frame_once(tmp_path, monkeypatch):
    frames = open_sequence(raw_video(tmp_path / "a.mp4", range(60)))
    opened = []
    monkeypatch.setattr(type(frames), "_open_at", lambda self, index: opened.append(index) or pytest.fail("reopened"))
    assert positions(frames) == list(range(60)) and not opened
    assert positions([frames[58], frames[59], frames[57]]) == [58, 59, 57] and not opened


def test_a_stream_without_time_stamps_is_counted_and_read(tmp_path):
    frames = open_sequence(raw_video(tmp_path / "a.h264", range(9)))
    assert len(frames) == 9
    assert positions([frames[5], frames[2], frames[8]]) == [5, 2, 8]


def test_uneven_spacing_is_noticed(tmp_path):
    uneven = open_sequence(raw_video(tmp_path / "a.mkv", [0, 1, 2, 6, 7, 12]))
    assert uneven.variable_rate and uneven.notes and positions(uneven) == list(range(6))
    even = open_sequence(raw_video(tmp_path / "b.mkv", range(6)))
    assert not even.variable_rate and not even.notes


def test_rotation_in_the_file_is_applied(tmp_path):
    frames = open_sequence(raw_video(tmp_path / "a.mp4", range(3), rotation=90))
    assert (frames.height, frames.width) == (64, 48) and frames[1].shape == (64, 48, 3)


def test_a_cut_off_video_still_gives_the_frames_that_are_whole(tmp_path):
    whole = raw_video(tmp_path / "a.h264", range(30)).read_bytes()
    (tmp_path / "b.h264").write_bytes(whole[: len(whole) * 2 // 3])
    frames = open_sequence(tmp_path / "b.h264")
    assert 5 < len(frames) < 30 and len(list(frames)) == len(frames)


def test_a_folder_named_like_nothing_and_a_broken_video_are_refused(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"\0" * 5000)
    with pytest.raises(InputError, match="a.mp4"):
        open_sequence(tmp_path / "a.mp4")


@pytest.mark.parametrize("suffix, tolerance", [("mp4", 3), ("mkv", 3), ("mov", 2), ("webm", 5)])
def test_colours_survive_a_video_and_are_tagged_bt709(tmp_path, suffix, tolerance):
    frame = np.repeat(np.repeat(COLOURS[None], 32, axis=0), 16, axis=1)
    path = tmp_path / f"a.{suffix}"
    encode_video(path, [frame] * 3, Fraction(25), frame.shape[:2])
    frames = open_sequence(path)
    assert len(frames) == 3 and frames.fps == 25
    for step, colour in enumerate(COLOURS.astype(int)):
        assert np.abs(frames[1][8:24, 16 * step + 5 : 16 * step + 11].astype(int) - colour).max() <= tolerance
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (int(context.colorspace), int(context.color_range)) == (1, 1)
        assert (int(context.color_primaries), int(context.color_trc)) == (1, 1)


def test_the_luma_in_the_file_is_the_bt709_luma(tmp_path):
    encode_video(tmp_path / "a.mp4", [np.full((32, 32, 3), [200, 40, 30], np.uint8)] * 2, None, (32, 32))
    with av.open(str(tmp_path / "a.mp4")) as container:
        picture = next(container.decode(video=0))
        luma = np.frombuffer(bytes(picture.planes[0]), np.uint8)[:32]
    expected = 16 + 219 / 255 * (0.2126 * 200 + 0.7152 * 40 + 0.0722 * 30)
    assert abs(luma.mean() - expected) <= 1


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_the_same_frames_give_the_same_bytes(tmp_path, suffix):
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (160, 64, 3), np.uint8) for _ in range(6)]
    for name in "ab":
        encode_video(tmp_path / f"{name}.{suffix}", iter(frames), Fraction(24), (160, 64))
    written = (tmp_path / f"a.{suffix}").read_bytes()
    assert written == (tmp_path / f"b.{suffix}").read_bytes()
    if suffix == "mp4":  # the encoder's own note in the file: not the number of cores of this machine
        assert b" threads=4 " in written


def test_odd_sizes_are_padded_in_an_mp4_and_kept_in_a_mov(tmp_path):
    frames = clip(3, (33, 47))
    seen = []
    notes = encode_video(tmp_path / "a.mp4", frames, None, (33, 47), seen.append)
    assert "48x34" in notes[0] and seen == [1, 2, 3]
    assert open_sequence(tmp_path / "a.mp4")[0].shape == (34, 48, 3)
    assert encode_video(tmp_path / "a.mov", frames, None, (33, 47)) == []
    assert open_sequence(tmp_path / "a.mov")[0].shape == (33, 47, 3)


def test_a_failing_source_leaves_neither_file_nor_rest(tmp_path):
    def frames():
        yield from clip(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode_video(tmp_path / "a.mp4", frames(), None, (48, 64))
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="no frame"):
        encode_video(tmp_path / "a.mp4", [], None, (48, 64))
    assert not list(tmp_path.iterdir())


def test_the_video_writer_takes_frames_in_order_at_the_rate_of_the_input(tmp_path):
    writer = open_writer(tmp_path / "deep" / "a.mp4", from_arrays(clip(4), fps=Fraction(12)))
    with pytest.raises(ValueError, match="in order"):
        writer.write(2, clip()[2])
    for index, frame in enumerate(clip(4)):
        writer.write(index, frame)
    assert not (tmp_path / "deep" / "a.mp4").exists()
    writer.finish()
    frames = open_sequence(tmp_path / "deep" / "a.mp4")
    assert frames.fps == 12 and positions(frames) == [0, 1, 2, 3]


def test_an_aborted_video_writer_leaves_nothing(tmp_path):
    writer = open_writer(tmp_path / "a.mp4", from_arrays(clip(2)))
    writer.write(0, clip()[0])
    writer.abort()
    assert not list(tmp_path.iterdir())

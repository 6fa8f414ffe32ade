"""Windows of prepared clips."""

from fractions import Fraction

import numpy as np
import pytest

from longanimation.data.prepare import PreparedClips
from longanimation.data.prepare.folder import PreparedFolder
from longanimation.errors import InputError
from longanimation.media import encode_video

SIZE = (32, 32)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A set of 20 and 60 frames. The level of a frame tells its number, 3 levels each."""
    folder = tmp_path_factory.mktemp("set")
    entries = []
    for name, count in (("short", 20), ("long", 60)):
        (folder / "clips" / name).mkdir(parents=True)
        colour = [np.full((*SIZE, 3), 50 + 3 * k, np.uint8) for k in range(count)]
        lines = [np.full((*SIZE, 3), 255, np.uint8) for _ in range(count)]
        for frame in lines:
            frame[:, 14:18] = 0
        paths = [f"clips/{name}/{part}.mp4" for part in ("colour", "lines")]
        for path, frames in zip(paths, (colour, lines), strict=True):
            encode_video(folder / path, frames, Fraction(24), SIZE)
        entry = {"id": name, "frames": count, "size": list(SIZE), "caption": name}
        entries.append(entry | dict(zip(("colour", "lines"), paths, strict=True)))
    PreparedFolder(folder).write_index(entries)
    return folder


def numbers(clip):
    return [round((float(frame.mean()) - 50) / 3) for frame in clip.colour]


def test_frames_are_those_asked_for_with_lines_on_clean_paper(clips):
    clip = PreparedClips(clips).frames(1, 30, 36)
    assert numbers(clip) == [30, 31, 32, 33, 34, 35] and clip.caption == "long"
    assert clip.colour.dtype == clip.lines.dtype == np.uint8
    assert clip.colour.shape == (6, *SIZE, 3) and clip.lines.shape == (6, *SIZE)
    assert (clip.lines[:, :, :8] == 255).all() and clip.lines[:, :, 15:17].max() < 20
    with pytest.raises(IndexError):
        PreparedClips(clips).frames(0, 10, 21)


def test_a_window_depends_on_seed_and_index_alone_and_reaches_every_place(clips):
    data = PreparedClips(clips)
    assert data.window(1, seed=3, length=8).start == PreparedClips(clips).window(1, seed=3, length=8).start
    starts = {data._draw_start(0, seed, 16) for seed in range(60)}
    assert starts == {0, 1, 2, 3, 4}
    window = data.window(1, seed=5, length=8)
    assert numbers(window) == list(range(window.start, window.start + 8))


def test_a_memory_window_is_reference_history_and_target_without_overlap(clips):
    window = PreparedClips(clips).memory_window(1, seed=1, history=20, target=9)
    start = window.reference.start
    assert numbers(window.reference) == [start]
    assert numbers(window.history) == list(range(start, start + 20))
    assert numbers(window.target) == list(range(start + 20, start + 29)) and window.target.start == start + 20


def test_clips_too_short_for_a_window_can_be_left_out(clips):
    assert len(PreparedClips(clips)) == 2
    assert [entry["id"] for entry in PreparedClips(clips, at_least=40).entries] == ["long"]
    with pytest.raises(InputError, match="no clip of 241 frames"):
        PreparedClips(clips, at_least=241)
    with pytest.raises(ValueError, match="does not fit"):
        PreparedClips(clips).window(0, seed=0, length=21)


def test_a_folder_without_an_index_is_one_line(tmp_path):
    with pytest.raises(InputError, match="longanimation data prepare"):
        PreparedClips(tmp_path)

import numpy as np
import pytest

from longanimation.errors import InputError
from longanimation.media import from_arrays
from longanimation.shot import plan_segments
from longanimation.shot.prompts import Prompts, describe_prompts, read_prompt_file, read_prompts


@pytest.fixture
def shot():
    """Ten frames with the numbers 101, 102, 104, 105... : 103 is missing."""
    sequence = from_arrays([np.zeros((4, 4, 3), np.uint8)] * 10)
    sequence.numbers = [101, 102, *range(104, 112)]
    return sequence


def texts(prompts):
    return [prompts.at(position) for position in range(10)]


def test_one_text_is_for_the_whole_shot(shot):
    for written in ("a beach", ["a beach"], "2001: a space odyssey"):
        prompts = read_prompts(written, shot)
        assert prompts.changes == () and prompts.whole == (written if isinstance(written, str) else written[0])
    assert read_prompts([], shot) == Prompts("", ())


def test_ranges_are_by_the_files_numbers_with_both_ends_and_the_rest_has_the_whole_text(shot):
    prompts = read_prompts(["102-104: rain", "day", "110-:night: stars"], shot)
    assert texts(prompts) == ["day", "rain", "rain", *["day"] * 5, "night: stars", "night: stars"]


def test_ranges_that_touch_and_no_whole_text(shot):
    prompts = read_prompts(["101-102:a", "103-105:b"], shot)
    assert texts(prompts) == ["a", "a", "b", "b", *[""] * 6]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (["a", "b"], "two prompts for the whole shot: 'a' and 'b'"),
        (["1-100:a"], "prompt 1-100: the shot has no such frames; its frames are 101 to 111"),
        (["101-105:a", "105-107:b"], "the prompts of frames 101-105 and 105-107 overlap"),
    ],
)
def test_what_cannot_be_meant_is_refused(shot, wrong, words):
    with pytest.raises(InputError, match=words):
        read_prompts(wrong, shot)


def test_a_file_has_one_prompt_a_line(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_text("# backgrounds\na beach\n\n  102-104: rain\n", encoding="utf-8")
    assert read_prompt_file(path) == ["a beach", "102-104: rain"]
    with pytest.raises(InputError, match="prompt file not found"):
        read_prompt_file(tmp_path / "none.txt")
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InputError, match="cannot be read as text"):
        read_prompt_file(path)


def test_the_user_hears_which_frames_get_which_prompt_and_which_prompt_none(shot):
    prompts = read_prompts(["day", "102-102:flash", "107-:night"], shot)
    segments = plan_segments(10, window=4, overlap=0)  # kept: 101-105, 106-109, 110-111; middles 102, 107, 110
    notes = describe_prompts(prompts, segments, shot.numbers, object())
    assert notes == ['prompts change with the window, so by frame: 101-105 "flash"; 106-111 "night"']
    notes = describe_prompts(
        read_prompts(["day", "101-101:flash", "107-:night"], shot), segments, shot.numbers, object()
    )
    assert notes[1] == 'not used, as no window has its middle in those frames: "flash"'
    assert describe_prompts(read_prompts("day", shot), segments, shot.numbers, object()) == []

"""Videos become clips: cuts, filters, resume, report."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction

import cv2
import numpy as np
import pytest

from longanimation.cli import main
from longanimation.data.prepare import PreparedClips, PrepareSettings, prepare
from longanimation.errors import InputError
from longanimation.lines import extract_lines
from longanimation.media import encode_png, encode_video

SIZE = (48, 80)
SMALL = {"shortest": 12, "min_side": 32}
ROOM, SKY = ((200, 170, 120), (120, 40, 30)), ((90, 150, 230), (250, 240, 120))


def moving(count, colours=ROOM, size=SIZE, speed=2):
    """Frames uint8 [H, W, 3]: a ball crosses a room with a window."""
    ground, ball = colours
    frames = []
    for k in range(count):
        frame = np.full((*size, 3), ground, np.uint8)
        cv2.rectangle(frame, (8, 6), (24, 20), (60, 70, 80), -1)
        cv2.circle(frame, (12 + k * speed % (size[1] - 24), size[0] // 2 + 4), 9, ball, -1)
        frames.append(frame)
    return frames


def letterboxed(frames, bar=10):
    boxed = [np.zeros((frame.shape[0] + 2 * bar, *frame.shape[1:]), np.uint8) for frame in frames]
    for box, frame in zip(boxed, frames, strict=True):
        box[bar:-bar] = frame
    return boxed


def video(path, frames):
    path.parent.mkdir(parents=True, exist_ok=True)
    encode_video(path, frames, Fraction(24), frames[0].shape[:2])
    return path


def pictures(folder, frames, numbers=None):
    folder.mkdir(parents=True)
    for number, frame in zip(numbers or range(1, len(frames) + 1), frames, strict=True):
        (folder / f"cut_{number:04d}.png").write_bytes(encode_png(frame))


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A tree with one of everything; read only."""
    root = tmp_path_factory.mktemp("films")
    black = [np.zeros((*SIZE, 3), np.uint8)] * 6
    still = moving(1, ((40, 60, 50), (230, 200, 40)))
    video(root / "two_scenes.mp4", moving(20) + moving(16, SKY) + moving(5) + black + still * 14)
    video(root / "season 1" / "letterbox.mp4", letterboxed(moving(14)))
    (root / "season 1" / "letterbox.txt").write_text("a ball\n in a room \n")
    pictures(root / "season 1" / "drawn", moving(30, SKY), [*range(1, 15), *range(101, 117)])
    (root / "broken.mp4").write_bytes(b"no video at all")
    (root / "notes.txt").write_text("not a caption")
    return root


@pytest.fixture(scope="module")
def made(films, tmp_path_factory):
    output = tmp_path_factory.mktemp("made") / "set"
    prepare([films], output, PrepareSettings(**SMALL, store="png"))
    return output


def index(folder):
    return [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]


def content(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def drops(folder):
    rows = json.loads((folder / "report.json").read_text())["drops"]
    return [(row["source"], row["start"], row["stop"], row["reason"]) for row in rows]


def test_scenes_are_parted_at_the_cut_and_in_folders_where_the_numbering_jumps(made):
    assert [(entry["source"], entry["start"], entry["stop"]) for entry in index(made)] == [
        ("season 1/drawn", 0, 14),
        ("season 1/drawn", 14, 30),
        ("season 1/letterbox.mp4", 0, 14),
        ("two_scenes.mp4", 0, 20),
        ("two_scenes.mp4", 20, 36),
    ]


def test_every_dropped_frame_has_one_reason(made):
    assert drops(made) == [
        ("two_scenes.mp4", 36, 41, "too short"),
        ("two_scenes.mp4", 41, 47, "blank"),
        ("two_scenes.mp4", 47, 61, "static"),
    ]
    report = json.loads((made / "report.json").read_text())
    assert report["dropped"]["static"] == {"pieces": 1, "frames": 14}
    assert report["kept"] == {"clips": 5, "frames": 80} and report["frames"] == 105
    assert [row["source"] for row in report["unreadable_sources"]] == ["broken.mp4"]
    page = (made / "report.md").read_text()
    assert "| two_scenes.mp4 | 36-40 | too short | 5 frames, 12 needed |" in page and "broken.mp4" in page


def test_a_letterboxed_clip_holds_the_picture_alone(made):
    entry = next(entry for entry in index(made) if "letterbox" in entry["source"])
    y0, x0, y1, x1 = entry["crop"]
    assert (x0, x1) == (0, 80) and 10 <= y0 <= 12 and 56 <= y1 <= 58 and entry["size"] == [y1 - y0, 80]
    colour = PreparedClips(made).frames(2).colour
    assert colour.shape == (14, *entry["size"], 3) and colour[:, [0, -1]].mean() > 100


@pytest.mark.parametrize("bars,kept", [("drop", 0), ("keep", 1)])
def test_bars_can_be_a_reason_to_drop_or_be_kept(tmp_path, bars, kept):
    video(tmp_path / "in" / "a.mp4", letterboxed(moving(14)))
    prepare([tmp_path / "in"], tmp_path / "out", PrepareSettings(**SMALL, bars=bars))
    assert len(index(tmp_path / "out")) == kept
    assert kept or drops(tmp_path / "out") == [("a.mp4", 0, 14, "bars")]
    assert not kept or index(tmp_path / "out")[0]["size"] == [68, 80]


def test_stored_frames_and_lines_are_those_of_the_source(made):
    clip = PreparedClips(made).frames(1)
    source = moving(30, SKY)[14:]
    assert np.array_equal(clip.colour, source)
    assert np.array_equal(clip.lines, [extract_lines(frame) for frame in source])
    assert clip.lines.min() == 0


def test_captions_come_from_the_text_beside_or_from_a_list(films, made, tmp_path):
    assert [entry["caption"] for entry in index(made)] == [None, None, "a ball in a room", None, None]
    (tmp_path / "c.csv").write_text("path,caption\ntwo_scenes,two places\nseason 1/drawn,sky\nlost,nothing\n")
    notes = []
    settings = PrepareSettings(**SMALL, store="png")
    prepare([films], made, settings, captions=tmp_path / "c.csv", note=notes.append)
    assert [entry["caption"] for entry in index(made)] == [
        "sky",
        "sky",
        "a ball in a room",
        "two places",
        "two places",
    ]
    assert any("lost" in note for note in notes)
    prepare([films], made, settings)
    assert [entry["caption"] for entry in index(made)].count(None) == 4


@pytest.mark.parametrize("name,text", [("c.jsonl", '{"path": "a"}\n'), ("c.jsonl", "a: b\n"), ("c.csv", "a,b\n1,2\n")])
def test_a_list_of_captions_that_is_none_is_refused(films, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=name):
        prepare([films], tmp_path / "out", captions=tmp_path / name)


def test_a_fade_over_a_still_picture_and_a_held_drawing_are_dropped(tmp_path):
    still = moving(1)[0]
    video(tmp_path / "in" / "fade.mp4", [(still * (0.4 + 0.04 * k)).astype(np.uint8) for k in range(14)])
    pictures(tmp_path / "in" / "held", [still] * 24 + moving(2)[1:])
    prepare([tmp_path / "in"], tmp_path / "out", PrepareSettings(**SMALL, max_held=0.9))
    assert drops(tmp_path / "out") == [("fade.mp4", 0, 14, "fade"), ("held", 0, 25, "static")]


def test_a_slow_fade_through_black_parts_two_shots(tmp_path):
    dark = [(frame * (1 - k / 12)).astype(np.uint8) for k, frame in enumerate(moving(13))]
    light = [(frame * (k / 12)).astype(np.uint8) for k, frame in enumerate(moving(13, SKY))]
    video(tmp_path / "a.mp4", moving(12) + dark + [dark[-1]] * 3 + light + moving(12, SKY))
    prepare([tmp_path / "a.mp4"], tmp_path / "out", PrepareSettings(**SMALL))
    first, second = index(tmp_path / "out")
    assert first["stop"] <= 25 and second["start"] >= 28


def test_long_shots_become_equal_parts_and_large_pictures_are_scaled(tmp_path):
    video(tmp_path / "a.mp4", moving(50, size=(96, 160), speed=3))
    prepare([tmp_path / "a.mp4"], tmp_path / "out", PrepareSettings(**SMALL, longest=30, short_side=48))
    assert [(e["start"], e["stop"], e["size"]) for e in index(tmp_path / "out")] == [
        (0, 25, [48, 80]),
        (25, 50, [48, 80]),
    ]
    clip = PreparedClips(tmp_path / "out").frames(1, 3, 5)
    wanted = cv2.resize(moving(50, size=(96, 160), speed=3)[28], (80, 48), interpolation=cv2.INTER_AREA)
    assert np.abs(clip.colour[0].astype(int) - wanted).mean() < 4 and clip.start == 3


def test_a_small_picture_is_dropped(tmp_path):
    video(tmp_path / "a.mp4", moving(14))
    prepare([tmp_path / "a.mp4"], tmp_path / "out", PrepareSettings(shortest=12, min_side=64))
    assert drops(tmp_path / "out") == [("a.mp4", 0, 14, "too small")]


def test_a_damaged_picture_ends_its_folder_and_nothing_else(tmp_path):
    pictures(tmp_path / "in" / "a", moving(30))
    (tmp_path / "in" / "a" / "cut_0017.png").write_bytes(encode_png(moving(1)[0])[:200])
    pictures(tmp_path / "in" / "b", moving(14))
    prepare([tmp_path / "in"], tmp_path / "out", PrepareSettings(**SMALL))
    assert [(entry["source"], entry["stop"]) for entry in index(tmp_path / "out")] == [("a", 16), ("b", 14)]
    assert drops(tmp_path / "out") == [("a", 16, 30, "unreadable")]
    assert str(tmp_path) not in (tmp_path / "out" / "report.json").read_text()


def test_two_workers_and_a_moved_input_give_the_same_bytes(films, made, tmp_path):
    os.symlink(films, tmp_path / films.name)
    seen = []
    prepare(
        [tmp_path / films.name],
        tmp_path / "out",
        PrepareSettings(**SMALL, store="png"),
        workers=2,
        progress=lambda *values: seen.append(values),
    )
    assert content(tmp_path / "out") == content(made)
    assert seen[-1] == ("write", 80, 80, "frames")


def test_killed_and_run_again_it_goes_on_and_ends_with_the_same_bytes(films, made, tmp_path):
    output = tmp_path / "out"
    command = f"data prepare {films} -o {output} --shortest 12 --min-side 32 --store png --quiet".replace("//", "/")
    for number, wanted in ((signal.SIGKILL, 1), (signal.SIGTERM, 3)):
        process = subprocess.Popen([sys.executable, "-c", _SLOW, *command.split()])
        while process.poll() is None and len(list(output.glob("clips/*/clip.json"))) < wanted:
            time.sleep(0.005)
        process.send_signal(number)
        assert process.wait() in (-9, 128 + signal.SIGTERM)
    assert 3 <= len(index(output)) < 5  # what is finished can be used
    assert "Not finished" in (output / "report.md").read_text()
    result = prepare([films], output, PrepareSettings(**SMALL, store="png"))
    assert 0 < result.written < 3
    assert content(output) == content(made)


_SLOW = """
import sys, time
from longanimation.cli import main
from longanimation.data.prepare import clip_media
extract = clip_media.extract_lines
clip_media.extract_lines = lambda frame: (time.sleep(0.02), extract(frame))[1]
sys.exit(main(sys.argv[1:]))
"""


def test_a_finished_set_is_left_alone_and_a_changed_source_is_made_again(tmp_path):
    path = video(tmp_path / "in" / "a.mp4", moving(14))
    video(tmp_path / "in" / "b.mp4", moving(14))
    settings = PrepareSettings(**SMALL)
    assert prepare([tmp_path / "in"], tmp_path / "out", settings).written == 2
    os.utime(path, (1, 1))
    assert prepare([tmp_path / "in"], tmp_path / "out", settings).written == 0
    video(path, moving(14, SKY))
    assert prepare([tmp_path / "in"], tmp_path / "out", settings).written == 1
    assert abs(int(PreparedClips(tmp_path / "out").frames(0).colour[0, 2, 2, 2]) - 230) < 6


def test_other_settings_other_inputs_and_foreign_folders_are_refused(tmp_path):
    first, second = (video(tmp_path / name, moving(14)) for name in ("a.mp4", "b.mp4"))
    output = tmp_path / "out"
    prepare([first], output, PrepareSettings(**SMALL))
    with pytest.raises(InputError, match=r"shortest 12 \(now 13\)"):
        prepare([first], output, PrepareSettings(shortest=13, min_side=32))
    with pytest.raises(InputError, match=r"inputs a.mp4 \(now b.mp4\)"):
        prepare([second], output, PrepareSettings(**SMALL))
    with pytest.raises(InputError, match="not empty"):
        prepare([first], tmp_path, PrepareSettings(**SMALL))


def test_the_output_inside_the_input_is_not_taken_for_input(tmp_path):
    pictures(tmp_path / "in" / "a", moving(14))
    for _ in range(2):
        prepare([tmp_path / "in"], tmp_path / "in" / "out", PrepareSettings(**SMALL, store="png"))
    assert [entry["source"] for entry in index(tmp_path / "in" / "out")] == ["a"]


def test_several_inputs_are_told_apart_by_their_names(tmp_path):
    for name in ("x", "y"):
        video(tmp_path / name / "a.mp4", moving(14))
    prepare([tmp_path / "x", tmp_path / "y"], tmp_path / "out", PrepareSettings(**SMALL))
    assert [entry["source"] for entry in index(tmp_path / "out")] == ["x/a.mp4", "y/a.mp4"]
    assert len({entry["id"] for entry in index(tmp_path / "out")}) == 2
    with pytest.raises(InputError, match="called x"):
        prepare([tmp_path / "x", tmp_path / "y" / ".." / "x"], tmp_path / "out2", PrepareSettings(**SMALL))


def test_the_command_says_what_it_kept(tmp_path, capsys):
    video(tmp_path / "a.mp4", moving(14))
    arguments = ["data", "prepare", str(tmp_path / "a.mp4"), "-o", str(tmp_path / "out"), "--json", "--quiet"]
    assert main([*arguments, "--shortest", "12", "--min-side", "32", "--detector", "content"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["kept"] == {"clips": 1, "frames": 14} and told["written"] == 1 and told["dropped"] == {}


@pytest.mark.parametrize(
    "make,options,words",
    [
        (None, [], "not found"),
        ("empty", [], "no video"),
        ("broken", [], "none of the 1 files can be read"),
        ("broken", ["--shortest", "1"], "shortest is 1"),
        ("broken", ["--longest", "9"], "longest is 9"),
        ("broken", ["--workers", "0"], "workers is 0"),
    ],
)
def test_bad_arguments_and_no_usable_input_are_one_line_and_code_2(tmp_path, capsys, make, options, words):
    if make:
        (tmp_path / "in").mkdir()
    if make == "broken":
        (tmp_path / "in" / "a.mp4").write_bytes(b"0" * 99)
    assert main(["data", "prepare", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--quiet", *options]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1

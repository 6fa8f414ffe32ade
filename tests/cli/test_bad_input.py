import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from longanimation.cli import main


def write_png(path, size=(24, 32), value=255):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((*size, 3), value, np.uint8))
    return path


@pytest.fixture
def good(tmp_path):
    """A shot of 40 drawings and a reference."""
    for k in range(40):
        write_png(tmp_path / "in" / f"cut_{k:04d}.png")
    write_png(tmp_path / "ref.png", value=90)
    return tmp_path


def no_frames(folder):
    (folder / "empty").mkdir()
    return ["empty"], "no pictures in"


def missing_input(folder):
    return ["nowhere"], "input not found"


def not_a_video(folder):
    (folder / "film.mp4").write_bytes(b"text")
    return ["film.mp4"], "cannot be read as a video"


def mixed_sizes(folder):
    write_png(folder / "in" / "cut_0021.png", size=(24, 30))
    return ["in"], "cut_0021.png is 30x24"


def unreadable_frame_37(folder):
    path = folder / "in" / "cut_0037.png"
    path.write_bytes(path.read_bytes()[:60])
    return ["in"], "frame 37 cannot be read"


def missing_reference(folder):
    return ["in", "--reference", "gone.png"], "reference not found: gone.png"


def unreadable_reference(folder):
    (folder / "bad.png").write_bytes(b"text")
    return ["in", "--reference", "bad.png"], "reference cannot be read: bad.png"


def reference_of_no_frame(folder):
    return ["in", "--reference", "ref.png@40"], "the shot has no frame 40; its frames are 0 to 39"


def unknown_model(folder):
    return ["in", "--model", "maxi"], "unknown model 'maxi'; known are mini"


def a_folder_that_is_no_model(folder):
    return ["in", "--model", "in"], "in is not a model folder"


def output_is_a_file(folder):
    (folder / "taken").write_text("notes")
    return ["in", "--output", "taken"], "cannot write into taken: it is a file"


def output_below_a_file(folder):
    (folder / "taken").write_text("notes")
    return ["in", "--output", "taken/out"], "taken"


def output_video_below_a_file(folder):
    (folder / "taken").write_text("notes")
    return ["in", "--output", "taken/out.mp4"], "taken"


def output_is_the_input(folder):
    return ["in", "--output", "in"], "would overwrite the input"


def output_holds_other_pictures(folder):
    write_png(folder / "out" / "holiday.png")
    return ["in"], "out holds other pictures"


def output_is_a_picture(folder):
    return ["in", "--output", "result.png"], "names one picture"


def output_is_a_video_of_another_kind(folder):
    return ["in", "--output", "result.avi"], "read, not written"


def resume_and_overwrite(folder):
    return ["in", "--resume", "--overwrite"], "exclude each other"


def bad_rate(folder):
    return ["in", "--fps", "fast"], "frame rate 'fast'"


def unknown_finish(folder):
    return ["in", "--finish", "shiny"], "'shiny' is not one of"


def no_reference(folder):
    return ["in", "--no-reference"], "No such option"


CASES = [
    no_frames, missing_input, not_a_video, mixed_sizes, unreadable_frame_37, missing_reference, unreadable_reference,
    reference_of_no_frame, unknown_model, a_folder_that_is_no_model, output_is_a_file, output_below_a_file,
    output_video_below_a_file, output_is_the_input, output_holds_other_pictures, output_is_a_picture,
    output_is_a_video_of_another_kind, resume_and_overwrite, bad_rate, unknown_finish, no_reference,
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_bad_input_gives_one_line_exit_code_2_and_writes_nothing(good, tiny_model, monkeypatch, capsys, case):
    monkeypatch.chdir(good)
    arguments, message = case(good)
    defaults = [] if "--model" in arguments else ["--model", str(tiny_model)]
    defaults += [] if "--reference" in arguments else ["--reference", "ref.png"]
    defaults += [] if "--output" in arguments else ["--output", "out"]
    before = sorted(path for path in good.rglob("*"))
    assert main(["colorize", *arguments, *defaults, "--json", "--quiet"]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1 and message in captured.err
    assert message in json.loads(captured.out)["error"]
    assert sorted(path for path in good.rglob("*")) == before


def test_a_missing_argument_is_one_line_and_exit_code_2(good, capsys):
    assert main(["colorize", str(good / "in"), "--output", "out"]) == 2
    assert capsys.readouterr().err == "longanimation: Missing option '--reference' / '-r'.\n"


@pytest.mark.parametrize("arguments", ["--help", "--version", "colorize nowhere -r x -o y", "info nowhere"])
def test_help_version_and_bad_paths_do_not_wait_for_torch(arguments):
    check = "import sys; from longanimation.cli import main; main(sys.argv[1:]); assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", check, *arguments.split()], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_bug_shows_a_traceback(good, monkeypatch):
    monkeypatch.chdir(good)
    monkeypatch.setattr("longanimation.media.open_sequence", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["colorize", "in", "-r", "ref.png", "-o", "out"])

import json
import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import longanimation
from longanimation.cli import main
from longanimation.errors import InputError
from longanimation.media import open_sequence, read_image
from longanimation.presets import load_window_model


@pytest.fixture
def colorize(tiny_model):
    def run(*extra):
        return main(["colorize", "in", "-r", "key.png@101", "--model", str(tiny_model), *extra])

    return run


def start(tiny_model, *extra, **options):
    command = [sys.executable, "-m", "longanimation", "colorize", "in", "-r", "key.png@101", "--model", str(tiny_model)]
    return subprocess.Popen([*command, *extra], text=True, stdout=-1, stderr=-1, **options)


@pytest.mark.parametrize("count", [1, 7, 14])
def test_a_folder_gives_as_many_png_files_with_the_same_numbers_and_size(make_shot, colorize, count):
    folder = make_shot(count)
    assert colorize("-o", "out") == 0
    assert sorted(p.name for p in (folder / "out").glob("*.png")) == [f"shot_{101 + k:04d}.png" for k in range(count)]
    assert {read_image(p).shape for p in (folder / "out").glob("*.png")} == {(48, 64, 3)}


@pytest.mark.parametrize("finish", ["cel", "none"])
def test_the_artists_line_is_on_top_and_paint_is_below(make_shot, colorize, finish):
    folder = make_shot(3)
    assert colorize("-o", "out", "--finish", finish) == 0
    for path in (folder / "out").glob("*.png"):
        lines, result = read_image(folder / "in" / path.name), read_image(path)
        assert (result[lines[..., 0] == 0] == 0).all()
        assert (result[lines[..., 0] == 255] != 255).any(axis=-1).mean() > 0.9


def test_a_video_goes_in_and_out_at_its_own_rate(make_shot, colorize, tiny_model):
    make_shot(7)
    assert colorize("-o", "first.mp4", "--fps", "12") == 0
    assert main(["colorize", "first.mp4", "-r", "key.png", "--model", str(tiny_model), "-o", "second.mov"]) == 0
    video = open_sequence("second.mov")
    assert (len(video), video.fps, video.height, video.width) == (7, 12, 48, 64)


def test_python_yields_the_frames_that_the_command_writes(make_shot, colorize, tiny_model):
    folder = make_shot(9, hold=2)
    assert colorize("-o", "out") == 0
    frames = list(longanimation.colorize("in", "key.png@101", model=tiny_model))
    assert np.array_equal(frames, [read_image(p) for p in sorted((folder / "out").glob("*.png"))])


def test_json_says_what_was_done_and_quiet_says_nothing_else(make_shot, colorize, capsys):
    folder = make_shot(6, hold=2)
    (folder / "in" / "shot_0103.png").unlink()
    assert colorize("-o", "out", "--json", "--quiet") == 0
    captured = capsys.readouterr()
    content = json.loads(captured.out)
    assert captured.err == ""
    assert {name: content[name] for name in ("frames", "coloured", "missing", "lines", "resumed_from")} == {
        "frames": 5, "coloured": 3, "missing": [103], "lines": "drawn", "resumed_from": 0,
    }  # fmt: skip
    assert content["seconds_per_frame"] > 0
    assert any("gaps" in note for note in content["notes"])


def test_without_quiet_the_log_says_how_the_input_was_read(make_shot, colorize, capsys):
    make_shot(2)
    assert colorize("-o", "out") == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "2 frames of 64x48" in captured.err and "black lines on white" in captured.err and "2/2" in captured.err


def test_a_second_run_needs_a_word_and_resume_finds_nothing_to_do(make_shot, colorize, capsys):
    make_shot(2)
    assert colorize("-o", "out") == 0
    assert colorize("-o", "out") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert colorize("-o", "out", "--resume") == 0
    assert "finished already" in capsys.readouterr().err
    assert colorize("-o", "out", "--resume", "--finish", "none") == 2
    assert "finish" in capsys.readouterr().err
    assert colorize("-o", "out", "--overwrite", "--finish", "none") == 0


def test_ctrl_c_stops_cleanly_says_how_to_go_on_and_the_result_is_the_same(make_shot, colorize, tiny_model):
    folder = make_shot(60)
    process = start(tiny_model, "-o", "out")
    while len(list((folder / "out").glob("*.png"))) < 10:
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "stopped; go on with: longanimation colorize in" in said and "--resume" in said and "Traceback" not in said
    assert 10 <= len(list((folder / "out").glob("*.png"))) < 60
    assert colorize("-o", "out", "--resume", "--quiet") == 0
    assert colorize("-o", "whole", "--quiet") == 0
    for path in (folder / "whole").glob("*.png"):
        assert path.read_bytes() == (folder / "out" / path.name).read_bytes()


def test_a_full_disk_is_one_line_and_leaves_only_whole_files(make_shot, tiny_model):
    folder = make_shot(2)
    limit = 2500  # bytes a file may have: less than the model's state

    def allow_only_small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = start(tiny_model, "-o", "out", "--quiet", preexec_fn=allow_only_small_files)
    _, said = process.communicate()
    assert process.returncode == 2 and said.count("\n") == 1 and "cannot write" in said
    assert not [name for _, _, names in os.walk(folder / "out") for name in names if ".part" in name]


def test_info_describes_this_installation_and_an_input(make_shot, capsys):
    make_shot(3)
    assert main(["info", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["longanimation"] == longanimation.__version__ and "mini" in content["models"]
    assert main(["info", "in", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["frames"], content["size"], content["lines"]) == (3, "64x48", "drawn")


def test_options_that_the_model_has_no_use_for_are_one_line(make_shot, colorize, tiny_model, capsys, caplog):
    make_shot(2)
    assert colorize("-o", "out", "--prompt", "a beach", "--steps", "4", "--vram", "24", "--no-memory") == 0
    line = "no effect with this model, which copies the references: prompt, steps, vram"
    assert capsys.readouterr().err.count(line) == 1
    frames = longanimation.colorize("in", "key.png@101", ["101-:a beach"], model=tiny_model, steps=4, vram=24)
    assert len(list(frames)) == 2
    assert [record.message for record in caplog.records if record.name == "longanimation.api"] == [
        "no effect with this model, which copies the references: steps, vram, prompt"
    ]
    with pytest.raises(InputError, match="steps cannot be given for a model that is made already"):
        longanimation.colorize("in", "key.png@101", model=load_window_model(tiny_model), steps=4)


def test_info_says_which_models_there_are_and_what_to_run_for_5b(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("LONGANIMATION_WEIGHTS", str(tmp_path))
    assert main(["info", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)["models"]
    assert list(models) == ["mini", "5b", "tiny"]
    assert "MB in" in models["mini"] and "not fetched yet" in models["5b"] and "weights fetch 5b" in models["5b"]

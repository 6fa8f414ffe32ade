"""`longanimation colorize` with the releases as published: the same guarantees as with every other model."""

import json
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

import longanimation
from longanimation.cli import main
from longanimation.media import read_image

QUICK = ["--steps", "1", "--guidance", "1", "--finish", "none"]


@pytest.fixture(autouse=True)
def shot(tmp_path, monkeypatch):
    """in/: drawings 101 to 110 of 48 x 80; key.png: the first one painted."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    for k in range(10):
        draw(tmp_path, k)
    key = read_image(tmp_path / "in" / "cut_0101.png").copy()
    key[(key == 255).all(-1)] = (40, 90, 200)
    cv2.imwrite("key.png", key)


def draw(folder, k):
    picture = np.full((48, 80, 3), 255, np.uint8)
    cv2.circle(picture, (30 + k, 24), 15, (0, 0, 0), 1)
    cv2.imwrite(str(folder / "in" / f"cut_{101 + k:04d}.png"), picture)


def colorize(model, output, *more):
    return main(["colorize", "in", "-r", "key.png@101", "-o", output, "--model", str(model), *QUICK, *more])


def pictures(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.png"))}


def test_5b_is_used_once_it_is_fetched_and_gives_what_the_converted_folder_gives(root, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LONGANIMATION_WEIGHTS", str(tmp_path / "weights"))
    assert colorize("5b", "out") == 2
    assert capsys.readouterr().err.endswith("run: longanimation weights fetch 5b (about 40 GB), or use --model mini\n")
    assert not (tmp_path / "out").exists()
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "5b").symlink_to(root)
    assert colorize("5b", "out", "--json") == 0
    captured = capsys.readouterr()
    assert "no GPU: runs on the CPU" in captured.err and json.loads(captured.out)["frames"] == 10
    result = pictures(tmp_path / "out")
    assert list(result) == [f"cut_{101 + k:04d}.png" for k in range(10)]
    assert {read_image(tmp_path / "out" / name).shape for name in result} == {(48, 80, 3)}
    assert main(["weights", "convert", "5b", "ours", "--quiet"]) == 0
    assert colorize("ours", "again") == 0 and pictures(tmp_path / "again") == result
    options = {"steps": 1, "guidance": 1, "finish": "none"}
    frames = list(longanimation.colorize("in", "key.png@101", model="5b", vram="auto", **options))
    assert np.array_equal(frames, [read_image(tmp_path / "out" / name) for name in result])


def test_killed_after_denoising_it_goes_on_to_the_same_bytes(root, tmp_path):
    assert colorize(root, "whole") == 0
    arguments = ["colorize", "in", "-r", "key.png@101", "-o", "killed", "--model", str(root), *QUICK]
    process = subprocess.Popen(
        [sys.executable, "-m", "longanimation", *arguments], env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    latents = tmp_path / "killed" / ".longanimation" / "window.safetensors"
    while process.poll() is None and not latents.exists():
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL and not list((tmp_path / "killed").glob("*.png"))
    saved = latents.stat().st_mtime
    assert colorize(root, "killed", "--resume") == 0
    assert saved < (tmp_path / "killed" / "cut_0101.png").stat().st_mtime
    assert pictures(tmp_path / "killed") == pictures(tmp_path / "whole")


def test_a_shot_is_not_resumed_with_other_options(root, tmp_path, capsys):
    assert colorize(root, "out") == 0
    for option, words in (
        (["--dtype", "fp32"], "precision"),
        (["--size", "32x64"], "size"),
        (["--no-memory"], "memory"),
    ):
        assert colorize(root, "out", "--resume", *option) == 2
        assert words in capsys.readouterr().err
    assert colorize(root, "out", "--resume") == 0


@pytest.mark.parametrize("option", [["--compat", "paper"], ["--no-memory", "--size", "32x64", "--dtype", "fp32"]])
def test_every_option_of_the_video_model_gives_n_frames_of_the_same_size(root, tmp_path, option):
    assert colorize(root, "out", *option, "--prompt", "a beach", "--prompt", "105-:night", "--quiet") == 0
    assert {picture.shape for picture in map(read_image, (tmp_path / "out").glob("*.png"))} == {(48, 80, 3)}
    assert len(pictures(tmp_path / "out")) == 10


def test_what_is_missing_is_one_line_before_anything_is_loaded(root, tmp_path, capsys):
    for name in ("CogVideoX1.5-5B-I2V", "longanimation"):
        (tmp_path / "part").mkdir(exist_ok=True)
        (tmp_path / "part" / name).symlink_to(root / name)
    assert colorize("part", "out", "--quiet") == 2
    said = capsys.readouterr().err
    assert "memory but no memory_encoder (published as the Video-XL folder)" in said and said.count("\n") == 1
    assert colorize("part", "out", "--quiet", "--no-memory", "--compat", "paper") == 2
    assert "lacks the line network (sk_model.pth)" in capsys.readouterr().err
    assert colorize("part", "out", "--quiet", "--no-memory") == 0

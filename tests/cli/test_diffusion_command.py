"""`longanimation colorize` with the video diffusion model at toy size."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from longanimation.cli import main
from longanimation.media import read_image

COMMAND = ["colorize", "in", "-r", "key.png@101", "--model", "tiny", "--finish", "none"]


@pytest.fixture(autouse=True)
def one_thread():
    """Networks this small run faster on one thread, many times so when the machine is busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def pictures(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.png"))}


def test_a_killed_run_of_the_video_model_goes_on_to_the_same_bytes(make_shot):
    folder = make_shot(20)
    assert main([*COMMAND, "-o", "whole"]) == 0
    whole = pictures(folder / "whole")
    assert list(whole) == [f"shot_{101 + k:04d}.png" for k in range(20)]
    for name, data in whole.items():
        lines, result = read_image(folder / "in" / name), read_image(folder / "whole" / name)
        assert data and result.shape == lines.shape and (result[lines[..., 0] == 0] == 0).all()

    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-m", "longanimation", *COMMAND, "-o", "killed"], env=environment)
    while process.poll() is None and not list((folder / "killed").rglob("checkpoint.json")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it should have been killed between its two windows"
    assert main([*COMMAND, "-o", "killed", "--resume"]) == 0
    assert pictures(folder / "killed") == whole


def test_ctrl_c_while_the_model_is_loaded_says_so_and_leaves_nothing(make_shot):
    folder = make_shot(3)
    command = [sys.executable, "-m", "longanimation", *COMMAND, "-o", "out"]
    process = subprocess.Popen(command, text=True, stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"})
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith("loading tiny"):
            process.send_signal(signal.SIGINT)
    assert process.wait() == 130 and said[-1].startswith("stopped; ") and "Traceback" not in "".join(said)
    assert not list((folder / "out").glob("*.png"))

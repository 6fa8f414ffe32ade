"""`torchrun -m longanimation colorize`: the same shot, one writer, one exit code."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
from processes import exit_codes, start_processes

from longanimation.cli import main
from longanimation.media import read_image

COMMAND = ["colorize", "in", "-r", "key.png@0", "--model", "tiny", "--finish", "none"]


def frames(folder):
    return np.stack([read_image(path).astype(int) for path in sorted(folder.glob("*.png"))])


def test_torchrun_writes_the_frames_of_one_process(shot):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "longanimation"]
    command = [*launch, *COMMAND, "-o", "two"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert main([*COMMAND, "-o", "one", "-q"]) == 0
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 0, said
    assert said.count("20 frames in two") == 1 and said.count("2 processes: guidance halves") == 1
    one, two = frames(shot / "one"), frames(shot / "two")
    assert one.shape == two.shape == (20, 44, 60, 3)
    assert np.abs(one - two).max() <= 1 and (one != two).mean() < 1e-3


def test_a_stopped_run_ends_on_all_processes_and_goes_on_alone(shot):
    command = [*COMMAND, "-o", "out", "-q", "--parallel", "ulysses"]
    processes = start_processes(2, shot / "said.txt", main, [*command, "--steps", "30"])
    while processes[0].is_alive() and not list((shot / "out").rglob("checkpoint.json")):
        time.sleep(0.01)
    assert processes[0].is_alive(), (shot / "said.txt").read_text()
    for process in processes:
        os.kill(process.pid, signal.SIGINT)  # as torchrun passes it on
    assert exit_codes(processes) == [130, 130], (shot / "said.txt").read_text()
    assert 0 < len(list((shot / "out").glob("*.png"))) < 20
    assert main([*command, "--steps", "30", "--resume"]) == 0
    assert main([*COMMAND, "-o", "whole", "-q", "--steps", "30"]) == 0
    assert np.abs(frames(shot / "out") - frames(shot / "whole")).max() <= 1


def test_bad_input_ends_all_processes_with_the_same_code(shot):
    for wrong, words in [
        (["in", "-r", "nowhere.png"], "nowhere.png"),
        (["in", "-r", "key.png@0", "--parallel", "guidance", "--guidance", "1"], "no guidance to share"),
        (["in", "-r", "key.png@0", "--model", "mini"], "only video models"),
        (["in", "--no-such-option"], "No such option"),
    ]:
        command = ["colorize", "--model", "tiny", "-o", "out", *wrong]
        said = shot / f"{words}.txt"
        assert exit_codes(start_processes(2, said, main, command)) == [2, 2], said.read_text()
        assert said.read_text().count(words) == 1
    assert not (shot / "out").exists()

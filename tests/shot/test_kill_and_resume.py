import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from running_mix import RunningMix
from tiny_shots import folder_bytes, make_reference, make_shot, opened

from longanimation.shot import ShotSettings, run_shot
from longanimation.shot.interrupt import Interrupted, StopRequest

HERE = Path(__file__).parent


def start(*arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, str(HERE / "slow_run.py"), *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_a_shot_killed_again_and_again_ends_with_the_bytes_of_an_undisturbed_one(tmp_path):
    shot, reference = make_shot(tmp_path / "in", 150, hold=2), make_reference(tmp_path / "ref.png")
    out = tmp_path / "out"
    run_shot(*opened(shot, reference), RunningMix(), tmp_path / "whole", ShotSettings("drawn"))
    moments = random.Random()
    written = 0
    for number in (signal.SIGTERM, signal.SIGKILL):
        wanted = written + moments.randrange(5, 50)
        process = start(shot, reference, out)
        while process.poll() is None and len(list(out.glob("*.png"))) < wanted:
            time.sleep(0.002)
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(moments.random() * 0.02)
        process.send_signal(number)
        assert process.wait() == (-9 if number == signal.SIGKILL else 128 + signal.SIGTERM)
        written = len(list(out.glob("*.png")))
    last = start(shot, reference, out)
    resumed_from = int(last.communicate()[0])
    assert last.returncode == 0 and resumed_from > 0
    assert folder_bytes(out) == folder_bytes(tmp_path / "whole")


def test_a_signal_waits_for_a_clean_point_but_not_inside_work_that_is_thrown_away():
    reached = []
    with StopRequest() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        reached.append("after the signal")
        with pytest.raises(Interrupted) as stopped:
            stop.check()
    assert reached and stopped.value.exit_code == 130
    with StopRequest() as stop:
        with pytest.raises(Interrupted) as stopped, stop.impatient():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
    assert stopped.value.exit_code == 143


def test_the_second_signal_does_not_wait():
    with StopRequest():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        with pytest.raises(Interrupted):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)


def test_signals_are_the_programs_own_again_afterwards():
    before = signal.getsignal(signal.SIGINT)
    with StopRequest():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before

"""The debug recipe of each stage against its stored loss curve: one process, two processes, killed and resumed."""

import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from filelock import FileLock
from stage_runs import SHARDED, STORED, debug_config, run_debug

from longanimation.errors import InputError
from longanimation.pipeline import LongAnimationPipeline
from longanimation.training.run_log import read_curve
from longanimation.training.run_stage import run_stage
from longanimation.training.stage_config import STAGES
from longanimation.weights.tensor_files import open_tensors
from longanimation.weights.tiny import tiny_parts

ANOTHER_MACHINE, ON_AVERAGE = 0.1, 0.02
"""Relative, of single steps and of their mean. Other kernels round otherwise, Adam's first steps turn the signs of tiny
gradients into whole steps, and twenty of a high rate make it grow: up to 0.075 and 0.009 between two processors."""

SAME_MACHINE = 1e-3
"""Relative; two processes add up gradients in another order."""

CRASHES = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS)


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all test processes of a session."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    threads = torch.get_num_threads()
    yield base / "stage-runs"
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def curves(folder):
    """Every stage on one process, run by whichever test process comes first."""
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "one.lock"):
        if not (folder / "one.done").exists():
            for stage in STAGES:
                run_debug(stage, folder / "one")
            (folder / "one.done").touch()
    return {stage: read_curve(folder / "one" / stage) for stage in STAGES}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_follows_its_stored_curve(curves, stage):
    stored = json.loads(STORED.read_text())[stage]
    assert len(stored) == 20
    np.testing.assert_allclose(curves[stage], stored, rtol=ANOTHER_MACHINE)
    np.testing.assert_allclose(np.mean(curves[stage]), np.mean(stored), rtol=ON_AVERAGE)
    np.testing.assert_allclose(curves[stage][0], stored[0], rtol=1e-2)


def run_on_two(*arguments) -> None:
    """stage_runs.py on two processes; from the start again, at most twice, where one of them crashed inside torch, as
    happens once in a while with gloo. A run that ends by itself, well or not, counts."""
    script = os.path.join(os.path.dirname(__file__), "stage_runs.py")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    for _ in range(3):
        done = subprocess.run(
            [*launch, script, *map(str, arguments)],
            env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONFAULTHANDLER": "1"},
            capture_output=True,
            text=True,
            timeout=400,
        )
        if not any(f"exitcode  : -{crash.value} " in done.stderr for crash in CRASHES):
            break
        shutil.rmtree(arguments[0], ignore_errors=True)
    assert done.returncode == 0, done.stderr[-12000:]


def test_weights_divided_among_two_processes_follow_the_curves_of_one(curves, folder):
    run_on_two(folder / "sharded", "--sharded")
    for stage in SHARDED:
        np.testing.assert_allclose(
            read_curve(folder / "sharded" / stage), curves[stage], rtol=SAME_MACHINE, err_msg=stage
        )
        one, other = (open_tensors(folder / run / stage / "model/sketch_dit") for run in ("one", "sharded"))
        for name in one.shapes:
            torch.testing.assert_close(one[name], other[name], rtol=0.02, atol=1e-3)


def test_two_processes_follow_the_curves_of_one(curves, folder):
    run_on_two(folder / "two")
    for stage, curve in curves.items():
        both = read_curve(folder / "two" / stage)
        np.testing.assert_allclose(both, curve, rtol=SAME_MACHINE, err_msg=stage)
    shutil.rmtree(folder / "two/sketch/checkpoints/step-000020")
    steps = []
    alone = run_debug("sketch", folder / "two", lambda step, values: steps.append(step))
    assert steps[0] == 11, "one process goes on where two stopped"
    np.testing.assert_allclose(alone, curves["sketch"], rtol=SAME_MACHINE)
    one, other = (open_tensors(folder / run / "sketch/model/sketch_dit") for run in ("one", "two"))
    for name in one.shapes:
        torch.testing.assert_close(one[name], other[name], rtol=0.02, atol=1e-3)


def test_a_killed_run_goes_on_exactly(curves, folder):
    def kill(step, values):
        if step == 13:
            raise Killed

    with pytest.raises(Killed):
        run_debug("sketch", folder / "killed", kill)
    assert len(read_curve(folder / "killed" / "sketch")) == 13
    steps = []
    curve = run_debug("sketch", folder / "killed", lambda step, values: steps.append(step))
    assert steps[0] == 11, "the last checkpoint is that of step 10"
    assert curve == curves["sketch"]
    one, other = (open_tensors(folder / run / "sketch/model/sketch_dit") for run in ("one", "killed"))
    assert all(torch.equal(one[name], other[name]) for name in one.shapes)


def test_accumulated_gradients_follow_the_same_curve(curves, folder):
    curve = run_debug("sketch", folder / "accumulated", micro_batch=1, steps=4)
    np.testing.assert_allclose(curve, curves["sketch"][:4], rtol=SAME_MACHINE)


def test_a_stage_leaves_a_model_that_the_pipeline_loads(curves, folder):
    pipeline = LongAnimationPipeline.from_pretrained(folder / "one/reward/model")
    before = tiny_parts()
    for part, changed in {"sketch_dit": True, "memory": True, "transformer": False, "vae": False}.items():
        new, old = getattr(pipeline, part).state_dict(), before[part].state_dict()
        assert any(not torch.equal(new[name], old[name]) for name in new) == changed, part
    assert pipeline.settings.frames == 17


def test_the_next_stage_starts_from_the_model_of_the_one_before(curves, folder):
    model = str(folder / "one/sketch/model")
    run_debug("memory", folder / "chained", steps=1, start_from=model)
    one = LongAnimationPipeline.from_pretrained(model)
    two = LongAnimationPipeline.from_pretrained(folder / "chained/memory/model")
    for name, value in one.sketch_dit.state_dict().items():
        assert torch.equal(value, two.sketch_dit.state_dict()[name])


def test_parts_that_are_not_trained_can_be_links(curves, folder):
    model = folder / "one/sketch/model"
    run_debug("memory", folder / "linked", steps=1, start_from=str(model), link_unchanged=True)
    written = folder / "linked/memory/model"
    assert {path.name for path in written.iterdir() if path.is_symlink()} == {
        *("transformer", "sketch_dit", "vae", "text_encoder", "tokenizer", "scheduler")
    }
    assert LongAnimationPipeline.from_pretrained(written).memory is not None


def test_the_autoencoder_stage_measures_the_scale_of_its_latents(curves, folder):
    config = json.loads((folder / "one/autoencoder/model/vae/config.json").read_text())
    assert config["scaling_factor"] != 0.7 and config["scaling_factor"] > 0


def test_only_the_newest_checkpoints_are_kept(curves, folder):
    run_debug("sketch", folder / "kept", steps=3, save_steps=1, keep_checkpoints=2, sample_steps=3)
    names = sorted(path.name for path in (folder / "kept/sketch/checkpoints").iterdir())
    assert names == ["step-000002", "step-000003"]
    assert (folder / "kept/sketch/samples/000003.png").stat().st_size > 1000


def test_a_run_begun_with_other_settings_is_refused(curves, folder):
    with pytest.raises(InputError, match="learning_rate"):
        run_stage("sketch", debug_config("sketch", folder / "one", learning_rate=1e-5))


def test_a_batch_that_cannot_be_divided_is_refused(curves, folder):
    with pytest.raises(InputError, match="micro_batch"):
        run_stage("sketch", debug_config("sketch", folder / "odd", micro_batch=3))

"""Runs the debug recipe of every stage; also as a program under torch.distributed.run, for two processes, and there
with --sharded by FSDP2, each run stopped and resumed in the middle.

New stored curves: OMP_NUM_THREADS=1 python tests/training/stage_runs.py FOLDER --store
"""

import json
import os
import sys
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, PartialState
from accelerate.utils import DistributedType, FullyShardedDataParallelPlugin

from longanimation.training.recipes import read_recipe
from longanimation.training.run_log import read_curve
from longanimation.training.run_stage import run_stage
from longanimation.training.stage_config import STAGES

SHARDED = ("sketch", "reward")
STORED = Path(__file__).with_name("loss_curves.json")


def debug_config(stage: str, folder: Path, **changes):
    """The debug recipe with its run in folder/stage; drawn frames are shared by all runs below one folder."""
    return read_recipe(stage, "debug", output=str(folder / stage), cache=str(folder.parent / "drawn"), **changes)


def run_debug(stage: str, folder: Path, progress=None, **changes) -> list[float]:
    """The loss curve of the debug recipe."""
    torch.set_num_threads(1)
    run_stage(stage, debug_config(stage, folder, **changes), progress)
    return read_curve(folder / stage)


def shard_on_cpu() -> None:
    """Let runs divide their weights by FSDP2 as `accelerate launch` with a config file does, which leaves it out where
    there is no accelerator."""
    os.environ |= {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2"}
    prepare = Accelerator.prepare
    settings = {"fsdp_version": 2, "auto_wrap_policy": "TRANSFORMER_BASED_WRAP", "state_dict_type": "FULL_STATE_DICT"}

    def sharded(accelerator, *objects):
        plugin = FullyShardedDataParallelPlugin(**settings)
        PartialState._shared_state["distributed_type"] = DistributedType.FSDP
        AcceleratorState._shared_state |= {"distributed_type": DistributedType.FSDP, "fsdp_plugin": plugin}
        return prepare(accelerator, *objects)

    Accelerator.prepare = sharded


if __name__ == "__main__":
    if "--sharded" in sys.argv:
        shard_on_cpu()
        for stage in SHARDED:
            run_debug(stage, Path(sys.argv[1]), steps=10)
            run_debug(stage, Path(sys.argv[1]))
    else:
        curves = {stage: run_debug(stage, Path(sys.argv[1])) for stage in STAGES}
    if "--store" in sys.argv:
        STORED.write_text(json.dumps({s: [round(v, 5) for v in c] for s, c in curves.items()}, indent=1) + "\n")
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()

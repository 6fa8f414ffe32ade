"""Before a model is loaded: is it whole, in which number format will it run, and does it fit where it will run?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import torch

from longanimation.errors import InputError
from longanimation.weights.memory_plan import GIB, MemoryPlan, free_vram, gb, plan_for_cpu, plan_memory
from longanimation.weights.model_folder import ModelFolder, open_model_folder
from longanimation.weights.tensor_files import open_tensors

TYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}


def working_type(folder: str | Path | ModelFolder, dtype: str | None = None) -> torch.dtype:
    """The type that all networks of a model folder run in: "bf16", "fp32", or None for the transformer's stored one."""
    if dtype is not None:
        return TYPES[dtype]
    stored = Counter(open_tensors(open_model_folder(folder)["transformer"]).dtypes.values())
    return stored.most_common(1)[0][0]


def plan_placement(
    folder: str | Path | ModelFolder,
    *,
    size: tuple[int, int],
    frames: int,
    dtype: torch.dtype,
    device: torch.device,
    vram: float | None = None,
) -> tuple[MemoryPlan, list[str]]:
    """Where the parts of a model will live, and sentences for the user about it. Loads nothing.

    size: of the generated pictures; frames: of a window. vram: GB of GPU memory that may be used; None: what is free.
    Raises InputError in one line when it fits nowhere, saying what would be needed.
    """
    if device.type != "cuda":
        plan = plan_for_cpu(folder, size=size, frames=frames, dtype=dtype)
        notes = [f"no GPU: runs on the CPU, about {gb(plan.ram)} of RAM{_small(plan)}"]
        return plan, notes + (["vram has no effect without a GPU"] if vram is not None else [])
    free = free_vram()
    budget = free / GIB if vram is None else min(vram, free / GIB)
    try:
        plan = plan_memory(folder, size=size, frames=frames, vram=budget, dtype=dtype)
    except InputError as error:
        if vram is not None and budget < vram:
            raise InputError(f"{error} ({gb(free)} of the GPU are free, less than the {vram:g} GB asked for)") from None
        raise
    return plan, [f"about {gb(plan.vram)} of {gb(int(budget * GIB))} of GPU memory: {plan.placement.describe()}"]


def _small(plan: MemoryPlan) -> str:
    words = plan.placement.describe("CPU").split(", ")[1:]
    return "".join(f", {word}" for word in words)

"""Pre-flight: will a model fit at this picture size, and which is the fastest placement that does? Loads nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from longanimation.errors import InputError
from longanimation.weights import working_memory
from longanimation.weights.model_folder import ModelFolder
from longanimation.weights.placement import (
    ALWAYS_THERE,
    CPU_PLACEMENTS,
    LARGE,
    PHASES,
    PLACEMENTS,
    STORED_IN_8_BITS,
    Placement,
)

VRAM_SIZES = (80, 48, 24, 16, 12)
"""Usual sizes of GPUs in GB, for `--vram`; any other number works too."""

GIB = 2**30
CONTEXT = 600 * 10**6  # what CUDA and its libraries take for themselves
MARGIN = 1.05  # kernel work space and fragmentation
PROGRAM = 3 * 10**9  # RAM of Python, the libraries and the pictures of a window
CPU_PROGRAM = 7 * 10**8  # the same without CUDA's libraries and without the pictures
PICTURES = 24  # bytes per pixel of a window: drawings, lines, colours, what is being written


@dataclass(frozen=True)
class MemoryPlan:
    """What a model needs under a placement: GPU bytes by phase (`PHASES`) and RAM bytes."""

    placement: Placement
    size: tuple[int, int]
    phases: dict[str, int]
    ram: int

    @property
    def vram(self) -> int:
        """GPU bytes at the worst moment, context and margin included."""
        return int(max(self.phases.values()) * MARGIN) + CONTEXT

    def content(self) -> dict:
        """For --json."""
        return {
            "placement": self.placement.name,
            "description": self.placement.describe(),
            "size": list(self.size),
            "vram": self.vram,
            "ram": self.ram,
            "phases": self.phases,
        }


def plan_memory(
    model: str | Path | ModelFolder,
    *,
    size: tuple[int, int] = (576, 1024),
    frames: int = 81,
    vram: float | None = None,
    ram: float | None = None,
    dtype: torch.dtype = working_memory.TYPE,
) -> MemoryPlan:
    """The first of `PLACEMENTS` (fastest first) that fits.

    Args:
        model: a model folder or "5b" (which need not be fetched).
        size: height and width of the generated pictures; frames: length of a window.
        vram, ram: what may be used, in GiB; None: what is free on this machine's first GPU, and in its RAM.
        dtype: working type of all networks.

    Raises InputError in one line when nothing fits, saying what would be needed.
    """
    return first_fitting(memory_plans(model, size=size, frames=frames, dtype=dtype), model, vram=vram, ram=ram)


def first_fitting(
    plans: list[MemoryPlan], model: str | Path | ModelFolder, *, vram: float | None = None, ram: float | None = None
) -> MemoryPlan:
    """`plan_memory` for plans that are made already."""
    size = plans[0].size
    budget = free_vram() if vram is None else int(vram * GIB)
    memory = free_ram() if ram is None else int(ram * GIB)
    where = f"{_name(model)} at {size[0]}x{size[1]}"
    if budget is None:
        raise InputError(f"{where} needs a GPU with {gb(plans[-1].vram)} or more and there is none; use --model mini")
    fitting = [plan for plan in plans if plan.vram <= budget]
    if not fitting:
        least = min(plans, key=lambda plan: plan.vram)
        raise InputError(
            f"{where} needs {gb(least.vram)} of GPU memory at least ({least.placement.name}) and {gb(budget)} may be "
            "used; choose a smaller size, close other programs, or use --model mini"
        )
    for plan in fitting:
        if plan.ram <= memory:
            return plan
    least = min(fitting, key=lambda plan: plan.ram)
    raise InputError(
        f"{where} needs {gb(least.ram)} of RAM on a GPU of {gb(budget)} ({least.placement.name}) and {gb(memory)} may "
        "be used; close other programs or use a larger GPU"
    )


def plan_for_cpu(
    model: str | Path | ModelFolder,
    *,
    size: tuple[int, int] = (576, 1024),
    frames: int = 81,
    ram: float | None = None,
    dtype: torch.dtype = working_memory.TYPE,
) -> MemoryPlan:
    """The first of `CPU_PLACEMENTS` that fits into `ram` GiB (None: what is free). Raises InputError as `plan_memory`.

    No GPU is counted: `MemoryPlan.phases` then says how much RAM each phase takes.
    """
    memory = free_ram() if ram is None else int(ram * GIB)
    plans = memory_plans(model, size=size, frames=frames, dtype=dtype, placements=CPU_PLACEMENTS)
    for plan in plans:
        if plan.ram <= memory:
            return plan
    least = min(plans, key=lambda plan: plan.ram)
    raise InputError(
        f"{_name(model)} at {size[0]}x{size[1]} needs {gb(least.ram)} of RAM at least without a GPU "
        f"({least.placement.name}) and {gb(memory)} may be used; choose a smaller size, close other programs, or use "
        "--model mini"
    )


def memory_plans(
    model: str | Path | ModelFolder,
    *,
    size: tuple[int, int] = (576, 1024),
    frames: int = 81,
    dtype: torch.dtype = working_memory.TYPE,
    placements: tuple[Placement, ...] = PLACEMENTS,
) -> list[MemoryPlan]:
    """What every placement needs, in order. Raises InputError for an impossible size or folder."""
    height, width = size
    if height < 16 or width < 16 or height % 16 or width % 16:
        raise InputError(f"pictures of {height}x{width} cannot be generated: both sides must be multiples of 16")
    parts = working_memory.empty_parts(model)
    activations = {"text": working_memory.text_bytes(parts["text_encoder"])}
    activations["denoise"] = working_memory.denoise_bytes(parts, height, width, frames)
    if "memory_encoder" in parts:
        activations["memory"] = working_memory.memory_bytes(parts["memory_encoder"])
    coding = working_memory.coding_bytes(parts["vae"], height, width, frames)
    wider = dtype.itemsize / working_memory.TYPE.itemsize
    plans = []
    for placement in placements:
        needed = {phase: int(count * wider) for phase, count in (activations | coding[placement.tiles]).items()}
        plan = _plan(parts, placement, size, needed, dtype)
        if placement in CPU_PLACEMENTS:
            pictures = frames * height * width * PICTURES
            plan = replace(plan, ram=int(max(plan.phases.values()) * MARGIN) + pictures + CPU_PROGRAM)
        plans.append(plan)
    return plans


def free_vram() -> int | None:
    """Bytes free on the current GPU; None without one."""
    return torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else None


def free_ram() -> int:
    """Bytes of RAM that a new program may use, limits of a container respected."""
    import psutil

    free = psutil.virtual_memory().available
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        if os.path.exists(limit) and os.path.exists(used):
            allowed = Path(limit).read_text().strip()
            if allowed.isdigit():
                free = min(free, max(0, int(allowed) - int(Path(used).read_text())))
    return free


def gb(count: int) -> str:
    """Bytes in the unit that GPUs are sold by."""
    return f"{count / GIB:.1f} GB"


def _name(model: str | Path | ModelFolder) -> str:
    return (model.root if isinstance(model, ModelFolder) else Path(model)).name


def _plan(
    parts: Mapping[str, torch.nn.Module],
    placement: Placement,
    size: tuple[int, int],
    activations: Mapping[str, int],
    dtype: torch.dtype,
) -> MemoryPlan:
    stored, on_device = {}, {}
    for name, part in parts.items():
        small = placement.eight_bits and name in STORED_IN_8_BITS
        stored[name] = working_memory.weight_bytes(part, eight_bits=small, dtype=dtype)
        if placement.offload == "block" and name in LARGE:
            on_device[name] = working_memory.streamed_bytes(name, part, dtype=dtype)
        else:
            widened = (
                working_memory.layer_bytes(part, dtype=dtype) if small else 0
            )  # an 8-bit layer is widened as it runs
            on_device[name] = stored[name] + widened
    always = [name for name in ALWAYS_THERE if name in parts]
    phases = {}
    for phase, needed in PHASES.items():
        if phase in activations:
            there = parts if placement.offload == "none" else {*needed, *always}
            phases[phase] = sum(on_device.get(name, 0) for name in there) + activations[phase]
    ram = max(stored.values()) if placement.offload == "none" else sum(stored.values())
    return MemoryPlan(placement, tuple(size), phases, ram + PROGRAM)

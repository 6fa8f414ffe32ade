"""Measures variant after variant in one process. One that fails is noted and does not disturb the next."""

from __future__ import annotations

import gc
import platform
import time
from dataclasses import dataclass

import torch

from gpu.flops import matmul_flops_per_second, wait
from gpu.loop import Effort, clean_slate, measure_loop
from gpu.networks import Model, Window
from gpu.results import MEASURED, Results, failed
from gpu.stages import measure_stage
from gpu.variants import Loop, Stage, all_variants

DEVICE_IS_BROKEN = 75
"""Exit code: nothing more can be computed in this process, another may go on."""


@dataclass(frozen=True)
class Plan:
    """sizes: (height, width). only: parts of names; empty for all. deadline: of time.time(); nothing is begun later."""

    model: Model
    sizes: list[tuple[int, int]]
    device: torch.device
    effort: Effort
    only: tuple[str, ...] = ()
    deadline: float | None = None
    retry_failed: bool = False

    def wanted(self, results: Results) -> list[tuple[tuple[int, int], Loop | Stage]]:
        """What is not in the results yet."""
        todo = []
        for size in self.sizes:
            there = results.at(name_of(size))
            for variant in all_variants(self.model.new_frames):
                chosen = not self.only or any(part in variant.name for part in self.only)
                known = there.get(variant.name, {}).get("status")
                if chosen and (known is None or (self.retry_failed and known == "failed")):
                    todo.append((size, variant))
        return todo


def name_of(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def machine(plan: Plan) -> dict:
    """What results may be compared under."""
    import diffusers

    cuda = plan.device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(plan.device) if cuda else f"CPU {platform.machine()}",
        "model": plan.model.name,
        "frames": plan.model.settings.frames,
        "new_frames": plan.model.new_frames,
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
    }


def work(plan: Plan, results: Results) -> int:
    """Measure all that is wanted; returns 0, or DEVICE_IS_BROKEN."""
    todo = plan.wanted(results)
    if not todo:
        return 0
    found = machine(plan)
    if results.machine and results.machine != found:
        raise SystemExit(f"{results.path} was made with {results.machine}, this is {found}: give another --output")
    results.machine = found
    peak = matmul_flops_per_second(plan.device, plan.model.matmul_side)
    print(f"{found['device']}: {peak / 1e12:.4g} TFLOP/s in a matrix product of {plan.model.matmul_side}", flush=True)
    for size, variant in todo:
        known = results.at(name_of(size))
        if plan.deadline is not None and time.time() + expected_seconds(known) > plan.deadline:
            print("time is up; the same command goes on from here")
            return 0
        results.begin(name_of(size), variant.name)
        began = time.time()
        result = measure(variant, Window(plan.model, *size, plan.device), plan, results, peak)
        result["wall_seconds"] = time.time() - began
        results.put(name_of(size), variant.name, result)
        said = f"{result.get('seconds_per_step', result.get('seconds', 0)):.4g} s"
        print(f"{name_of(size)} {variant.name}: {result.get('reason', said)}", flush=True)
        if not usable(plan.device):
            return DEVICE_IS_BROKEN
    return 0


def measure(variant: Loop | Stage, window: Window, plan: Plan, results: Results, peak: float) -> dict:
    """A result, or the reason why there is none."""
    cuda = plan.device.type == "cuda"
    clean_slate()
    try:
        if isinstance(variant, Stage):
            result = measure_stage(variant, window)
            seconds, flops = result["seconds"], result.get("flops")
        else:
            known = results.at(name_of((window.height, window.width)))
            result = measure_loop(variant, window, plan.effort, known, results.path.parent)
            seconds, flops = result["as_run_seconds_per_step"], result["flops_per_step"]
        result["peak_bytes"] = torch.cuda.max_memory_allocated(plan.device) if cuda else None
        result["matmul_flops_per_second"] = peak
        result["share_of_floor"] = flops / peak / seconds if flops else None
        return {"status": MEASURED} | result
    except Exception as error:  # whatever a backend or a compiler raises is a result here
        text = str(error).strip().splitlines() or [""]
        return failed(f"{type(error).__name__}: {text[0]}")
    finally:
        gc.collect()
        if cuda and usable(plan.device):
            torch.cuda.empty_cache()


def expected_seconds(known: dict[str, dict]) -> float:
    """How long the next variant of a size may take: as long as the longest so far."""
    return max((result.get("wall_seconds", 0.0) for result in known.values()), default=0.0)


def usable(device: torch.device) -> bool:
    """Whether the device still answers: after an illegal access nothing works any more in this process."""
    try:
        wait(device)
        torch.ones(8, device=device).sum().item()
    except RuntimeError as error:
        return isinstance(error, torch.OutOfMemoryError)
    return True

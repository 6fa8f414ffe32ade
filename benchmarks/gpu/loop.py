"""Runs one variant of the denoising loop and measures it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from gpu.flops import CallCounter, TrunkFlops, memory_flops, wait
from gpu.networks import DTYPE, Window
from gpu.variants import PLAIN, Loop
from longanimation.pipeline.noise import WindowNoise
from longanimation.pipeline.scheduler import SegmentScheduler
from longanimation.pipeline.segment import SegmentNetworks, SegmentSettings, denoise_segment

CACHED_SHARE = 0.5
"""Share of cached steps for which a cache's time per window is given. What share is good enough depends on the weights;
random ones say nothing about it."""


@dataclass(frozen=True)
class Effort:
    """steps: timed steps of a variant. cache_steps: of a cache, which has to alternate. warmup: steps run before."""

    steps: int = 4
    cache_steps: int = 8
    warmup: int = 1


@dataclass
class Run:
    """One call of the loop. seconds: all of it; steps: each step's seconds, from the end of the one before."""

    seconds: float
    steps: list[float]
    counts: list[Counter]
    sketch_seconds: float
    sketch_count: Counter
    latents: torch.Tensor


class TimedSketch:
    """SketchDiT, and how long it took."""

    def __init__(self, network: torch.nn.Module, device: torch.device):
        self.network, self.device, self.seconds = network, device, 0.0

    def __call__(self, **arguments) -> torch.Tensor:
        wait(self.device)
        start = time.perf_counter()
        control = self.network(**arguments)
        wait(self.device)
        self.seconds += time.perf_counter() - start
        return control


def measure_loop(variant: Loop, window: Window, effort: Effort, known: dict, folder: Path) -> dict:
    """Run a variant; returns what is known about it. known: results at this size so far;
    folder: where the plain result is kept for comparison."""
    device = window.device
    backend = fastest_backend(known) if variant.backend == "fastest" else variant.backend
    require(variant, backend, window)
    transformer, sketch = (window.model.build(name, device) for name in ("transformer", "sketch_dit"))
    memory = window.model.build("memory", device) if variant.history else None
    conditions = window.conditions(memory, variant.history)
    prepare(variant, backend, transformer, sketch, device)
    counters = [CallCounter(network, inside=not variant.compiled) for network in (transformer, sketch)]
    networks = SegmentNetworks(transformer, sketch, memory)

    warmup, steps = planned_steps(variant, effort)
    settings = replace(window.model.settings.denoising, **variant.settings)
    first = run(networks, conditions, replace(settings, steps=warmup), counters, device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    timed = run(networks, conditions, replace(settings, steps=steps), counters, device)

    result = {
        "warmup_steps": warmup,
        "steps": steps,
        "first_call_seconds": first.seconds,
        "step_seconds": timed.steps,
        "sketch_seconds_per_step": timed.sketch_seconds / steps,
        "seconds_per_step": timed.seconds / steps,
        "as_run_seconds_per_step": timed.seconds / steps,
        "backend": backend or "native",
        "counted": not variant.compiled,
    }
    frames, _, *size = window.latent_shape
    shape = TrunkFlops.of(transformer, frames, *size)
    work = shape.done(sum(timed.counts, Counter())) + TrunkFlops.of(sketch, frames, *size).done(timed.sketch_count)
    if memory is not None:
        vectors = window.memory_vectors(variant.history)
        work += timed.sketch_count["ends"] * memory_flops(memory, shape.vision, vectors)
        result["memory_vectors"] = vectors
    result["flops_per_step"] = work / steps
    result["attention_entries"] = [count["attention"] for count in timed.counts]
    result["feed_forward_entries"] = [count["feed_forward"] for count in timed.counts]
    if variant.cache:
        result |= cached_steps(timed, shape)
    if variant.drops_guidance:
        guided = replace(settings, steps=steps).guided_steps(negative=True)
        result["guided_step_seconds"] = float(np.mean(timed.steps[:guided]))
        result["unguided_step_seconds"] = float(np.mean(timed.steps[guided:]))
    if variant.settings.get("control_ahead"):
        result["control_bytes_per_step"] = 2 * shape.vision * shape.dim * DTYPE.itemsize
    result["difference_to_plain"] = compare(
        variant, timed.latents, folder / f"plain_{window.height}x{window.width}.npy"
    )
    result["steps_per_window"] = settings.steps
    result["seconds_per_window"] = result["seconds_per_step"] * settings.steps
    result["seconds_per_new_frame"] = result["seconds_per_window"] / window.model.new_frames
    return result


def clean_slate() -> None:
    """Undo what earlier variants set for the whole process: diffusers sets a backend for all models, too, and compiled
    code lives on."""
    from diffusers.models.attention_dispatch import AttentionBackendName, _AttentionBackendRegistry

    _AttentionBackendRegistry.set_active_backend(AttentionBackendName.NATIVE)
    torch.compiler.reset()


def require(variant: Loop, backend: str | None, window: Window) -> None:
    """Raises what is missing before large networks are made for nothing."""
    if backend:
        window.model.parts["sketch_dit"].set_attention_backend(backend)
    if variant.cache:
        cache_config(variant.cache)


def prepare(variant: Loop, backend: str | None, transformer, sketch, device: torch.device) -> None:
    """Put the variant's levers on the networks. Raises what diffusers raises where one is not usable here."""
    for network in (transformer, sketch):
        if backend:
            network.set_attention_backend(backend)
        if variant.eight_bits:
            network.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=DTYPE)
        if variant.compiled:  # a CPU compiler would take longer than the tiny networks
            network.compile_repeated_blocks(fullgraph=True, backend="inductor" if device.type == "cuda" else "eager")
    if variant.cache:
        transformer.enable_cache(cache_config(variant.cache))


def cache_config(name: str):
    """Settings under which a cache's decision does not depend on the weights, which are random here."""
    import diffusers

    classes = {"first block": "FirstBlockCacheConfig", "mag": "MagCacheConfig"}
    kind = classes.get(name, "TaylorSeerCacheConfig")
    config = getattr(diffusers, kind, None)
    if config is None:
        raise RuntimeError(f"diffusers {diffusers.__version__} has no {kind}")
    if name == "first block":
        return config(threshold=float("inf"))  # after the first step, everything from the cache
    if name == "mag":  # ratios of 1: no error adds up, one step in four is computed
        return config(mag_ratios=[1.0] * 64, num_inference_steps=64, retention_ratio=0.0, max_skip_steps=3)
    every_fourth = {"cache_interval": 4, "disable_cache_before_step": 2, "max_order": 1}
    if name == "taylorseer lite":  # only what comes out of the whole network is extrapolated
        return config(use_lite_mode=True, **every_fourth)
    # named, because the patterns that diffusers takes by default match no module whose name ends in "attn1"
    return config(cache_identifiers=[r"transformer_blocks\.\d+\.(attn1|ff)"], **every_fourth)


def run(networks: SegmentNetworks, conditions, settings: SegmentSettings, counters, device) -> Run:
    """One call of the pipeline's own loop, step by step."""
    sketch = TimedSketch(networks.sketch_dit, device)
    seconds, counts = [], []
    for counter in counters:
        counter.take()
    wait(device)
    start = last = time.perf_counter()

    def on_step(index: int, latents: torch.Tensor) -> None:
        nonlocal last
        wait(device)
        now = time.perf_counter()
        seconds.append(now - last)
        counts.append(counters[0].take())
        last = now

    result = denoise_segment(
        replace(networks, sketch_dit=sketch),
        SegmentScheduler.published(),
        conditions,
        WindowNoise(0),
        settings,
        on_step=on_step,
    )
    wait(device)
    whole = time.perf_counter() - start
    if len(seconds) != settings.steps:
        raise RuntimeError(f"{len(seconds)} steps were run instead of {settings.steps}")
    return Run(whole, seconds, counts, sketch.seconds, counters[1].take(), result.latents)


def planned_steps(variant: Loop, effort: Effort) -> tuple[int, int]:
    """Steps to warm up with, and steps to time."""
    if variant.cache:
        return max(3, effort.warmup), effort.cache_steps  # a warm cache has computed and replayed
    if variant.drops_guidance:
        return 2 * effort.warmup, 2 * effort.steps
    together = variant.steps_at_once
    return max(effort.warmup, together), -(-effort.steps // together) * together


def cached_steps(timed: Run, shape: TrunkFlops) -> dict:
    """Computed steps and cached ones apart. A step is cached where the attention of some block was not computed."""
    full = [count["attention"] == shape.layers * count["ends"] for count in timed.counts]
    times = {kind: [s for s, f in zip(timed.steps, full, strict=True) if f is kind] for kind in (True, False)}
    if not times[False]:
        raise RuntimeError(f"the cache skipped nothing in {len(full)} steps")
    if not times[True]:
        raise RuntimeError(f"the cache computed no step in full in {len(full)} steps")
    computed, cached = float(np.mean(times[True])), float(np.mean(times[False]))
    return {
        "computed_steps": len(times[True]),
        "cached_steps": len(times[False]),
        "computed_step_seconds": computed,
        "cached_step_seconds": cached,
        "seconds_per_step": (1 - CACHED_SHARE) * computed + CACHED_SHARE * cached,
    }


def compare(variant: Loop, latents: torch.Tensor, path: Path) -> float | None:
    """Root mean square difference to the plain result, relative to it; None where there is nothing to compare. A part
    of the latents is enough."""
    sample = latents[..., ::4, ::4].float().cpu().numpy()
    if not np.isfinite(sample).all():
        raise RuntimeError("the result is not finite")
    if variant.name == PLAIN:
        np.save(path, sample)
        return None
    if not variant.exact or not path.is_file():
        return None
    plain = np.load(path)
    if plain.shape != sample.shape:
        return None
    return float(np.sqrt(np.square(sample - plain).mean() / np.square(plain).mean()))


def fastest_backend(known: dict) -> str:
    """The attention backend with the fastest measured step, of those whose result was the plain one."""
    times = {
        result["backend"]: result["seconds_per_step"]
        for name, result in known.items()
        if result["status"] == "measured" and (name == PLAIN or name.startswith("attention ")) and result["counted"]
    }
    if not times:
        raise RuntimeError("no attention backend has been measured yet")
    best = min(times, key=times.get)
    if best == "native":
        raise RuntimeError("the default attention is the fastest: see compiled")
    return best

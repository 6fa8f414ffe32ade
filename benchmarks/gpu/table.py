"""The results as Markdown."""

from __future__ import annotations

import re

from gpu.loop import CACHED_SHARE
from gpu.results import FAILED, MEASURED, Results
from gpu.variants import GUIDANCE_STOP, PLAIN, Loop, Stage, all_variants

GIB = 2**30


def markdown(results: Results) -> str:
    """All sizes, one after another."""
    machine = results.machine
    variants = all_variants(machine["new_frames"])
    text = ["# One window of the diffusion model on one GPU", "", _introduction(results), ""]
    for size, known in results.sizes.items():
        text += [f"## {size}", ""]
        text += _loops(known, [variant for variant in variants if isinstance(variant, Loop)])
        text += _stages(known, [variant for variant in variants if isinstance(variant, Stage)])
        missing = [variant.name for variant in variants if variant.name not in known]
        text += _reasons(known)
        if missing:
            text += [f"Not run yet: {'; '.join(missing)}.", ""]
    return "\n".join(text)


def _introduction(results: Results) -> str:
    machine = results.machine
    measured = [r for known in results.sizes.values() for r in known.values() if r["status"] == MEASURED]
    peaks = [result["matmul_flops_per_second"] / 1e12 for result in measured]
    peak = f"{min(peaks):.4g} to {max(peaks):.4g}" if peaks else "?"
    warmup, steps = _range(measured, "warmup_steps"), _range(measured, "steps")
    return f"""\
Written by `python benchmarks/gpu_segment.py` ({machine["device"]}, torch {machine["torch"]},
diffusers {machine["diffusers"]}).
Model {machine["model"]} with random weights in bfloat16; a window has {machine["frames"]} frames, of which
{machine["new_frames"]} are new; both guidance halves unless said otherwise.
Timed: {steps} steps of the pipeline's own loop after {warmup} to warm up.

- **s / new frame**: seconds per step x steps of a window / new frames; the loop only, the second table is to be added.
- **floor**: the time that the operations done would take at the speed of a large bfloat16 matrix product in the same
  run ({peak} TFLOP/s), over the measured time. Stages in tiles: the operations of one piece.
- **difference**: of the latents to the plain ones after the timed steps, root mean square, relative.
- Caches: what share of the steps may come from the cache depends on the weights, so both kinds of steps are given
  apart, and the columns are for {CACHED_SHARE:.0%} cached steps (floor: as run).
- Negative half: dropped after {GUIDANCE_STOP:.0%} of the steps."""


def _loops(known: dict, variants: list[Loop]) -> list[str]:
    plain = known.get(PLAIN, {}).get("seconds_per_step")
    rows = []
    for variant in variants:
        result = known.get(variant.name, {})
        if result.get("status") != MEASURED:
            continue
        faster = f"{plain / result['seconds_per_step']:.2f}" if plain else "–"
        rows.append(
            f"| {variant.name} | {result['seconds_per_step']:.4g} | {faster} | {result['seconds_per_new_frame']:.3g} | "
            f"{_share(result)} | {_peak(result)} | {_difference(result)} | {_remark(variant, result)} |"
        )
    if not rows:
        return []
    head = "| loop | s / step | x plain | s / new frame | floor | peak GiB | difference | |"
    return [head, "|---|---|---|---|---|---|---|---|", *rows, ""]


def _stages(known: dict, variants: list[Stage]) -> list[str]:
    rows = []
    for variant in variants:
        result = known.get(variant.name, {})
        if result.get("status") != MEASURED:
            continue
        remark = f"{result['frames']} frames"
        if variant.kind == "remember":
            append, read, before = (result[key] for key in ("append_seconds", "read_seconds", "frames_before"))
            pictures = result["of_which_picture_preparation_on_the_cpu"]
            remark += f" behind {before}: {append:.3g} s ({pictures:.3g} s scaling on the CPU), read {read:.3g} s"
        rows.append(
            f"| {variant.name} | {result['seconds']:.4g} | {result['seconds_per_new_frame']:.3g} | {_share(result)} | "
            f"{_peak(result)} | {remark} |"
        )
    if not rows:
        return []
    return [
        "| stage, once per window | s | s / new frame | floor | peak GiB | |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
    ]


def _reasons(known: dict) -> list[str]:
    """Variants without a result; those that lack the same package in one row."""
    names: dict[str, list[str]] = {}
    for name, result in known.items():
        if result["status"] == FAILED:
            names.setdefault(re.sub(r" '[\w]+'", "", result["reason"]), []).append(name)
    rows = [f"| {', '.join(who)} | {why.replace('|', '/')} |" for why, who in names.items()]
    return ["| not measured | why |", "|---|---|", *rows, ""] if rows else []


def _remark(variant: Loop, result: dict) -> str:
    said = []
    if variant.cache:
        said.append(
            f"{result['computed_steps']} computed steps of {result['computed_step_seconds']:.3g} s, "
            f"{result['cached_steps']} cached of {result['cached_step_seconds']:.3g} s"
        )
    if variant.drops_guidance:
        said.append(
            f"guided {result['guided_step_seconds']:.3g} s, unguided {result['unguided_step_seconds']:.3g} s a step"
        )
    if variant.name == PLAIN or variant.settings.get("control_ahead"):
        said.append(f"SketchDiT {result['sketch_seconds_per_step']:.3g} s a step")
    if "control_bytes_per_step" in result:
        size = result["control_bytes_per_step"] / GIB
        said.append(f"{result['steps']} controls held, {size:.2g} GiB each ({result['steps_per_window']} in a window)")
    if "memory_vectors" in result:
        said.append(f"{result['memory_vectors']} vectors")
    if variant.compiled:
        said.append(f"first call {result['first_call_seconds']:.3g} s; {result['backend']}")
    return ", ".join(said)


def _share(result: dict) -> str:
    return "–" if result.get("share_of_floor") is None else f"{result['share_of_floor']:.0%}"


def _peak(result: dict) -> str:
    return "–" if result.get("peak_bytes") is None else f"{result['peak_bytes'] / GIB:.1f}"


def _difference(result: dict) -> str:
    return "–" if result.get("difference_to_plain") is None else f"{result['difference_to_plain']:.1e}"


def _range(measured: list[dict], key: str) -> str:
    values = sorted({result[key] for result in measured if key in result})
    return "?" if not values else str(values[0]) if len(values) == 1 else f"{values[0]} to {values[-1]}"

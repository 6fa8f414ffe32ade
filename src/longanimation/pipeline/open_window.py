"""From a model folder and what the user asks to a window model that is in its place: settings, pre-flight, loading."""

from __future__ import annotations

from pathlib import Path

import torch

from longanimation.errors import InputError
from longanimation.model_options import ModelOptions
from longanimation.pipeline.canvas import Canvas
from longanimation.pipeline.diffusion_window import DiffusionWindow
from longanimation.pipeline.pipeline import PRESETS, LongAnimationPipeline, settings_of
from longanimation.pipeline.settings import WindowSettings
from longanimation.weights.model_folder import open_model_folder
from longanimation.weights.placement import Placement, Residence
from longanimation.weights.preflight import TYPES, plan_placement, working_type

RESIDENT = Placement("resident", "none")


def open_diffusion_window(
    folder: str | Path,
    *,
    finish: str = "none",
    options: ModelOptions | None = None,
    shot: tuple[int, int] | None = None,
    device: torch.device | str | None = None,
) -> DiffusionWindow:
    """Load the video model so that it fits.

    Args:
        folder: a model folder, ours or as published, or "tiny".
        finish: of `DiffusionWindow`.
        shot: (height, width) of the drawings; default: the size that the weights were trained at.
        device: default: the current GPU if there is one.

    Nothing is loaded before it is known that the folder is whole and that the model fits. Raises InputError.
    """
    options = options or ModelOptions()
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    settings = settings_of(folder, compat=options.compat).with_options(options)
    notes = _odd_settings(settings, options)
    if str(folder) in PRESETS:
        dtype, placement = TYPES.get(options.dtype), RESIDENT
        if options.vram is not None:
            notes.append(f"vram has no effect on {folder}")
    else:
        parts = open_model_folder(folder)
        if settings.lines == "network" and "line_network" not in parts.parts:
            raise InputError(
                f"{folder} lacks the line network (sk_model.pth), which compat paper needs; "
                "run: longanimation weights fetch 5b --only lines, and put it into the folder"
            )
        unused = [] if settings.lines == "network" else ["line_network"]
        unused += [] if settings.memory else ["memory", "memory_encoder"]
        folder = parts.without(*unused)
        folder.require()
        if settings.memory and "memory" not in parts.parts:
            notes.append("this model has no memory: every window knows only the one before it")
        dtype = working_type(folder, options.dtype)
        size = Canvas.fit(shot or (576, 1024), settings.max_pixels, settings.size).size
        plan, said = plan_placement(
            folder.without("correspondence"),
            size=size,
            frames=settings.frames,
            dtype=dtype,
            device=device,
            vram=options.vram,
        )
        placement, notes = plan.placement, notes + said
    pipeline = LongAnimationPipeline.from_pretrained(folder, settings=settings)
    window = DiffusionWindow(pipeline, finish=finish, notes=notes, precision=_precision(placement, dtype))
    networks = {
        name: part for name, part in pipeline.components.items() if name != "correspondence"
    }  # always on the CPU
    pipeline.residence = Residence(networks, placement, device, dtype or pipeline.transformer.dtype)
    return window


def _odd_settings(settings: WindowSettings, options: ModelOptions) -> list[str]:
    """Sentences about combinations that do less than one may think."""
    notes = []
    fusion, steps = settings.denoising.fusion, settings.denoising.steps
    begins = fusion.after_step_index if fusion is not None else None
    if begins is not None and steps <= begins + 1:
        notes.append(f"compat paper blends windows only after step {begins + 1}, and there are {steps}: not at all")
    if options.size is not None and any(side % 16 for side in options.size):
        notes.append(f"size {'x'.join(map(str, options.size))} is padded to multiples of 16")
    return notes


def _precision(placement: Placement, dtype: torch.dtype | None) -> str:
    """What of the placement changes numbers: a shot is not resumed with another."""
    words = [str(dtype).removeprefix("torch.") if dtype else "as stored"]
    words += ["weights in 8 bits"] if placement.eight_bits else []
    return ", ".join(words + (["tiles"] if placement.tiles else []))

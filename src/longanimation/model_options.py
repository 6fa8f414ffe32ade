"""What a user may ask of a model, in plain values. Which of it a model has a use for is the model's own business."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields

from longanimation.errors import InputError

DTYPES = ("bf16", "fp32")
"""Not fp16: the text encoder's numbers do not fit into it."""


@dataclass(frozen=True)
class ModelOptions:
    """Options of a model; None leaves the model's own choice.

    Attributes:
        steps: denoising steps, 1 to 1000.
        guidance: weight of the prompt (classifier-free guidance); 1 or less halves the work and leaves it out.
        size: (height, width) that the model works at, or "HEIGHTxWIDTH"; drawings are scaled to fit into it and padded.
        compat: "paper": the published inference with all its quirks.
        memory: whether colours of earlier frames are remembered.
        dtype: one of `DTYPES`, the number format of all weights.
        vram: GB of GPU memory that may be used; None or "auto": what is free.
        prompts: pairs (position, text): from that 0-based frame on, another prompt (`longanimation.shot.read_prompts`).

    Raises InputError for values that no model could use.
    """

    steps: int | None = None
    guidance: float | None = None
    size: tuple[int, int] | str | None = None
    compat: str | None = None
    memory: bool | None = None
    dtype: str | None = None
    vram: float | str | None = None
    prompts: tuple[tuple[int, str], ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "size", _size(self.size))
        object.__setattr__(self, "vram", _vram(self.vram))
        if self.steps is not None and not 1 <= self.steps <= 1000:
            raise InputError(f"{self.steps} denoising steps cannot be made; give 1 to 1000 (published: 50)")
        if self.guidance is not None and not (math.isfinite(self.guidance) and self.guidance >= 0):
            raise InputError(f"guidance {self.guidance} is not a weight; give 0 or more (published: 6, none: 1)")
        if self.compat not in (None, "paper"):
            raise InputError(f"compat {self.compat!r} is not known; there is only 'paper'")
        if self.dtype not in (None, *DTYPES):
            raise InputError(f"dtype must be one of {', '.join(DTYPES)}, got {self.dtype!r}")

    @property
    def given(self) -> list[str]:
        """Names of the options that were set."""
        return [entry.name for entry in fields(self) if getattr(self, entry.name) not in (None, ())]


def _size(size) -> tuple[int, int] | None:
    if size is None:
        return None
    if isinstance(size, str):
        match = re.fullmatch(r"\s*(\d+)\s*[xX]\s*(\d+)\s*", size)
        sides = (int(match[1]), int(match[2])) if match else ()
    else:
        sides = tuple(size)
    if len(sides) != 2 or not all(isinstance(side, int) and 16 <= side <= 8192 for side in sides):
        raise InputError(f"size {size!r} is not understood; give HEIGHTxWIDTH in pixels, such as 576x1024 or 768x1360")
    return sides


def _vram(vram) -> float | None:
    if vram is None or vram == "auto":
        return None
    try:
        size = float(vram)
    except (TypeError, ValueError):
        size = math.nan
    if not (math.isfinite(size) and size > 0):
        raise InputError(
            f"vram {vram!r} is not understood; give GB of GPU memory, such as 80, 48, 24, 16 or 12, or auto"
        )
    return size

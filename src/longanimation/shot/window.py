"""What the shot runner knows of a window's model: lines and references in, coloured frames and a new state out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from longanimation.shot.plan import Segment

if TYPE_CHECKING:
    import torch

    from longanimation.lines import LineDrawing

State = Any
"""Whatever a model carries from one window to the next; only the model looks into it."""


@dataclass(frozen=True)
class Reference:
    """A coloured picture to take colours from.

    image: uint8 [H, W, 3] sRGB; of the shot's size if it is a key frame, of any size otherwise (a character sheet).
    drawing: the lines of the picture, of the image's size: the frame's own drawing for a key frame, else extracted.
    frame: 0-based position in the shot if it is a key frame of it, else None.
    name: what the user calls it, e.g. "sheet.png" or "key.png@120".
    background: it is the painted background behind the first drawing, nobody in it.
    """

    image: np.ndarray
    drawing: LineDrawing
    frame: int | None
    name: str
    background: bool = False


class WindowModel(Protocol):
    """Colours one window after the other.

    window, overlap: frames per window and frames shared with the window before it.
    reuse_identical: identical drawings are coloured once. `overlap` must then be 0, and `colour` gets only drawings
        that the shot has not shown before: fewer than `window`, and no held frames at the end.

    A model may also have a method `use_hooks(hooks: WindowHooks)`, called once, before `begin`; and `notes: list[str]`,
    sentences for the user about what it does with this shot, read after `begin`; and `ignored: tuple[str, ...]`, names
    of options that it has no use for.
    """

    window: int
    overlap: int
    reuse_identical: bool

    def fingerprint(self) -> dict:
        """Settings and weight hash, as JSON. A shot begun with another fingerprint is not resumed."""

    def begin(self, references: list[Reference], *, size: tuple[int, int], prompt: str, seed: int) -> State:
        """State before the first window. size: (height, width) of the shot.

        Called in every run, a resumed one too, so what follows from the references alone need not be in a checkpoint.
        """

    def colour(self, drawings: list[LineDrawing], state: State, *, segment: Segment) -> tuple[list[np.ndarray], State]:
        """Colour one window.

        `drawings[i]` is source frame `segment.indices[i]`. Returns one uint8 [H, W, 3] frame for each drawing and the
        state after them. The same state and drawings must give the same bytes, in whatever process.
        """

    def state_to_tensors(self, state: State) -> dict[str, torch.Tensor]:
        """All that a checkpoint must hold."""

    def state_from_tensors(self, tensors: dict[str, torch.Tensor]) -> State:
        """The state again, after `begin` with the same references."""


class WindowHooks(Protocol):
    """What the runner offers a model that spends long in one window."""

    def stop_if_asked(self) -> None:
        """Call it at points where stopping is cheap (between denoising steps). Raises if the user wants to stop."""

    def save(self, tensors: dict[str, torch.Tensor]) -> None:
        """Keep a finished part of the current window on disk, e.g. latents before decoding. Replaces the one before."""

    def load(self) -> dict[str, torch.Tensor] | None:
        """What an interrupted run saved in this same window, or None."""

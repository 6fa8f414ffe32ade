"""Training clips: which frames of a shot, which reference, cut and scaled to one size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset

from longanimation.errors import InputError
from longanimation.pipeline.canvas import Canvas
from longanimation.shot.window import Reference
from longanimation.training.drafts import Drafts, plain_drawing
from longanimation.training.shots import Pictures, Shots

REFERENCES = ("earlier", "first", "window", "mixed")
"""Which picture a clip is given: any "earlier" frame of the shot, at random, up to the clip's first; the "first" frame
of the history (the published reader); the first frame of the "window" itself; "mixed": for every other clip "window",
else "earlier"."""

_CLIPS, _LENGTHS, _VIEWS, _WORDS = 1, 2, 3, 4  # streams of random numbers


@dataclass(frozen=True)
class ClipPlan:
    """What a clip is. frames: consecutive frames of the target. history: most frames before it (0: none).
    draft_side: longer side at which drafts are made (0: none). The other fields are those of `StageConfig` and
    `DiffusionConfig`."""

    frames: int
    size: tuple[int, int]
    batch_size: int
    seed: int = 0
    history: int = 0
    reference: str = "window"
    sheet_share: float = 0.0
    prompt_dropout: float = 0.0
    flip: float = 0.0
    recolour: float = 0.0
    distinct: int = 0
    draft_side: int = 0


class TrainingClips(Dataset):
    """Clip `index` of the run is a pure function of (seed, index), so any step can be resumed exactly and the number of
    processes does not matter. Step s takes the clips s * batch_size up to (s + 1) * batch_size.

    Items: colour uint8 [F, H, W, 3], lines uint8 [F, H, W], reference uint8 [H, W, 3], reference_lines uint8 [H, W],
    history uint8 [N, H, W, 3] (N drawn per step, equal for all clips of it), prompt, index; with drafts also draft
    uint8 [F, H, W, 3] and sure uint8 [F, H, W].
    """

    def __init__(self, shots: Shots, plan: ClipPlan, length: int, drafts: Drafts | None = None):
        self.plan, self.shots, self._length, self.drafts = plan, shots, length, drafts
        need = plan.frames + plan.history
        self.usable = [shot for shot in range(len(shots)) if shots.length(shot) >= need]
        if not self.usable:
            raise InputError(f"no shot of the training data has {need} frames; prepare longer ones or lower frames")

    def __len__(self) -> int:
        return self._length

    def history_length(self, step: int) -> int:
        """History frames of a step: 1 to `history`."""
        if not self.plan.history:
            return 0
        return int(np.random.default_rng((self.plan.seed, step, _LENGTHS)).integers(self.plan.history)) + 1

    def __getitem__(self, index: int) -> dict:
        plan = self.plan
        chosen = index % plan.distinct if plan.distinct else index
        rng = np.random.default_rng((plan.seed, chosen, _CLIPS))
        shot = self.usable[int(rng.integers(len(self.usable)))]
        first = plan.history + int(rng.integers(self.shots.length(shot) - plan.history - plan.frames + 1))
        history = self.history_length(index // plan.batch_size)
        given = self._reference(rng, first)
        before = list(range(first - history, first))
        positions = [given, *before, *range(first, first + plan.frames)]
        colour, lines = self.shots.read(shot, positions)
        reference, reference_lines = colour[0], lines[0]
        use_sheet, which, kept_prompt = rng.random() < plan.sheet_share, rng.random(), rng.random()
        if plan.distinct:  # the same clip again, seen in another way
            rng = np.random.default_rng((plan.seed, index, _VIEWS))
        view = _View.random(rng, lines.shape[1:], plan)
        sheets = self.shots.sheets(shot) if use_sheet else []
        if sheets:
            reference, reference_lines = (part[0] for part in sheets[int(which * len(sheets))])
        draft = {}
        if self.drafts:
            shown = Reference(reference, plain_drawing(reference_lines), None if sheets else given, "reference")
            colours, sure = self.drafts.get(lines[1 + history :], shown)
            draft["draft"] = torch.from_numpy(view.colours(colours))
            draft["sure"] = torch.from_numpy(view.levels(sure))
        if sheets:
            reference, reference_lines = view.whole(reference, reference_lines)
        else:
            reference, reference_lines = view.colours([reference])[0], view.lines([reference_lines])[0]
        dropped = kept_prompt < plan.prompt_dropout or view.recoloured
        prompts = [""] if dropped else self.shots.prompts(shot) or [""]
        prompt = prompts[int(np.random.default_rng((plan.seed, index, _WORDS)).integers(len(prompts)))]
        target = slice(1 + history, None)
        return {
            "colour": torch.from_numpy(view.colours(colour[target])),
            "lines": torch.from_numpy(view.lines(lines[target])),
            "reference": torch.from_numpy(reference),
            "reference_lines": torch.from_numpy(reference_lines),
            "history": torch.from_numpy(view.colours(colour[1 : 1 + history])),
            "prompt": prompt,
            "index": index,
            **draft,
        }

    def _reference(self, rng: np.random.Generator, first: int) -> int:
        """Position of the reference; always draws two numbers."""
        earlier, mixed = int(rng.integers(first + 1)), first if rng.random() < 0.5 else None
        chosen = {"first": first - self.plan.history, "window": first, "mixed": mixed}.get(self.plan.reference)
        return earlier if chosen is None else chosen


class _View:
    """One crop, scale, mirror and change of colours for all pictures of a clip."""

    def __init__(self, box, size, mirrored: bool, order, gamma, recoloured: bool):
        self.box, self.mirrored, self.recoloured = box, mirrored, recoloured
        self._canvas = Canvas(shot=(box[2] - box[0], box[3] - box[1]), content=size, size=size)
        self._order, self._gamma = order, gamma

    @classmethod
    def random(cls, rng: np.random.Generator, shot: tuple[int, int], plan: ClipPlan) -> _View:
        """The largest box of the wanted shape, anywhere in the picture."""
        height, width = plan.size
        scale = min(shot[0] / height, shot[1] / width)
        inner = min(shot[0], round(height * scale)), min(shot[1], round(width * scale))
        top, left = (int(rng.integers(shot[i] - inner[i] + 1)) for i in (0, 1))
        mirrored, recoloured = rng.random() < plan.flip, rng.random() < plan.recolour
        order, gamma = rng.permutation(3), np.exp(rng.uniform(-0.4, 0.4, 3))
        return cls((top, left, top + inner[0], left + inner[1]), plan.size, mirrored, order, gamma, recoloured)

    def colours(self, frames) -> np.ndarray:
        """uint8 [F, H, W, 3] of the shot -> uint8 [F, height, width, 3]."""
        height, width = self._canvas.size
        out = np.empty((len(frames), height, width, 3), np.uint8)
        for place, frame in enumerate(frames):
            out[place] = self._resized(frame[self.box[0] : self.box[2], self.box[1] : self.box[3]])
        return self._changed(out)

    def lines(self, frames) -> np.ndarray:
        """uint8 [F, H, W] of the shot -> uint8 [F, height, width], scaled as the pipeline scales drawings."""
        y0, x0, y1, x1 = self.box
        return self._turned(self._canvas.lines([frame[y0:y1, x0:x1] for frame in frames]))

    def levels(self, maps) -> np.ndarray:
        """uint8 [F, H, W] of values other than lines, at the new size."""
        y0, x0, y1, x1 = self.box
        return self._turned(np.stack([self._resized(values[y0:y1, x0:x1]) for values in maps]))

    def whole(self, colour: np.ndarray, lines: np.ndarray) -> Pictures:
        """A picture of any size that is not of the shot, its shape kept."""
        small = ((self._canvas.picture(colour)[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255)
        return self._changed(small.to(torch.uint8).numpy()[None])[0], self._turned(self._canvas.whole_lines(lines))

    def _resized(self, picture: np.ndarray) -> np.ndarray:
        height, width = self._canvas.size
        if picture.shape[:2] == (height, width):
            return picture
        how = cv2.INTER_AREA if picture.shape[0] > height else cv2.INTER_LINEAR
        return cv2.resize(picture, (width, height), interpolation=how)

    def _changed(self, colours: np.ndarray) -> np.ndarray:
        if self.recoloured:
            tables = (255 * (np.arange(256) / 255) ** self._gamma[:, None]).round().astype(np.uint8)
            colours = np.stack([tables[c][colours[..., k]] for c, k in enumerate(self._order)], axis=-1)
        return np.ascontiguousarray(colours[:, :, ::-1] if self.mirrored else colours)

    def _turned(self, lines: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(lines[..., ::-1] if self.mirrored else lines)

"""The diffusion window model: LongAnimation's networks in the shot runner."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch

from longanimation.cel import Palette, composite, decide, extract_palette, paint
from longanimation.cel import segment as closed_regions
from longanimation.errors import InputError
from longanimation.lines.drawing import LineDrawing
from longanimation.lines.erase import erase_lines
from longanimation.pipeline.canvas import Canvas
from longanimation.pipeline.draft_maker import Drafted, DraftMaker, DraftState
from longanimation.pipeline.pipeline import LongAnimationPipeline
from longanimation.pipeline.soft_painter import unknown_share
from longanimation.shot.finish import check_finish
from longanimation.shot.plan import Segment
from longanimation.shot.window import Reference, WindowHooks

SMOOTHING = 4.0
"""Pixels of the working size, half a latent."""

EDGE = 6
"""Pixels beside what is known, where latents show both: what is painted there comes from farther away if it can."""


@dataclass
class DiffusionState:
    """tail: last latent frames of the window before, by step. portions: frames given to the memory after each window;
    history: the memory itself (None: no memory in this model). drafts: for models with a correspondence memory."""

    tail: dict[int, torch.Tensor] | None = None
    portions: list[int] = field(default_factory=list)
    history: object | None = None
    drafts: DraftState | None = None


class DiffusionWindow:
    """A `WindowModel` on a `LongAnimationPipeline`: line drawings and a reference in, coloured frames out.

    Latents are kept on disk before they are decoded (through the runner's hooks), so a failed decoding costs no
    sampling. finish: "none" is the model's own picture under the artist's line; "cel" gives every closed region the
    reference colour that most of its pixels are nearest to; "auto": cel if the references are painted flat.

    notes: sentences for the user from before. precision: what of the numbers depends on how the model was loaded; a
    shot is not resumed with another. Make the window before the weights are moved or stored in another format.
    """

    reuse_identical = False

    def __init__(
        self,
        pipeline: LongAnimationPipeline,
        *,
        finish: str = "none",
        notes: Sequence[str] = (),
        precision: str = "as stored",
    ):
        check_finish(finish)
        self.pipeline, self._finish = pipeline, finish
        self.window, self.overlap = pipeline.settings.frames, pipeline.settings.overlap
        self._said, self.notes = list(notes), list(notes)
        self._precision, self._weights = precision, weights_digest(pipeline)
        self._hooks: WindowHooks | None = None
        memory, side = pipeline.correspondence, pipeline.settings.draft_side
        self._drafts = None if memory is None else DraftMaker(memory, side)

    @classmethod
    def from_pretrained(cls, folder, *, finish: str = "none", **options) -> DiffusionWindow:
        """folder and options: of `LongAnimationPipeline.from_pretrained`."""
        return cls(LongAnimationPipeline.from_pretrained(folder, **options), finish=finish)

    def use_hooks(self, hooks: WindowHooks) -> None:
        self._hooks = hooks

    def fingerprint(self) -> dict:
        return {
            "model": "diffusion",
            "weights": self._weights,
            "precision": self._precision,
            "finish": self._finish,
            "settings": self.pipeline.settings.to_dict(),
        }

    def begin(self, references: list[Reference], *, size: tuple[int, int], prompt: str, seed: int) -> DiffusionState:
        if not references:
            raise InputError("no reference given: name at least one coloured picture")
        settings = self.pipeline.settings
        self._canvas = Canvas.fit(size, settings.max_pixels, settings.size)
        self._references, self._prompt, self._seed = references, prompt, seed
        self._palette = self._read_palette(references)
        self.notes = [*self._said, *_size_notes(self._canvas)]
        keyed = [reference for reference in references if reference.frame is not None]
        seen = {reference.name for reference in keyed or [_first(references)]}
        unused = [reference.name for reference in references if reference.name not in seen]
        if unused and self._drafts is None:  # else the correspondence memory looks at all of them
            self.notes.append(
                f"not used: {', '.join(unused)} (a window sees the key frame nearest to it, else the first)"
            )
        drafts = None if self._drafts is None else self._drafts.begin(references, self._canvas)
        return DiffusionState(history=self.pipeline.new_history(), drafts=drafts)

    def colour(
        self, drawings: list[LineDrawing], state: DiffusionState, *, segment: Segment
    ) -> tuple[list[np.ndarray], DiffusionState]:
        draft = drafts = None
        if self._drafts is not None:
            draft, drafts = self._drafts.make(drawings, state.drafts, segment, self.overlap)
        latents, tail = self._latents(drawings, state, segment, draft)
        frames = self.pipeline.decode(latents)
        if draft is None:
            pictures = [self._canvas.restore(frame) for frame in frames]
        else:
            pictures = self._corrected(draft, frames)
            frames = self._canvas.colours(pictures)
        portions = list(state.portions)
        if state.history is not None:
            first = max(segment.keep_start, 1 if self.pipeline.settings.memory_skips_first_frame else 0)
            kept = frames[first - segment.start : segment.keep_stop - segment.start]
            if len(kept):
                state.history.append(self._for_memory(kept))
                portions.append(len(kept))
        if drafts is not None and self.pipeline.settings.follow:
            drafts = self._drafts.follow(drafts, drawings, pictures, segment)
        finished = [self._finished(picture, drawing) for picture, drawing in zip(pictures, drawings, strict=True)]
        return finished, DiffusionState(tail, portions, state.history, drafts)

    def _for_memory(self, frames: np.ndarray) -> np.ndarray:
        """Decoded frames as the memory sees them, without padding: uint8 [F, h, w, 3]."""
        height, width = self._canvas.content
        frames = np.ascontiguousarray(frames[:, :height, :width])
        if self.pipeline.settings.memory_fit == "center":
            return frames
        side = self.pipeline.memory_encoder.config.image_size
        return np.stack([cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA) for frame in frames])

    def state_to_tensors(self, state: DiffusionState) -> dict[str, torch.Tensor]:
        tensors = {f"tail.{index}": latents for index, latents in (state.tail or {}).items()}
        if state.history is not None and len(state.history):
            tensors["memory.features"] = torch.stack(state.history.features)
            tensors["memory.portions"] = torch.tensor(state.portions)
        if state.drafts is not None:
            tensors |= self._drafts.to_tensors(state.drafts)
        return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}

    def state_from_tensors(self, tensors: dict[str, torch.Tensor]) -> DiffusionState:
        device = self.pipeline._execution_device
        state = DiffusionState(_tail(tensors, device) or None, [], self.pipeline.new_history())
        if "memory.features" in tensors:
            # The same portions as before, so that the memory is the same to the last bit.
            state.portions = tensors["memory.portions"].tolist()
            for features in tensors["memory.features"].split(state.portions):
                state.history.append_features(features[None])
        if self._drafts is not None:
            state.drafts = self._drafts.from_tensors(tensors)
        return state

    def _latents(self, drawings, state, segment, draft) -> tuple[torch.Tensor, dict[int, torch.Tensor]]:
        """The window's latents, denoised now or by an earlier run that was stopped before it had decoded them."""
        saved = self._hooks.load() if self._hooks else None
        device = self.pipeline._execution_device
        if saved is not None:
            return saved["latents"].to(device), _tail(saved, device)
        settings = self.pipeline.settings
        lines = self._canvas.lines([drawing.lines for drawing in drawings])
        reference = nearest_reference(self._references, segment)
        own = settings.reference_slot == "own" or segment.index == 0
        shown = reference.image
        if settings.line_free and not drawings[0].extracted:
            shown = erase_lines(shown, reference.drawing.lines)
        noise = self.pipeline.noise_source(self._seed, segment.index, segment.start)
        conditions = self.pipeline.conditions(
            lines,
            self._canvas.picture(shown, settings.reference_fit),
            self._canvas.whole_lines(reference.drawing.lines) if own else lines[0],
            settings.prompt_for(segment.prompt_frame, self._prompt, segment.index),
            noise,
            previous_tail=state.tail,
            history=state.history,
            draft=None if draft is None else draft[:2],
        )
        result = self.pipeline.denoise(conditions, noise, self._on_step)
        if not torch.isfinite(result.latents).all():
            first, last = segment.keep_start, segment.keep_stop - 1
            raise InputError(
                f"the model gave no finite numbers for frames {first} to {last} of the shot (from 0); check its files "
                "with: longanimation weights check --values, or try --dtype fp32"
            )
        if self._hooks:
            tail = {f"tail.{index}": value for index, value in result.tail.items()}
            self._hooks.save({"latents": result.latents, **tail})
        return result.latents, result.tail

    def _on_step(self, index: int, latents: torch.Tensor) -> None:
        if self._hooks:
            self._hooks.stop_if_asked()

    def _read_palette(self, references: list[Reference]) -> Palette | None:
        if self._finish == "none":
            return None
        palette = extract_palette([r.image for r in references], [r.drawing.lines for r in references])
        return palette if self._finish == "cel" or palette.is_flat else None

    def _corrected(self, draft: Drafted, frames: np.ndarray) -> list[np.ndarray]:
        """The drafts at the shot's size, each with what the networks changed where the drafts know nothing. So what is
        copied does not pass through the autoencoder, and loses nothing."""
        small, sure, large = draft
        found = []
        for frame, kept, known, picture in zip(frames, self.pipeline.reconstruct(small), sure, large, strict=True):
            change = self._canvas.restore(where_unknown(frame.astype(np.float32) - kept, known))
            found.append(np.clip(np.rint(picture + change), 0, 255).astype(np.uint8))
        return found

    def _finished(self, colors: np.ndarray, drawing: LineDrawing) -> np.ndarray:
        if self._palette is not None:
            colors = flat_regions(colors, drawing.lines, self._palette)
        elif drawing.extracted:  # of a coloured picture: no artist's line
            return colors
        return composite(colors, drawing.ink)


def where_unknown(change: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """What is painted where nothing is known, without the squares of the latents; nothing elsewhere.

    change, and what is returned: float32 [H, W, 3]; sure: uint8 [H, W]. (With the networks' say in what is copied as
    well, drawn key frames gained 0.1 dB, characters of sheets lost 0.3 dB and a real scene 1.8 dB.)
    """
    unknown = unknown_share(sure)
    inner = cv2.erode(unknown, np.ones((2 * EDGE + 1, 2 * EDGE + 1)))
    weight = np.maximum(inner, unknown * 1e-3)[..., None]
    around = cv2.GaussianBlur(np.concatenate([change * weight, weight], axis=2), (0, 0), SMOOTHING)
    return unknown[..., None] * around[..., :3] / np.maximum(around[..., 3:], 1e-6)


def flat_regions(colors: np.ndarray, lines: np.ndarray, palette: Palette) -> np.ndarray:
    """Every closed region in the palette colour that most of its pixels are nearest to: uint8 [H, W, 3]."""
    regions = closed_regions(lines)
    labels = palette.labels(colors).astype(np.int64)
    inside = regions.inside
    count, kinds = regions.count, len(palette.colors)
    flat = np.bincount(regions.ids[inside].astype(np.int64) * kinds + labels[inside], minlength=count * kinds)
    return paint(regions, decide(flat.reshape(count, kinds).astype(np.float32), regions).labels, palette)


def nearest_reference(references: list[Reference], segment: Segment) -> Reference:
    """The reference for a window: the key frame nearest to it; if there is no key frame, the first reference that shows
    more than a background."""
    keyed = [reference for reference in references if reference.frame is not None]
    middle = (segment.start + segment.stop) / 2
    if keyed:
        return min(keyed, key=lambda reference: abs(reference.frame - middle))
    return _first(references)


def _first(references: list[Reference]) -> Reference:
    return next((reference for reference in references if not reference.background), references[0])


def _tail(tensors: dict[str, torch.Tensor], device) -> dict[int, torch.Tensor]:
    names = [name for name in tensors if name.startswith("tail.")]
    return {int(name.removeprefix("tail.")): tensors[name].to(device) for name in names}


def _size_notes(canvas: Canvas) -> list[str]:
    (height, width), (shot_height, shot_width) = canvas.content, canvas.shot
    notes = []
    if canvas.content != canvas.shot:
        change = "enlarges" if height < shot_height else "reduces"
        notes.append(f"works at {width}x{height} and {change} the colours to {shot_width}x{shot_height}")
    filled = width * height / (canvas.size[0] * canvas.size[1])
    if filled < 0.8:
        sides = f"{canvas.size[0]}x{canvas.size[1]}"
        notes.append(f"size {sides} (height x width): the drawings fill {filled:.0%} of it, the rest is padding")
    return notes


def weights_digest(pipeline: LongAnimationPipeline) -> str:
    """A name for the weights of all networks together."""
    digest = hashlib.sha256()
    for name, module in sorted(pipeline.components.items()):
        if isinstance(module, torch.nn.Module):
            digest.update(name.encode() + _digest(module))
    return digest.hexdigest()[:16]


def _digest(module: torch.nn.Module) -> bytes:
    """Name, shape and a few values of every tensor: enough to tell weights apart, without reading all of 30 GB."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        flat = value.detach().reshape(-1)
        some = flat[:: max(1, flat.numel() // 64)].to("cpu", torch.float32).contiguous()
        digest.update(f"{name}{tuple(value.shape)}{value.dtype}".encode() + some.numpy().tobytes())
    return digest.digest()

"""`LongAnimationPipeline`: all parts of the model, and the stages of colouring one window with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from diffusers import DiffusionPipeline

from longanimation.errors import InputError
from longanimation.pipeline.canvas import Canvas
from longanimation.pipeline.draft import Draft, make_draft
from longanimation.pipeline.latents import (
    decode,
    encode,
    image_latents,
    latent_frames,
    sketch_latents,
    spatial_ratio,
    to_frames,
    with_reference_slot,
)
from longanimation.pipeline.noise import AlignedNoise, NoiseSource, PublishedNoise, WindowNoise
from longanimation.pipeline.pictures import binary_lines, line_map
from longanimation.pipeline.prediction import MakePredictor, Prediction, SegmentConditions, SegmentNetworks
from longanimation.pipeline.segment import SegmentResult, denoise_segment
from longanimation.pipeline.settings import WindowSettings

if TYPE_CHECKING:
    from longanimation.weights.model_folder import ModelFolder

PRESETS = ("tiny",)


@dataclass(frozen=True)
class WindowOutput:
    """frames: uint8 [F, H, W, 3] at the size of the drawings, without the artist's line on top. tail: what the next
    window is blended with. latents: [1, 1 + f, C, h, w], reference slot included."""

    frames: np.ndarray
    tail: dict[int, torch.Tensor]
    latents: torch.Tensor


class LongAnimationPipeline(DiffusionPipeline):
    """SketchDiT, controlled video transformer and global-local memory (LongAnimation, ICCV 2025).

    One call colours one window. For a whole shot: `longanimation.colorize(lines, references, model=folder)` or
    `DiffusionWindow(pipeline)` in the shot runner. Prompts and reference pictures are encoded once and kept.
    """

    model_cpu_offload_seq = "text_encoder->memory_encoder->sketch_dit->memory->transformer->vae"
    _optional_components = ["memory", "memory_encoder", "line_network", "correspondence"]

    def __init__(
        self,
        transformer,
        sketch_dit,
        vae,
        text_encoder,
        tokenizer,
        scheduler,
        memory=None,
        memory_encoder=None,
        line_network=None,
        correspondence=None,
        settings: WindowSettings | dict | None = None,
    ):
        super().__init__()
        self.register_modules(
            transformer=transformer,
            sketch_dit=sketch_dit,
            vae=vae,
            text_encoder=text_encoder,
            tokenizer=tokenizer,
            scheduler=scheduler,
            memory=memory,
            memory_encoder=memory_encoder,
            line_network=line_network,
            correspondence=correspondence,
        )
        self.settings = settings if settings is not None else WindowSettings()
        self.residence = None  # `Residence`, where one moves the parts
        self.predictor: MakePredictor = Prediction  # longanimation.parallel shares it between processes
        self._prompts: dict[str, torch.Tensor] = {}

    @property
    def settings(self) -> WindowSettings:
        """How windows are made; assign another `WindowSettings` to change it. Saved with the model."""
        return self._settings

    @settings.setter
    def settings(self, settings: WindowSettings | dict) -> None:
        self._settings = WindowSettings.from_dict(settings) if isinstance(settings, dict) else settings
        self.register_to_config(settings=self._settings.to_dict())

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path | ModelFolder,
        *,
        torch_dtype: torch.dtype | None = None,
        settings: WindowSettings | None = None,
        compat: str | None = None,
    ) -> LongAnimationPipeline:
        """Load a model strictly: every tensor by name and shape.

        Args:
            folder: a folder in our layout or in the published one, the preset "tiny" (random weights), or what
                `open_model_folder` found, to leave some parts out.
            torch_dtype: type of all weights; None keeps the stored one.
            settings: default: those saved with the model, else `WindowSettings()`.
            compat: "paper" for `WindowSettings.published()`, the published inference with all its quirks.

        Raises InputError for a folder that is not a whole model.
        """
        stored = settings_of(folder, compat=compat)
        if str(folder) in PRESETS:
            from longanimation.weights.tiny import tiny_parts

            parts = tiny_parts(torch_dtype=torch_dtype)
        else:
            from longanimation.weights.load import load_parts

            parts = load_parts(folder, torch_dtype=torch_dtype)
        return cls(**parts, settings=settings or stored)

    # ------------------------------------------------------------------ stages

    @torch.no_grad()
    def encode_prompt(self, text: str) -> torch.Tensor:
        """Text embeddings [1, L, E], padding included; the same text is encoded once."""
        if text not in self._prompts:
            length = self.transformer.config.max_text_seq_length
            options = {"padding": "max_length", "max_length": length, "truncation": True, "return_tensors": "pt"}
            tokens = self.tokenizer(text, add_special_tokens=True, **options).input_ids
            self._prompts[text] = self.text_encoder(tokens.to(self._execution_device))[0]
        return self._prompts[text]

    def noise_source(self, seed: int, window: int, first_frame: int) -> NoiseSource:
        """The random numbers of a window that begins at `first_frame` of the shot."""
        if self.settings.noise == "same":
            return PublishedNoise(seed, dtype=self.transformer.dtype)
        if self.settings.noise_is_aligned and first_frame % 4 == 0:
            return AlignedNoise(seed, first_frame // 4)
        return WindowNoise(seed, window)

    def encode_lines(self, lines: np.ndarray, noise: NoiseSource) -> torch.Tensor:
        """Drawings uint8 [F, height, width] (255 = paper) at the working size to sketch latents [1, f, C, h, w]."""
        paper = torch.from_numpy(lines)[:, None]
        if self.settings.lines == "network":
            if self.line_network is None:
                raise InputError(
                    "the published inference needs the line network (sk_model.pth); it is not in the model"
                )
            paper = line_map(self.line_network, paper.expand(-1, 3, -1, -1)).float().cpu()
        else:
            paper = paper.float() / 255
        video = binary_lines(paper, self.settings.line_threshold).permute(1, 0, 2, 3)[None]
        sample = None
        if self.settings.sketch_posterior == "sample":
            sample = noise.sketch(self._posterior_shape(len(lines), lines.shape[1:]))
        return sketch_latents(self.vae, video.to(self._execution_device), sample)

    def encode_picture(self, picture: torch.Tensor, frames: int, noise: NoiseSource) -> torch.Tensor:
        """The reference [1, 3, height, width] in [-1, 1] as image latents [1, frames, C, h, w]."""
        sample = noise.image(self._posterior_shape(1, picture.shape[-2:]))
        return image_latents(self.vae, picture.to(self._execution_device), frames, sample)

    def denoise(self, conditions: SegmentConditions, noise: NoiseSource, on_step=None) -> SegmentResult:
        """Run the denoising loop of one window."""
        networks = SegmentNetworks(self.transformer, self.sketch_dit, self.memory)
        settings, predictor = self.settings.denoising, self.predictor
        return denoise_segment(
            networks, self.scheduler, conditions, noise, settings, on_step=on_step, predictor=predictor
        )

    def decode(self, latents: torch.Tensor) -> np.ndarray:
        """Latents of `denoise` to frames uint8 [F, height, width, 3] at the working size."""
        video = decode(self.vae, latents.to(self._execution_device), padding_frames=1)
        return to_frames(video)[0].cpu().numpy()

    def new_history(self):
        """An empty `VideoXLHistory`, or None if this model or its settings have no memory."""
        if not self.settings.memory or self.memory is None or self.memory_encoder is None:
            return None
        from longanimation.models.video_xl_history import VideoXLHistory

        return VideoXLHistory(self.memory_encoder, recent=self.settings.recent)

    def conditions(
        self,
        lines: np.ndarray,
        picture: torch.Tensor,
        slot_lines: np.ndarray,
        prompt: str,
        noise: NoiseSource,
        *,
        previous_tail: dict[int, torch.Tensor] | None = None,
        history=None,
        draft: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> SegmentConditions:
        """Everything that the loop needs, encoded.

        lines uint8 [F, height, width]; picture [1, 3, height, width]; slot_lines uint8 [height, width], the lines
        beside the picture; history: `VideoXLHistory` of the frames so far, or None; draft: of the correspondence
        memory, for a model that has one: colours uint8 [F, height, width, 3] and how sure they are, uint8
        [F, height, width].
        """
        sketches = self.encode_lines(lines, noise)
        count, padding = latent_frames(len(lines), patch_size_t=self.transformer.config.patch_size_t)
        if padding != 1:
            raise InputError(f"{len(lines)} frames: the model takes 8k + 1 frames")
        slot = self.encode_lines(slot_lines[None], noise)
        guided = self.settings.denoising.guidance_scale > 1
        projected = None
        if history is not None and len(history):
            device, dtype = self._execution_device, self.memory.dtype
            projected = self.memory.project_memory(*(part.to(device, dtype) for part in history.read()))
        image = self.encode_picture(picture, count + padding, noise)
        return SegmentConditions(
            prompt_embeds=self.encode_prompt(prompt),
            negative_prompt_embeds=self.encode_prompt("") if guided else None,
            sketch_latents=with_reference_slot(sketches, slot, count + padding),
            image_latents=image,
            projected_memory=projected,
            previous_tail=previous_tail,
            draft=None if draft is None else self._encode_draft(*draft, slot=image[:, :1]),
        )

    def _encode_draft(self, colours: np.ndarray, sure: np.ndarray, slot: torch.Tensor) -> Draft:
        known = torch.from_numpy(sure)[None].to(self._execution_device).float() / 255
        return make_draft(self.vae, self._as_video(colours), known, slot)

    def reconstruct(self, frames: np.ndarray) -> np.ndarray:
        """Through the autoencoder and back: uint8 [4k + 1, height, width, 3], the same again."""
        latents = encode(self.vae, self._as_video(frames)) * self.vae.config.scaling_factor
        return to_frames(decode(self.vae, latents))[0].cpu().numpy()

    def _as_video(self, frames: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(frames).permute(3, 0, 1, 2)[None].to(self._execution_device).float() / 127.5 - 1

    # ------------------------------------------------------------------ one window

    @torch.no_grad()
    def __call__(
        self,
        lines: np.ndarray | list[np.ndarray],
        reference: np.ndarray,
        prompt: str = "",
        *,
        reference_lines: np.ndarray | None = None,
        seed: int = 0,
        previous_tail: dict[int, torch.Tensor] | None = None,
        history=None,
        on_step=None,
    ) -> WindowOutput:
        """Colour one window.

        Args:
            lines: drawings uint8 [F, H, W], 255 = paper; at most `settings.frames`, the last one is held if fewer.
            reference: coloured picture uint8 [H', W', 3] of any size.
            reference_lines: its lines, uint8 [H', W']; default: extracted from it.
            previous_tail, history: of the window before, for colours that stay (`WindowOutput.tail`, `new_history`).
            on_step: called with (index, latents) after every denoising step.
        """
        lines = list(lines)
        if not 0 < len(lines) <= self.settings.frames:
            raise InputError(f"a window takes 1 to {self.settings.frames} drawings, got {len(lines)}")
        if reference_lines is None:
            from longanimation.lines import extract_lines

            reference_lines = extract_lines(reference)
        canvas = Canvas.fit(lines[0].shape, self.settings.max_pixels, self.settings.size)
        held = lines + [lines[-1]] * (self.settings.frames - len(lines))
        noise = self.noise_source(seed, 0, 0)
        conditions = self.conditions(
            canvas.lines(held),
            canvas.picture(reference, self.settings.reference_fit),
            canvas.whole_lines(reference_lines),
            self.settings.prompt_for(0, prompt, 0),
            noise,
            previous_tail=previous_tail,
            history=history,
        )
        result = self.denoise(conditions, noise, on_step)
        frames = self.decode(result.latents)[: len(lines)]
        return WindowOutput(np.stack([canvas.restore(frame) for frame in frames]), result.tail, result.latents)

    def _posterior_shape(self, frames: int, size) -> tuple[int, ...]:
        ratio = spatial_ratio(self.vae)
        count, _ = latent_frames(frames)
        return (1, self.vae.config.latent_channels, count, size[0] // ratio, size[1] // ratio)


def settings_of(folder: str | Path | ModelFolder, *, compat: str | None = None) -> WindowSettings:
    """The settings that a model begins with: those saved in its folder; compat "paper": the published ones.

    Raises InputError for another compat.
    """
    from longanimation.weights.model_folder import open_model_folder
    from longanimation.weights.tensor_files import read_json

    if compat not in (None, "paper"):
        raise InputError(f"compat {compat!r} is not known; there is only 'paper'")
    if str(folder) in PRESETS:
        from longanimation.weights.tiny import tiny_settings

        return tiny_settings(paper=compat == "paper")
    if compat == "paper":
        return WindowSettings.published()
    index = open_model_folder(folder).root / "model_index.json"
    stored = read_json(index).get("settings") if index.is_file() else None
    return WindowSettings.from_dict(stored) if isinstance(stored, dict) else WindowSettings()

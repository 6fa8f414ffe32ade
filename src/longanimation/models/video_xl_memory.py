"""Video-XL as a memory: a whole video compressed into keys and values (LongAnimation, section 3.3; Video-XL, 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from diffusers.utils.accelerate_utils import apply_forward_hook
from torch.utils.checkpoint import checkpoint

from longanimation.errors import InputError
from longanimation.models.video_xl_language import VideoXLLanguage, interleaved_rows
from longanimation.models.video_xl_pixels import differentiable_pixel_values, exact_pixel_values
from longanimation.models.video_xl_vision import VideoXLVision

# Qwen2 token ids of the published prompt; the video goes between the two halves:
# "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n" and
# "\nCan you describe the scene and color in anime?<|im_end|>\n<|im_start|>assistant\n"
PREFIX_IDS = (151644, 8948, 198, 2610, 525, 264, 10950, 17847, 13, 151645, 198, 151644, 872, 198)
SUFFIX_IDS = (198, 6713, 498, 7512, 279, 6109, 323, 1894, 304, 22809, 30, 151645, 198, 151644, 77091, 198)

Frames = torch.Tensor | np.ndarray | Sequence[np.ndarray]


@dataclass(frozen=True)
class MemoryState:
    """What must be kept so that frames can be appended. Tensors: [layers, 2, B, heads, vectors, head_dim].

    `closed`: prompt prefix and the beacons of finished windows. `open`: every token, ordinary and beacon, of the window
    that is not full yet; `open_tokens` counts the ordinary ones.
    """

    closed: torch.Tensor
    open: torch.Tensor
    open_tokens: int = 0
    frames: int = 0

    def to(self, *args, **kwargs) -> MemoryState:
        return replace(self, closed=self.closed.to(*args, **kwargs), open=self.open.to(*args, **kwargs))


class VideoXLMemory(ModelMixin, ConfigMixin):
    r"""Compresses frames into the memory that `DynamicGlobalLocalMemory` reads. Defaults: the published size.

    Every frame becomes visual tokens (CLIP tower, projector, 2 x 2 pooling); the language model reads them in windows,
    with a summary token ("beacon") after every `beacon_ratio` of them; of a finished window only the beacons' keys and
    values stay. Nothing is generated and there is no randomness. Weights that no memory vector depends on do not exist
    here: LM head, final norms, vocabulary rows outside the prompt, blocks above the deepest layer read.

    Parameters:
        vision_select_layer: hidden state of the tower that is read; **the published config decides (-1 or -2)**.
        beacon_ratio, beacon_window: visual tokens per beacon and per window (1440 are 10 frames).
        memory_layers: layers whose keys and values are the result, negative from the end of `num_layers`.
        prefix_ids, suffix_ids: vocabulary ids of the prompt before and behind the video; only their number matters for
            a model trained from scratch.
        frame_fit: "crop" (published: centre square) or "stretch" (whole frame).
    """

    _supports_gradient_checkpointing = True
    _no_split_modules = ["BeaconLayer", "CLIPEncoderLayer"]
    _repeated_blocks = ["BeaconLayer"]
    _skip_layerwise_casting_patterns = ["embedding", "norm"]

    @register_to_config
    def __init__(
        self,
        vision_hidden_size: int = 1024,
        vision_intermediate_size: int = 4096,
        vision_num_layers: int = 24,
        vision_num_attention_heads: int = 16,
        vision_select_layer: int = -2,
        vision_hidden_act: str = "quick_gelu",
        vision_layer_norm_eps: float = 1e-5,
        image_size: int = 336,
        patch_size: int = 14,
        pool: int = 2,
        hidden_size: int = 3584,
        intermediate_size: int = 18944,
        num_layers: int = 28,
        num_attention_heads: int = 28,
        num_key_value_heads: int = 4,
        rms_norm_eps: float = 1e-6,
        rope_theta: float = 1_000_000.0,
        beacon_ratio: int = 8,
        beacon_window: int = 1440,
        memory_layers: Sequence[int] = (-9, -5, -1),
        prefix_ids: Sequence[int] = PREFIX_IDS,
        suffix_ids: Sequence[int] = SUFFIX_IDS,
        frame_fit: str = "crop",
    ):
        super().__init__()
        if beacon_window % beacon_ratio:
            raise InputError(f"beacon_window {beacon_window} is not a multiple of beacon_ratio {beacon_ratio}")
        self.read_layers = [layer % num_layers for layer in memory_layers]
        self.vision = VideoXLVision(
            hidden_size=vision_hidden_size,
            intermediate_size=vision_intermediate_size,
            num_layers=vision_num_layers,
            num_attention_heads=vision_num_attention_heads,
            image_size=image_size,
            patch_size=patch_size,
            select_layer=vision_select_layer,
            pool=pool,
            dim=hidden_size,
            hidden_act=vision_hidden_act,
            layer_norm_eps=vision_layer_norm_eps,
        )
        self.language = VideoXLLanguage(
            dim=hidden_size,
            inner_dim=intermediate_size,
            num_layers=max(self.read_layers) + 1,
            heads=num_attention_heads,
            key_value_heads=num_key_value_heads,
            prompt_tokens=len(prefix_ids) + len(suffix_ids),
            eps=rms_norm_eps,
            theta=rope_theta,
        )
        self.tokens_per_frame = (image_size // patch_size // pool) ** 2
        self.tower_chunk = 16
        """Frames per pass through the tower; the result does not depend on it."""
        self.gradient_checkpointing = False

    @property
    def kv_dim(self) -> int:
        """Channels of one memory vector: key/value heads x head size."""
        return self.language.key_value_heads * self.language.head_dim

    def vectors(self, frames: int) -> int:
        """N, the number of memory vectors of a clip (published: 18 per frame + 30)."""
        windows, rest = divmod(frames * self.tokens_per_frame, self.config.beacon_window)
        beacons = windows * (self.config.beacon_window // self.config.beacon_ratio) + rest // self.config.beacon_ratio
        return beacons + len(self.config.prefix_ids) + len(self.config.suffix_ids)

    # ------------------------------------------------------------------ frames to visual tokens

    def pixel_values(self, frames: Frames) -> torch.Tensor:
        """float32 [B, F, 3, size, size]. See `features` for what `frames` may be."""
        size, fit = self.config.image_size, self.config.frame_fit
        if isinstance(frames, torch.Tensor) and frames.is_floating_point():
            if frames.ndim not in (4, 5) or frames.shape[-3] != 3:
                raise InputError(
                    f"float frames are {list(frames.shape)}; give [batch, frames, 3, height, width] in [0, 1]"
                )
            batch = frames if frames.ndim == 5 else frames[None]
            self._check_count(batch.shape[1])
            return differentiable_pixel_values(batch.flatten(0, 1), size, fit).unflatten(0, batch.shape[:2])
        if isinstance(frames, torch.Tensor):
            frames = frames.cpu().numpy()
        self._check_count(len(frames))
        return exact_pixel_values(frames, size, fit)[None]

    @staticmethod
    def _check_count(frames: int) -> None:
        if frames == 0:
            raise InputError("the memory needs at least one frame; got none")

    @apply_forward_hook
    def features(self, frames: Frames) -> torch.Tensor:
        """Visual tokens of each frame on its own: [B, F, tokens, dim]; differentiable in float frames.

        frames: float tensor [B, F, 3, H, W] or [F, 3, H, W] in [0, 1], sRGB; or uint8 [F, H, W, 3] (array, tensor or
        list of arrays), which goes through the published 8-bit preprocessing exactly.
        """
        pixels = self.pixel_values(frames)
        flat = pixels.flatten(0, 1)
        found = []
        for start in range(0, len(flat), self.tower_chunk):
            part = flat[start : start + self.tower_chunk].to(device=self.device, dtype=self.dtype)
            if self.gradient_checkpointing and torch.is_grad_enabled():
                found.append(checkpoint(self.vision, part, use_reentrant=False))
            else:
                found.append(self.vision(part))
        return torch.cat(found).unflatten(0, pixels.shape[:2])

    # ------------------------------------------------------------------ visual tokens to memory

    @apply_forward_hook
    def start(self, batch: int = 1) -> MemoryState:
        """State before the first frame: the prompt prefix has been read."""
        prefix, _ = self._prompt(batch)
        empty = self.language.empty(prefix)
        return MemoryState(closed=self.language(prefix, None, empty), open=empty)

    @apply_forward_hook
    def append(self, state: MemoryState, features: torch.Tensor) -> MemoryState:
        """State after some more frames, `features` [B, F, tokens, dim]. Any portions give the same memory."""
        ratio, window = self.config.beacon_ratio, self.config.beacon_window
        state = state.to(self.device)
        tokens = features.flatten(1, 2).to(device=self.device, dtype=state.closed.dtype)
        closed, open_window, open_tokens = state.closed, state.open, state.open_tokens
        while tokens.shape[1]:
            take = min(window - open_tokens, tokens.shape[1])
            rows = interleaved_rows(open_tokens, take, ratio, tokens.device)
            beacons = self.language.beacon_embedding.to(tokens).expand(len(tokens), len(rows.beacons), -1)
            step = rows.merge(tokens[:, :take], beacons)
            new = self.language(step, rows, torch.cat([closed, open_window], dim=-2))
            open_window = torch.cat([open_window, new], dim=-2)
            open_tokens, tokens = open_tokens + take, tokens[:, take:]
            if open_tokens == window:
                closed = torch.cat([closed, self._beacons(open_window, open_tokens)], dim=-2)
                open_window, open_tokens = open_window[..., :0, :], 0
        return MemoryState(closed, open_window, open_tokens, state.frames + features.shape[1])

    def read(self, state: MemoryState) -> torch.Tensor:
        """Memory [B, 2, layers, N, kv_dim] of the frames so far: prefix, beacons in time order, suffix.

        Second axis: keys (before rotation), values; third: the layers of `memory_layers`. The state is not changed.
        """
        cached = self.all_layers(state)[self.read_layers]
        return cached.permute(2, 1, 0, 4, 3, 5).flatten(-2)

    @apply_forward_hook
    def all_layers(self, state: MemoryState) -> torch.Tensor:
        """As `read`, for every layer: [layers, 2, B, heads, N, head_dim]."""
        state = state.to(self.device)
        _, suffix = self._prompt(state.closed.shape[2])
        cached = torch.cat([state.closed, self._beacons(state.open, state.open_tokens)], dim=-2)
        return torch.cat([cached, self.language(suffix, None, cached)], dim=-2)

    def _prompt(self, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
        prompt = self.language.prompt_embedding.to(device=self.device, dtype=self.dtype).expand(batch, -1, -1)
        return prompt.split([len(self.config.prefix_ids), len(self.config.suffix_ids)], dim=1)

    def _beacons(self, window: torch.Tensor, tokens: int) -> torch.Tensor:
        """The beacons of a window with `tokens` ordinary tokens; those after the last beacon leave no trace."""
        ratio = self.config.beacon_ratio
        return window[..., ratio : tokens // ratio * (ratio + 1) : ratio + 1, :]

    def encode_features(self, features: torch.Tensor) -> torch.Tensor:
        """Memory [B, 2, layers, N, kv_dim] of a clip given as `features` [B, F, tokens, dim]."""
        return self.read(self.append(self.start(len(features)), features))

    def forward(self, frames: Frames) -> torch.Tensor:
        """Memory [B, 2, layers, N, kv_dim] of a clip; gradients reach the weights and float frames. For training."""
        return self.encode_features(self.features(frames))

    @apply_forward_hook
    @torch.no_grad()
    def encode(self, frames: Frames) -> torch.Tensor:
        """Memory [1, 2, layers, N, kv_dim] of a clip, without gradients. `frames` as in `features`."""
        return self.forward(frames)

    @classmethod
    def from_pretrained(cls, folder, **kwargs) -> VideoXLMemory:
        """Load our own layout (diffusers), or the published Video-XL folder, strictly.

        Raises InputError for a published folder with missing, extra or misshapen tensors or an unknown variant.
        """
        from longanimation.weights.video_xl import is_published_folder, load_published

        subfolder = kwargs.get("subfolder") or ""
        if is_published_folder(folder, subfolder):
            kwargs.pop("subfolder", None)
            return load_published(cls, folder, subfolder, **kwargs)
        return super().from_pretrained(folder, **kwargs)

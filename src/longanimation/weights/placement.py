"""Where the parts of a model live while a shot is coloured: five ways, from fastest to smallest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from accelerate.hooks import ModelHook, add_hook_to_module
from accelerate.utils import send_to_device

PHASES = {
    "text": ("text_encoder",),
    "encode": ("vae",),
    "memory": ("memory_encoder",),
    "denoise": ("transformer", "sketch_dit"),
    "decode": ("vae",),
}
"""The phases of a window and the networks that each needs on the device at the same time."""

ALWAYS_THERE = ("memory", "line_network")
"""Small parts that stay on the device."""

LARGE = ("transformer", "sketch_dit", "memory_encoder", "text_encoder")
STORED_IN_8_BITS = ("transformer", "sketch_dit", "memory_encoder")
"""Not the text encoder: its code looks at the type of its weights."""


@dataclass(frozen=True)
class Placement:
    """offload: "none" keeps all parts on the device; "phase" those of the current phase; "block" of the large ones only
    the layers that are running. eight_bits: weights of the large networks are stored as float8 and computed in the
    working type. tiles: pictures are encoded and decoded in tiles (colours at tile borders may differ slightly)."""

    name: str
    offload: str
    eight_bits: bool = False
    tiles: bool = False

    def describe(self, device: str = "GPU") -> str:
        """In words, for a log line."""
        words = {
            "none": f"all parts stay on the {device}",
            "phase": "each part is on the GPU only while it is used",
            "block": "layers are on the GPU only while they run (slow)",
        }[self.offload]
        if self.eight_bits:
            words += ", weights stored in 8 bits"
        return words + (", decoding in tiles" if self.tiles else "")


PLACEMENTS = (
    Placement("resident", "none"),
    Placement("by phase", "phase"),
    Placement("by phase, tiles", "phase", tiles=True),
    Placement("by phase, 8 bits, tiles", "phase", eight_bits=True, tiles=True),
    Placement("by block, 8 bits, tiles", "block", eight_bits=True, tiles=True),
)
"""From fastest and exact to smallest."""

CPU_PLACEMENTS = (
    Placement("on the CPU", "none"),
    Placement("on the CPU, tiles", "none", tiles=True),
    Placement("on the CPU, 8 bits, tiles", "none", eight_bits=True, tiles=True),
)
"""Without a GPU, where all weights are in RAM anyway."""


class Residence:
    """Carries out a placement for the parts of a model, for example `pipeline.components`.

    From then on every network finds its way to the device by itself when it is called (a hook, as in accelerate's
    offloading), and sends those of other phases to the CPU. Networks compute in `dtype`.
    """

    def __init__(
        self,
        parts: Mapping[str, Any],
        placement: Placement,
        device: torch.device | str,
        dtype: torch.dtype = torch.bfloat16,
    ):
        self.parts = {name: part for name, part in parts.items() if isinstance(part, torch.nn.Module)}
        self.placement, self.device = placement, torch.device(device)
        self._moving: set[str] = set()
        for name, part in self.parts.items():
            if part.dtype != dtype:
                torch.nn.Module.to(part, dtype)  # diffusers' own `to` warns about what does not apply here
            if placement.eight_bits and name in STORED_IN_8_BITS:
                part.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)
            if placement.offload == "block" and name in LARGE:
                for streamed, level in streamed_modules(name, part):
                    _stream(streamed, level, self.device)
                continue
            stays = placement.offload == "none" or name in ALWAYS_THERE
            part.to(self.device if stays else "cpu")
            if not stays:
                self._moving.add(name)
            if placement.offload != "none":
                add_hook_to_module(part, _Bring(self, name), append=True)
        if placement.tiles and "vae" in self.parts:
            self.parts["vae"].enable_tiling()
        self._here: frozenset[str] = frozenset()

    def bring(self, name: str) -> None:
        """Bring a part, and those that work together with it, to the device; send the others away first."""
        if name in self._here or name not in self._moving:
            return
        together = next((set(group) for group in PHASES.values() if name in group), {name}) & self._moving
        for other in self._here - together:
            self.parts[other].to("cpu")
        if self._here - together and self.device.type == "cuda":
            torch.cuda.empty_cache()
        for wanted in sorted(together):
            self.parts[wanted].to(self.device)
        self._here = frozenset(together)


def streamed_modules(name: str, part: torch.nn.Module) -> list[tuple[torch.nn.Module, str]]:
    """The modules of a part whose layers are streamed one after another, and diffusers' level for each."""
    if name == "memory_encoder":  # its methods call these two, not the whole
        return [(part.vision, "block_level"), (part.language, "block_level")]
    return [(part, "leaf_level" if name == "text_encoder" else "block_level")]


class _Bring(ModelHook):
    def __init__(self, residence: Residence, name: str):
        self.residence, self.name = residence, name
        self.execution_device = residence.device

    def pre_forward(self, module, *args, **kwargs):
        self.residence.bring(self.name)
        return send_to_device(args, self.execution_device), send_to_device(kwargs, self.execution_device)


def _stream(module: torch.nn.Module, level: str, device: torch.device) -> None:
    from diffusers.hooks import apply_group_offloading

    apply_group_offloading(
        module,
        onload_device=device,
        offload_device=torch.device("cpu"),
        offload_type=level,
        num_blocks_per_group=1 if level == "block_level" else None,
        use_stream=device.type == "cuda",
    )

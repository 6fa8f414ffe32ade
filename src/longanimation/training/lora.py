"""Low-rank additions (LoRA) to the trained parts, through peft."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from longanimation.errors import InputError

_TARGETS = ["to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2"]
_A, _B, _BASE = ".lora_A.default.weight", ".lora_B.default.weight", ".base_layer"


def add_lora(part: torch.nn.Module, name: str, rank: int) -> None:
    """Freeze a part but for new low-rank additions to its attention and feed-forward layers. The control's output
    projection, small and perhaps still zero, is trained whole. Raises InputError without peft."""
    try:
        from peft import LoraConfig
    except ImportError as error:
        raise InputError("lora_rank needs peft: pip install peft") from error
    if not hasattr(part, "add_adapter") or name not in ("sketch_dit", "transformer"):
        raise InputError(f"lora_rank works for sketch_dit and transformer, not for {name}; set lora_rank 0 or train")
    part.add_adapter(LoraConfig(r=rank, lora_alpha=rank, init_lora_weights=True, target_modules=_TARGETS))
    if hasattr(part, "zero_conv"):
        part.zero_conv.requires_grad_(True)
    for value in part.parameters():
        if value.requires_grad:
            value.data = value.data.float()


def merged(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """State of a part with LoRA to the state of the plain part: W + B A (alpha equals the rank)."""
    plain = {}
    for name, value in state.items():
        if ".lora_" in name:
            continue
        layer = name.rsplit(_BASE, 1)[0]
        if _BASE in name and name.endswith(".weight") and layer + _A in state:
            value = value.float() + state[layer + _B].float() @ state[layer + _A].float()
        plain[name.replace(_BASE, "")] = value
    return plain


def adapter(state: Mapping[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    """The additions alone, named as `part.load_lora_adapter(..., prefix=name)` wants them."""
    return {f"{name}.{key.replace('.default', '')}": value for key, value in state.items() if ".lora_" in key}

"""In which number format the mini encoder runs."""

import torch


def has_fast_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware; elsewhere float32 is used."""
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return bool(torch.backends.mkldnn.is_available() and supported())


def encoder_precision() -> torch.autocast:
    """A context in which the encoder computes in bfloat16 where the CPU is fast at it."""
    return torch.autocast("cpu", torch.bfloat16, enabled=has_fast_bfloat16())


def product_dtype() -> torch.dtype:
    """The format of large products of the soft finish."""
    return torch.bfloat16 if has_fast_bfloat16() else torch.float32

"""One window of the video: from lines, reference and memory to denoised latents."""

from importlib import import_module

_MODULES = {
    "DiffusionWindow": "diffusion_window",
    "Fusion": "fusion",
    "LongAnimationPipeline": "pipeline",
    "SegmentScheduler": "scheduler",
    "SegmentSettings": "segment",
    "WindowSettings": "settings",
    "color_consistency_fusion": "fusion",
}

__all__ = sorted(_MODULES)


def __getattr__(name: str):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__():
    return sorted([*globals(), *_MODULES])

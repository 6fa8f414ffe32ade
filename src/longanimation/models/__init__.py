"""The networks, one file each. Importing one does not import the others."""

from importlib import import_module

_MODULES = {
    "ControlledTransformer3D": "controlled_transformer",
    "CorrespondenceMemory": "correspondence_memory",
    "DynamicGlobalLocalMemory": "dynamic_global_local_memory",
    "FrameStackAutoencoder": "frame_stack_autoencoder",
    "LineNetwork": "line_network",
    "ProjectedMemory": "dynamic_global_local_memory",
    "RegionMatcher": "region_matcher",
    "SketchDiT": "sketch_dit",
    "VideoXLHistory": "video_xl_history",
    "VideoXLMemory": "video_xl_memory",
}

__all__ = sorted(_MODULES)


def __getattr__(name: str):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__():
    return sorted([*globals(), *_MODULES])

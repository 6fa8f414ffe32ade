"""LongAnimation: colour long sequences of line drawings from coloured references."""

from importlib import import_module

__version__ = "0.1.0"

# Found on first use, so that `import longanimation` and the command line's --help need no torch.
_HOMES = {"LongAnimationPipeline": "longanimation.pipeline.pipeline", "colorize": "longanimation.api"}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str):
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Published weights and ours: finding, loading, checking, converting, fetching, and whether they fit."""

from importlib import import_module

_MODULES = {
    "Residence": "placement",
    "check_folder": "check",
    "convert": "conversion",
    "fetch": "fetching",
    "load_parts": "load",
    "open_model_folder": "model_folder",
    "plan_memory": "memory_plan",
    "to_published": "conversion",
}

__all__ = sorted(_MODULES)


def __getattr__(name: str):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__():
    return sorted([*globals(), *_MODULES])

"""`longanimation info`: what is installed here, or what an input is."""

from __future__ import annotations

import json as json_format
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from longanimation import __version__

_LIBRARIES = ("torch", "diffusers", "transformers", "numpy", "opencv-python-headless", "av", "pillow")


def info(
    input: Annotated[Path | None, Argument(help="A folder, video or picture to describe.")] = None,
    json: Annotated[bool, Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Show versions, devices and models; or describe an input."""
    content = describe_installation() if input is None else describe_input(input)
    if json:
        print(json_format.dumps(content, ensure_ascii=False))
    else:
        _print(content)


def describe_installation() -> dict:
    """Versions, device, number formats and presets."""
    import torch

    from longanimation.presets import presets

    cuda = torch.cuda.is_available()
    return {
        "longanimation": __version__,
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "device": torch.cuda.get_device_name() if cuda else f"cpu, {torch.get_num_threads()} threads",
        "bf16": "yes" if _has_bf16(cuda) else "emulated, slow",
        "models": {name: _preset(preset) for name, preset in presets().items()},
    }


def describe_input(path: Path) -> dict:
    """What `colorize` would see. Raises InputError."""
    from longanimation.lines import describe
    from longanimation.media import open_sequence
    from longanimation.shot.drawings import resolve_mode

    sequence = open_sequence(path)
    style = resolve_mode(sequence, "auto")
    return {
        "input": str(path),
        "frames": len(sequence),
        "size": f"{sequence.width}x{sequence.height}",
        "numbers": f"{sequence.numbers[0]} to {sequence.numbers[-1]}",
        "missing": sequence.missing,
        "fps": None if sequence.fps is None else str(sequence.fps),
        "lines": style.mode,
        "notes": [describe(style), *sequence.notes],
    }


def _preset(preset) -> str:
    if not preset.installed:
        return f"{preset.description}; {preset.lacks}; {preset.remedy}"
    if preset.folder is None:
        return f"{preset.description}; made on the fly"
    return f"{preset.description}; {preset.size / 1e6:.1f} MB in {preset.folder}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _has_bf16(cuda: bool) -> bool:
    """True if bf16 arithmetic is in the hardware."""
    import torch

    if cuda:
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capability = getattr(torch.backends.cpu, "get_cpu_capability", lambda: "")()
    has = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return "AVX512" in capability and has()


def _print(content: dict) -> None:
    for name, value in content.items():
        if isinstance(value, dict):
            print(f"{name}:")
            for key, entry in value.items():
                print(f"  {key}: {entry}")
        elif name == "notes":
            print("\n  ".join([f"{name}:", *value]))
        elif isinstance(value, list):
            print(f"{name}: {', '.join(map(str, value)) or 'none'}")
        else:
            print(f"{name}: {'unknown' if value is None else value}")

"""Reads the tensors of a published checkpoint: one file or a folder of shards, safetensors or pickles without code."""

from __future__ import annotations

import json
import pickle
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from longanimation.errors import InputError

STEMS = ("diffusion_pytorch_model", "model", "pytorch_model")
"""File names that hub folders use, without `.safetensors`, `.bin`, or their `.index.json`."""


class TensorFiles:
    """Tensors by name, read one at a time. `shapes` and `dtypes` are known without reading any data (safetensors)."""

    def __init__(self, files: list[Path], listed: dict[str, str] | None = None):
        """`listed`: name -> file name, the weight map of an index; every name must lie in its file, and no others."""
        self.files = files
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.dtypes: dict[str, torch.dtype] = {}
        self._where: dict[str, Path] = {}
        self._open: OrderedDict[Path, object] = OrderedDict()
        for path in files:
            for name, shape, dtype in _describe(path):
                if name in self._where:
                    raise InputError(
                        f"tensor {name} lies in both {self._where[name].name} and {path.name}; keep one file"
                    )
                self.shapes[name], self.dtypes[name], self._where[name] = shape, dtype, path
        if listed is not None:
            wrong = sorted(
                name
                for name in listed.keys() | self._where.keys()
                if name not in listed or name not in self._where or self._where[name].name != listed[name]
            )
            if wrong:
                folder = files[0].parent
                raise InputError(
                    f"index and shards in {folder} disagree about {some(wrong)}; download the folder again"
                )

    def __contains__(self, name: str) -> bool:
        return name in self._where

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __getitem__(self, name: str) -> torch.Tensor:
        path = self._where[name]
        if path.suffix == ".safetensors":
            if path not in self._open:
                while len(self._open) > 3:  # an open shard is a mapped file
                    self._open.popitem(last=False)
                self._open[path] = safe_open(path, framework="pt")
            return self._open[path].get_tensor(name)
        return _load_pickle(path)[name]

    @property
    def bytes(self) -> int:
        """Size of all tensors as stored."""
        return sum(_count(shape) * self.dtypes[name].itemsize for name, shape in self.shapes.items())


def open_tensors(path: str | Path) -> TensorFiles:
    """Open a weight file, or the weights of a folder (shards with an index, or a single file).

    Raises InputError when nothing is there, a listed shard is missing, or a file cannot be read.
    """
    path = Path(path)
    if path.is_file():
        return TensorFiles([path])
    if not path.is_dir():
        raise InputError(f"no weights at {path}: there is no such file or folder")
    for suffix in (".safetensors", ".bin"):
        for stem in STEMS:
            index = path / f"{stem}{suffix}.index.json"
            if index.is_file():
                listed = read_json(index).get("weight_map")
                if not isinstance(listed, dict) or not listed:
                    raise InputError(f"{index} has no weight_map; download the folder again")
                names = sorted(set(listed.values()))
                missing = [name for name in names if not (path / name).is_file()]
                if missing:
                    raise InputError(f"{path} lacks {some(missing)} listed in {index.name}; download the folder again")
                return TensorFiles([path / name for name in names], listed)
            if (path / f"{stem}{suffix}").is_file():
                return TensorFiles([path / f"{stem}{suffix}"])
    raise InputError(f"no weights in {path}: expected model.safetensors, or shards with model.safetensors.index.json")


def read_json(path: str | Path) -> dict:
    """Read a JSON object. Raises InputError when the file is missing or is not one."""
    path = Path(path)
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} is missing; download the folder again") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not readable JSON ({error}); download it again") from None
    if not isinstance(value, dict):
        raise InputError(f"{path} does not hold a JSON object; download it again")
    return value


def some(names: list[str], limit: int = 6) -> str:
    """The first names of a list, and how many more there are."""
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")


def _describe(path: Path) -> Iterator[tuple[str, tuple[int, ...], torch.dtype]]:
    if path.suffix != ".safetensors":
        for name, tensor in _load_pickle(path).items():
            yield name, tuple(tensor.shape), tensor.dtype
        return
    try:
        with safe_open(path, framework="pt") as file:
            for name in file.keys():
                part = file.get_slice(name)
                yield name, tuple(part.get_shape()), _DTYPES.get(part.get_dtype(), torch.float32)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is not a whole safetensors file ({error}); download it again") from None


def _load_pickle(path: Path) -> dict[str, torch.Tensor]:
    """A flat table of tensors from a `torch.save` file; never runs code that the file may hold."""
    try:
        value = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError:  # files written before torch 1.6 cannot be mapped
        value = _load_unmapped(path)
    except (pickle.UnpicklingError, EOFError, OSError, ValueError) as error:
        raise _not_tensors(path, error) from None
    if isinstance(value, dict) and isinstance(value.get("state_dict"), dict):
        value = value["state_dict"]
    if not isinstance(value, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in value.values()):
        raise InputError(f"{path} does not hold a plain table of tensors")
    return value


def _load_unmapped(path: Path):
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, OSError, ValueError, RuntimeError) as error:
        raise _not_tensors(path, error) from None


def _not_tensors(path: Path, error: Exception) -> InputError:
    reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
    return InputError(f"{path} holds something other than tensors and is not loaded ({reason})")


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for side in shape:
        count *= side
    return count


_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}

"""What is on disk between two windows: which segment comes next, and the model's state before it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from longanimation.errors import InputError
from longanimation.media.atomic import write_bytes, write_json

if TYPE_CHECKING:
    import torch

_CHECKPOINT = "checkpoint.json"
_PARTIAL = "window.safetensors"


@dataclass
class Progress:
    """next_segment: number of finished segments. frames: number of finished frames. seen: content of coloured drawings
    -> frame (`DrawingsSeen.to_json`)."""

    next_segment: int = 0
    frames: int = 0
    seen: dict[str, int] = field(default_factory=dict)


class CheckpointFolder:
    """Checkpoints in a shot's work folder. A new one replaces the old one at a single rename."""

    def __init__(self, folder: Path):
        self.folder = folder

    def save(self, progress: Progress, tensors: dict[str, torch.Tensor]) -> None:
        """The frames counted in `progress` must be on disk already."""
        state = f"state_{progress.next_segment:06d}.safetensors"
        write_bytes(self.folder / state, _to_bytes(tensors))
        write_json(self.folder / _CHECKPOINT, {**asdict(progress), "state": state})
        for path in self.folder.glob("state_*.safetensors"):
            if path.name != state:
                path.unlink()
        (self.folder / _PARTIAL).unlink(missing_ok=True)

    def load(self) -> tuple[Progress, dict[str, torch.Tensor]] | None:
        """The newest checkpoint, None if there is none. Raises InputError if it is damaged."""
        path = self.folder / _CHECKPOINT
        if not path.exists():
            return None
        try:
            content = json.loads(path.read_text())
            tensors = _from_bytes((self.folder / content.pop("state")).read_bytes())
            return Progress(**content), tensors
        except (OSError, ValueError, TypeError, KeyError, ImportError) as error:
            raise _damaged(path, error) from error

    def save_partial(self, segment: int, tensors: dict[str, torch.Tensor]) -> None:
        write_bytes(self.folder / _PARTIAL, _to_bytes(tensors, {"segment": str(segment)}))

    def load_partial(self, segment: int) -> dict[str, torch.Tensor] | None:
        """What `save_partial` kept for this segment; what belongs to another one is of no use."""
        from safetensors import safe_open

        path = self.folder / _PARTIAL
        if not path.exists():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                if file.metadata()["segment"] != str(segment):
                    return None
                return {name: file.get_tensor(name) for name in file.keys()}
        except Exception as error:
            raise _damaged(path, error) from error

    def clear(self) -> None:
        """Remove all checkpoints."""
        for path in [self.folder / _CHECKPOINT, self.folder / _PARTIAL, *self.folder.glob("state_*.safetensors")]:
            path.unlink(missing_ok=True)


def _damaged(path: Path, error: Exception) -> InputError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return InputError(f"the checkpoint {path} is damaged ({reason}); start again with --overwrite")


def _to_bytes(tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None) -> bytes:
    from safetensors.torch import save

    # Own storage for each: safetensors refuses views that share memory.
    return save({name: tensors[name].detach().cpu().contiguous().clone() for name in sorted(tensors)}, metadata)


def _from_bytes(data: bytes) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(data)
    except SafetensorError as error:
        raise ValueError(str(error)) from error

"""Drafts of training clips: what the correspondence memory copies, made as in inference and kept in a folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch

from longanimation.errors import InputError
from longanimation.lines.drawing import LineDrawing
from longanimation.media.atomic import atomic_path
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.pipeline.correspondence import CorrespondenceSettings, CorrespondenceWindow
from longanimation.shot.window import Reference


class Drafts:
    """Draft of a clip; made when it is first asked for, kept if there is a cache folder.

    memory: of `memory_folder`. Opened when first needed, so that data loader workers can take this along.
    """

    def __init__(self, memory: str | Path, cache: str | Path | None, side: int):
        self.memory, self.side = memory_folder(memory), side
        files = sorted(self.memory.glob("*.safetensors"))
        digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
        self.cache = None if cache is None else Path(cache) / f"drafts-{digest}-{side}"
        self._window: CorrespondenceWindow | None = None

    def get(self, lines: np.ndarray, reference: Reference) -> tuple[np.ndarray, np.ndarray]:
        """lines: uint8 [F, H, W] -> colours uint8 [F, H, W, 3], how sure they are uint8 [F, H, W]."""
        path = self.cache and self.cache / f"{_digest(lines, reference)}.npz"
        if path and path.exists():
            with np.load(path) as data:
                return data["colours"], data["sure"]
        colours, sure = self._draft(lines, reference)
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(path) as temporary, open(temporary, "wb") as file:
                np.savez_compressed(file, colours=colours, sure=sure)
        return colours, sure

    def _draft(self, lines: np.ndarray, reference: Reference) -> tuple[np.ndarray, np.ndarray]:
        if self._window is None:
            memory = CorrespondenceMemory.from_pretrained(self.memory, local_files_only=True)
            self._window = CorrespondenceWindow(memory, CorrespondenceSettings(finish="none", soft_side=self.side))
        with torch.inference_mode():
            state = self._window.begin([reference], size=lines.shape[1:])
            found = self._window.draft([plain_drawing(drawing) for drawing in lines], state)
        return np.stack([colours for colours, _ in found]), np.stack([sure for _, sure in found])


def memory_folder(drafts: str | Path) -> Path:
    """The correspondence memory of the setting `drafts`: a folder, or "mini" for the one in the package."""
    from longanimation.presets import correspondence_folder

    folder = correspondence_folder() if drafts == "mini" else Path(drafts)
    if not (folder / "config.json").is_file():
        raise InputError(f"{drafts} holds no correspondence memory; give a folder of one, or mini (drafts)")
    return folder


def _digest(lines: np.ndarray, reference: Reference) -> str:
    """All that a draft depends on besides the memory."""
    digest = hashlib.sha256(str(reference.frame).encode())
    for picture in (lines, reference.image, reference.drawing.lines):
        digest.update(f"{picture.shape}".encode() + np.ascontiguousarray(picture).tobytes())
    return digest.hexdigest()[:32]


def plain_drawing(lines: np.ndarray) -> LineDrawing:
    """A drawing of which only the normalised lines are known, uint8 [H, W]."""
    return LineDrawing(lines, np.zeros(lines.shape, bool), np.zeros((*lines.shape, 4), np.uint8))

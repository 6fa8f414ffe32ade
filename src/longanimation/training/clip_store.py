"""Drawn clips kept on disk, so that geometry is drawn once and restyled at every use."""

from pathlib import Path

import numpy as np

from longanimation.data.synth import Clip, render_clip
from longanimation.media.atomic import atomic_path

# Training never sees a seed from this one on, whatever the number of clips.
FIRST_TEST_SEED = 1_000_000_000


class ClipStore:
    """Clip `index` of a split, drawn on first use.

    folder: where clips are kept (None: nowhere). size: (height, width) they are drawn at.
    """

    def __init__(self, folder: str | Path | None, split: str, size: tuple[int, int], frames: int = 5):
        self.folder = None if folder is None else Path(folder) / f"{split}-{size[0]}x{size[1]}x{frames}"
        self.split, self.size, self.frames = split, tuple(size), frames

    def get(self, index: int) -> Clip:
        path = self.folder and self.folder / f"{index:06d}.npz"
        if path and path.exists():
            with np.load(path) as data:
                arrays = {name: data[name] for name in data.files}
            return Clip(**arrays | {"reference_count": int(arrays["reference_count"])})
        seed = index + (FIRST_TEST_SEED if self.split == "test" else 0)
        clip = render_clip(seed, frames=self.frames, size=self.size, split=self.split)
        if path:
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_path(path) as temporary, open(temporary, "wb") as file:
                np.savez_compressed(file, **vars(clip))
        return clip

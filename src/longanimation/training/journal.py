"""What a training run of one process leaves behind besides weights, and when it saves or stops."""

import json
import time
from pathlib import Path

import numpy as np
from PIL import Image

from longanimation.media.atomic import atomic_path


def write_json(path: Path, data: dict) -> None:
    with atomic_path(path) as temporary:
        Path(temporary).write_text(json.dumps(data, indent=2) + "\n")


class Journal:
    """One JSON line a record, sample pictures, and both in TensorBoard where it is installed."""

    def __init__(self, output: Path):
        self.path = output / "log.jsonl"
        try:
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(output / "tensorboard")
        except ImportError:
            self.board = None

    def write(self, step: int, metrics: dict) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"step": step, **metrics}) + "\n")
        if self.board:
            for name, value in metrics.items():
                self.board.add_scalar(name, value, step)

    def write_picture(self, step: int, picture: np.ndarray) -> None:
        """picture: uint8 [H, W, 3] -> `samples/STEP.png`, and TensorBoard."""
        folder = self.path.parent / "samples"
        folder.mkdir(exist_ok=True)
        with atomic_path(folder / f"{step:06d}.png") as path:
            Image.fromarray(picture).save(path, format="png")
        if self.board:
            self.board.add_image("samples", picture, step, dataformats="HWC")


class RunClock:
    """seconds: of the run so far, those of earlier starts included. limit: seconds from now, or None. save_every:
    seconds between checkpoints."""

    def __init__(self, seconds: float, *, limit: float | None, save_every: float):
        self._before, self._limit, self._save_every = seconds, limit, save_every
        self._started = self._saved = time.monotonic()

    @property
    def seconds(self) -> float:
        return self._before + time.monotonic() - self._started

    @property
    def over(self) -> bool:
        return self._limit is not None and time.monotonic() - self._started > self._limit

    def save_due(self) -> bool:
        """Whether it is time for a checkpoint; if so, the next one is counted from now."""
        due = time.monotonic() - self._saved > self._save_every
        if due:
            self._saved = time.monotonic()
        return due

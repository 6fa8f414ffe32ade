"""Finished frames as PNG files, written one thread behind the model."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from longanimation.media import FrameSequence, PngFolderWriter
from longanimation.media.atomic import write_bytes

BEHIND = 4  # frames that may wait to be written


class FrameStore:
    """PNG files in one folder, named like the input's frames, each whole or absent.

    `write` and `repeat` return before the file exists; an error of writing comes with a later call. `read` and `flush`
    wait. Close the store to stop its thread.
    """

    def __init__(self, folder: Path, sequence: FrameSequence):
        self._files = PngFolderWriter(folder, sequence)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="write-frames")
        self._pending: deque[Future] = deque()

    def write(self, index: int, frame: np.ndarray) -> None:
        """frame: uint8 [H, W, 3]; it must not change afterwards."""
        self._submit(self._files.write, index, frame)

    def repeat(self, index: int, earlier: int) -> None:
        """Write frame `index` as a copy of a frame written before."""
        self._submit(self._copy, index, earlier)

    def read(self, index: int) -> np.ndarray:
        """A frame written before, uint8 [H, W, 3]."""
        self.flush()
        return self._files.read(index)

    def has(self, index: int) -> bool:
        self.flush()
        return self._files.has(index)

    def remove(self, index: int) -> None:
        self.flush()
        self._files.file(index).unlink(missing_ok=True)

    def flush(self) -> None:
        """Return when all frames given so far are on disk."""
        while self._pending:
            self._pending.popleft().result()

    def close(self) -> None:
        """Stop the thread; frames that have not begun to be written are dropped."""
        self._writer.shutdown(cancel_futures=True)

    def _copy(self, index: int, earlier: int) -> None:
        write_bytes(self._files.file(index), self._files.file(earlier).read_bytes())

    def _submit(self, task, *arguments) -> None:
        self._pending.append(self._writer.submit(task, *arguments))
        while len(self._pending) > BEHIND:
            self._pending.popleft().result()

"""Soft colouring of one drawing: small patches of colour copied from the memory, for shaded and painted pictures."""

import cv2
import numpy as np
import torch

from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.models.memory_bank import MemoryBank
from longanimation.pipeline.framing import Framing
from longanimation.pipeline.precision import encoder_precision


class SoftPainter:
    """Each cell of a drawing takes a `cell` x `cell` patch of RGB, averaged by attention over the cells remembered."""

    def __init__(self, memory: CorrespondenceMemory):
        self.memory = memory
        self.cell = memory.config.cell

    def remember_reference(
        self, bank: MemoryBank, image: np.ndarray, lines: np.ndarray, framing: Framing, placed: bool
    ):
        """image: uint8 [H, W, 3]; lines: uint8 [H, W] of the same size."""
        y0, x0, y1, x1 = framing.box
        shrinks = framing.scale < 1
        small = cv2.resize(
            image[y0:y1, x0:x1],
            (framing.width, framing.height),
            interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
        )
        bank.add(self._keys(lines, framing), self._patches(small), permanent=True, placed=placed)

    def color(self, bank: MemoryBank, lines: np.ndarray, framing: Framing) -> np.ndarray:
        """lines: uint8 [H, W] -> colours without the line, uint8 [H, W, 3]; the bank learns from them.

        Outside the framing's box, where nothing is drawn, the nearest colours inside it go on.
        """
        keys = self._keys(lines, framing)
        values, _ = self.memory.read(keys, bank)
        bank.add(keys, values)
        small = self._picture(values, framing)
        y0, x0, y1, x1 = framing.box
        height, width = lines.shape
        large = cv2.resize(small, (x1 - x0, y1 - y0), interpolation=cv2.INTER_CUBIC)
        large = np.clip(large * 255 + 0.5, 0, 255).astype(np.uint8)
        return cv2.copyMakeBorder(large, y0, height - y1, x0, width - x1, cv2.BORDER_REPLICATE)

    def _keys(self, lines: np.ndarray, framing: Framing) -> torch.Tensor:
        look = torch.from_numpy(framing.look(lines)).float()[None, None] / 255
        with torch.inference_mode(), encoder_precision():
            return self.memory.keys(look)[0].float()

    def _patches(self, picture: np.ndarray) -> torch.Tensor:
        """uint8 [h, w, 3] -> float32 [cells, cell * cell * 3] in [0, 1]; edges repeated to whole cells."""
        height, width = picture.shape[:2]
        rows, columns = self.memory.grid(height, width)
        padded = np.pad(
            picture, ((0, rows * self.cell - height), (0, columns * self.cell - width), (0, 0)), mode="edge"
        )
        patches = padded.reshape(rows, self.cell, columns, self.cell, 3).transpose(0, 2, 1, 3, 4)
        return torch.from_numpy(patches.reshape(rows * columns, -1).astype(np.float32) / 255)

    def _picture(self, patches: torch.Tensor, framing: Framing) -> np.ndarray:
        rows, columns = self.memory.grid(framing.height, framing.width)
        picture = patches.numpy().reshape(rows, columns, self.cell, self.cell, 3).transpose(0, 2, 1, 3, 4)
        return picture.reshape(rows * self.cell, columns * self.cell, 3)[: framing.height, : framing.width]

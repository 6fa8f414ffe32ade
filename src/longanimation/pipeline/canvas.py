"""Between the shot's pictures and the size that the model works at."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from longanimation.pipeline.pictures import stretch

MULTIPLE = 16  # 8 pixels per latent, 2 latents per patch


@dataclass(frozen=True)
class Canvas:
    """A shot of `shot` = (height, width) pixels scaled to `content` and padded right and below to `size`."""

    shot: tuple[int, int]
    content: tuple[int, int]
    size: tuple[int, int]

    @classmethod
    def fit(cls, shot: tuple[int, int], max_pixels: int, size: tuple[int, int] | None = None) -> Canvas:
        """The canvas for a shot: no larger than `max_pixels` (padding aside), never enlarged.

        With `size` = (height, width): exactly that size, rounded up to multiples of 16; drawings are scaled, up too,
        to fit into it.
        """
        if size is None:
            scale = min(1.0, (max_pixels / (shot[0] * shot[1])) ** 0.5)
        else:
            scale = min(side / old for side, old in zip(size, shot, strict=True))
        content = tuple(max(1, round(side * scale)) for side in shot)
        padded = tuple(-(-side // MULTIPLE) * MULTIPLE for side in size or content)
        return cls(tuple(shot), content, padded)

    def lines(self, lines: list[np.ndarray]) -> np.ndarray:
        """Drawings of the shot's size, uint8 [H, W] with 255 = paper, to uint8 [F, height, width]."""
        return np.stack([self._padded(_scaled(drawing, self.content), 255) for drawing in lines])

    def whole_lines(self, lines: np.ndarray) -> np.ndarray:
        """A drawing of any size, its shape kept, centred on paper: uint8 [height, width]."""
        return self._padded(_inside(lines, self.content, 255), 255)

    def picture(self, image: np.ndarray, fit: str = "whole") -> torch.Tensor:
        """A picture uint8 [H, W, 3] of any size: float32 [1, 3, height, width] in [-1, 1].

        fit: "whole" keeps its shape (white around it), "stretch" fills the canvas as the published inference does.
        """
        if fit == "stretch":
            return stretch(image, *self.size)
        return stretch(self._padded(_inside(image, self.content, 255), None), *self.size)

    def colours(self, pictures: list[np.ndarray]) -> np.ndarray:
        """Pictures of the shot's size, uint8 [H, W, 3] or [H, W], to uint8 [F, height, width(, 3)]."""
        return np.stack([self._padded(_scaled(picture, self.content), None) for picture in pictures])

    def restore(self, frame: np.ndarray) -> np.ndarray:
        """A coloured frame uint8 [height, width, 3] at the shot's size: uint8 [H, W, 3]."""
        frame = frame[: self.content[0], : self.content[1]]
        if frame.shape[:2] == self.shot:
            return np.ascontiguousarray(frame)
        shrinks = self.shot[0] < self.content[0]
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        return cv2.resize(np.ascontiguousarray(frame), self.shot[::-1], interpolation=interpolation)

    def _padded(self, picture: np.ndarray, fill: int | None) -> np.ndarray:
        below, right = self.size[0] - picture.shape[0], self.size[1] - picture.shape[1]
        if not below and not right:
            return picture
        if fill is None:
            return cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_REPLICATE)
        return cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_CONSTANT, value=[fill] * 3)


def _scaled(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if picture.shape[:2] == size:
        return picture
    shrinks = picture.shape[0] > size[0] or picture.shape[1] > size[1]
    return cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _inside(picture: np.ndarray, size: tuple[int, int], fill: int) -> np.ndarray:
    """Scale a picture to fit into `size` with its shape kept, and centre it."""
    scale = min(size[0] / picture.shape[0], size[1] / picture.shape[1])
    inner = tuple(min(side, max(1, round(old * scale))) for side, old in zip(size, picture.shape[:2], strict=True))
    scaled = _scaled(picture, inner)
    top, left = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    rest = size[0] - inner[0] - top, size[1] - inner[1] - left
    return cv2.copyMakeBorder(scaled, top, rest[0], left, rest[1], cv2.BORDER_CONSTANT, value=[fill] * 3)

"""Soft colouring of one drawing: small patches of colour copied from the memory, for shaded and painted pictures."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from longanimation.cel import Palette, sample_points, segment, vote
from longanimation.lines.paper import blank_paper
from longanimation.models.correspondence_memory import CorrespondenceMemory, LineFeatures
from longanimation.models.memory_bank import MemoryBank
from longanimation.pipeline.framing import Framing
from longanimation.pipeline.precision import encoder_precision, product_dtype

QUERY_POINTS = 12
"""Most points per closed region that ask for the region's colour."""

LEAST_SURE = 0.12
"""How sure a copied colour is at least; less than this is ground of which nothing is known."""

_BEHIND = 0.95
"""How sure a background picture is where the ground shows."""

GROUND_SHARE = 0.7
"""Share of a region's votes from which it is taken for ground (0.5 was 0.5 dB worse on characters with sheets only,
soft shares 1.9 dB)."""

DOUBT = 0.02
"""Least share of any label in a region: how far a cell may go against the vote of its region."""


class SoftPainter:
    """Each cell of a drawing takes a `cell` x `cell` patch of RGB, averaged by attention over the cells remembered.

    Two readings: a few points of every closed region first say which palette colours the region has, then every cell
    copies patches, those of its region's colours before others, so that colours do not bleed over lines. The blank
    paper of a character sheet counts as one more colour, the ground: what is like it lies behind the characters, and
    shows the background picture if there is one.

    background: uint8 [H, W, 3] of the drawings' size.
    """

    def __init__(self, memory: CorrespondenceMemory, palette: Palette, background: np.ndarray | None = None):
        self.memory, self.palette, self.background = memory, palette, background
        self.cell = memory.config.cell
        self._patch = self.cell**2 * 3

    def remember_reference(
        self,
        bank: MemoryBank,
        image: np.ndarray,
        lines: np.ndarray,
        framing: Framing,
        placed: bool,
        with_ground: bool = True,
    ) -> None:
        """image: uint8 [H, W, 3]; lines: uint8 [H, W] of the same size; placed: it stands where the shot stands;
        with_ground: blank paper is remembered (no use where another picture shows what lies behind)."""
        y0, x0, y1, x1 = framing.box
        size = (framing.width, framing.height)
        small = cv2.resize(image[y0:y1, x0:x1], size, interpolation=_interpolation(framing))
        centres = self._centres(framing)
        y, x = centres[:, 0], centres[:, 1]
        ground = np.zeros(len(y), bool) if placed else blank_paper(small)[y, x]
        labels = np.where(ground, self._ground, self.palette.labels(small)[y, x].astype(np.int64))
        patches = self._patches(small) * torch.from_numpy(~ground)[:, None]
        values = torch.cat([patches, F.one_hot(torch.from_numpy(labels), self._ground + 1).float()], dim=1)
        kept = torch.from_numpy(~ground | with_ground)
        bank.add(self._keys(framing.look(lines))[kept], values[kept], permanent=True, placed=placed)

    def color(self, bank: MemoryBank, lines: np.ndarray, framing: Framing) -> tuple[np.ndarray, np.ndarray]:
        """lines: uint8 [H, W] -> colours without the line, uint8 [H, W, 3], and how sure they are, uint8 [H, W] (255:
        the memory shows this very thing; below `LEAST_SURE`: ground without a background picture).

        Outside the framing's box, where nothing is drawn, what is found inside it goes on.
        """
        look = framing.look(lines)
        with torch.inference_mode(), encoder_precision():
            features = self.memory.encode(_as_input(look))
            keys = self.memory.cell_keys(features)[0].float()
        _, values, _ = bank.rows()
        prior = (self._expected(look, features, bank, framing), values[:, self._patch :])
        copied, confidence, _ = self.memory.look_up(keys, bank, prior=prior, dtype=product_dtype())
        small = self._picture(copied[:, : self._patch], framing)
        painted = 1 - copied[:, -1].float()
        sure = (LEAST_SURE + (1 - LEAST_SURE) * confidence.float()) * painted
        if self.background is not None:
            sure = sure + _BEHIND * (1 - painted)
        painted, sure = (self._map(share, framing) for share in (painted, sure))
        colours, painted = _on_the_page(small, framing, lines.shape), _on_the_page(painted, framing, lines.shape)
        behind = np.float32(1) if self.background is None else self.background.astype(np.float32) / 255
        colours = colours + (1 - painted[..., None]) * behind
        return _levels(colours), _levels(_on_the_page(sure, framing, lines.shape))

    def _expected(self, look: np.ndarray, features: LineFeatures, bank: MemoryBank, framing: Framing) -> torch.Tensor:
        """log of the share of each palette colour in the region of each cell, float32 [cells, K]."""
        regions = segment(look)
        points, _ = sample_points(regions, QUERY_POINTS)
        with torch.inference_mode(), encoder_precision():
            places = torch.from_numpy(((points + 0.5) / look.shape).astype(np.float32))
            keys = self.memory.keys_at(features, places[None])[0]
        values, confidence, _ = self.memory.look_up(keys, bank)
        votes = vote(regions, points, values[:, self._patch :].numpy(), confidence.numpy())
        votes[votes[:, -1] < GROUND_SHARE * votes.sum(1), -1] = 0
        shares = votes / np.maximum(votes.sum(1, keepdims=True), 1e-6)
        centres = self._centres(framing)
        return torch.from_numpy(np.log(shares + DOUBT)[regions.ids[centres[:, 0], centres[:, 1]]]).float()

    @property
    def _ground(self) -> int:
        """The label of blank paper, after those of the palette."""
        return len(self.palette.colors)

    def _keys(self, look: np.ndarray) -> torch.Tensor:
        with torch.inference_mode(), encoder_precision():
            return self.memory.keys(_as_input(look))[0].float()

    def _centres(self, framing: Framing) -> np.ndarray:
        """Pixels in the middle of the cells, int [cells, 2] as (y, x)."""
        rows, columns = self.memory.grid(framing.height, framing.width)
        y = np.minimum(np.arange(rows) * self.cell + self.cell // 2, framing.height - 1)
        x = np.minimum(np.arange(columns) * self.cell + self.cell // 2, framing.width - 1)
        return np.stack(np.meshgrid(y, x, indexing="ij"), -1).reshape(-1, 2)

    def _patches(self, picture: np.ndarray) -> torch.Tensor:
        """uint8 [h, w, 3] -> float32 [cells, cell * cell * 3] in [0, 1]; edges repeated to whole cells."""
        height, width = picture.shape[:2]
        rows, columns = self.memory.grid(height, width)
        padded = np.pad(
            picture, ((0, rows * self.cell - height), (0, columns * self.cell - width), (0, 0)), mode="edge"
        )
        patches = padded.reshape(rows, self.cell, columns, self.cell, 3).transpose(0, 2, 1, 3, 4)
        return torch.from_numpy(patches.reshape(rows * columns, -1).astype(np.float32) / 255)

    def _map(self, shares: torch.Tensor, framing: Framing) -> np.ndarray:
        """float32 [cells] -> float32 [h, w]."""
        cells = shares.numpy().reshape(self.memory.grid(framing.height, framing.width))
        return np.repeat(np.repeat(cells, self.cell, 0), self.cell, 1)[: framing.height, : framing.width]

    def _picture(self, patches: torch.Tensor, framing: Framing) -> np.ndarray:
        """The inverse of `_patches`, float32 [h, w, 3] in [0, 1]."""
        rows, columns = self.memory.grid(framing.height, framing.width)
        picture = patches.numpy().reshape(rows, columns, self.cell, self.cell, 3).transpose(0, 2, 1, 3, 4)
        return picture.reshape(rows * self.cell, columns * self.cell, 3)[: framing.height, : framing.width]


def _on_the_page(small: np.ndarray, framing: Framing, shape: tuple[int, int]) -> np.ndarray:
    """float [h, w(, 3)] in [0, 1] of the framing's box -> the same of the whole drawing."""
    y0, x0, y1, x1 = framing.box
    large = np.clip(cv2.resize(small, (x1 - x0, y1 - y0), interpolation=cv2.INTER_CUBIC), 0, 1)
    return cv2.copyMakeBorder(large, y0, shape[0] - y1, x0, shape[1] - x1, cv2.BORDER_REPLICATE)


def unknown_share(sure: np.ndarray) -> np.ndarray:
    """How much of each place is ground of which nothing is known: sure, uint8 [H, W] -> float32 [H, W] in [0, 1].

    1 up to half of `LEAST_SURE`, so that the noise of blank paper does not show.
    """
    return np.clip(2 - 2 * sure.astype(np.float32) / (255 * LEAST_SURE), 0, 1)


def _levels(shares: np.ndarray) -> np.ndarray:
    return np.clip(shares * 255 + 0.5, 0, 255).astype(np.uint8)


def _as_input(look: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(look).float()[None, None] / 255


def _interpolation(framing: Framing) -> int:
    return cv2.INTER_AREA if framing.scale < 1 else cv2.INTER_LINEAR

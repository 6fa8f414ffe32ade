"""Cel colouring of one drawing: labels copied from the memory, summed over closed regions, painted flat."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from longanimation.cel import (
    Palette,
    RegionTracker,
    composite,
    decide,
    paint,
    paint_key_frame,
    sample_points,
    segment,
    vote,
)
from longanimation.lines.drawing import LineDrawing
from longanimation.lines.erase import erase_lines
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.models.memory_bank import SHEET, MemoryBank
from longanimation.pipeline.framing import Framing
from longanimation.pipeline.precision import encoder_precision

EPSILON = 1e-3
"""Least share of a colour when shares are multiplied."""

CERTAIN = 100.0
"""How much more a point of a painted key frame counts than a point that was looked up."""


@dataclass(frozen=True)
class CelSettings:
    """Most points per closed region that ask (query), are remembered of a coloured frame (history), and are remembered
    of a reference. reference_share: weight of the references alone, against everything remembered, where they know the
    thing. balance: 0 counts every remembered point, 1 counts every colour alike, however many points it has;
    sheet_balance takes its place where a reference is a character sheet: no position helps to tell its parts apart."""

    query_points: int = 12
    history_points: int = 8
    reference_points: int = 32
    reference_share: float = 0.5
    balance: float = 0.5
    sheet_balance: float = 0.8


class CelPainter:
    """Turns drawings into flat-coloured frames, one after the other."""

    def __init__(self, memory: CorrespondenceMemory, palette: Palette, settings: CelSettings):
        self.memory, self.palette, self.settings = memory, palette, settings

    def remember_reference(
        self, bank: MemoryBank, image: np.ndarray, lines: np.ndarray, framing: Framing, placed: bool
    ) -> None:
        """image: uint8 [H, W, 3]; lines: uint8 [H, W] of the same size; placed: it stands where the shot stands."""
        points, _ = sample_points(segment(lines), self.settings.reference_points)
        labels = self.palette.labels(image)[points[:, 0], points[:, 1]]
        bank.add(self._keys(lines, points, framing), self._facts(labels), permanent=True, placed=placed)

    def color(
        self,
        bank: MemoryBank,
        tracker: RegionTracker,
        drawings: list[LineDrawing],
        framing: Framing,
        painted: list[np.ndarray | None],
    ) -> list[np.ndarray]:
        """The coloured frames of drawings that follow each other, uint8 [H, W, 3]; bank and tracker learn from them.

        painted: for each drawing, uint8 [H, W, 3], this very frame as the artist painted it, if it is a key frame: then
        its regions keep their colours and nothing is guessed.
        """
        return [
            self._color(bank, tracker, drawing, framing, picture)
            for drawing, picture in zip(drawings, painted, strict=True)
        ]

    def _color(self, bank, tracker, drawing: LineDrawing, framing: Framing, painted: np.ndarray | None) -> np.ndarray:
        regions = segment(drawing.lines)
        points, owner = sample_points(regions, self.settings.query_points)
        keys = self._keys(drawing.lines, points, framing)
        if painted is None:
            copied, confidence = self._look_up(keys, bank)
            votes = vote(regions, points, copied.numpy(), confidence.numpy())
        else:
            facts = self._facts(self.palette.labels(painted)[points[:, 0], points[:, 1]])
            votes = CERTAIN * vote(regions, points, facts.numpy())
        decision = decide(votes, regions, prior=tracker.prior(regions))
        tracker.update(regions, votes)
        self._remember(bank, keys, owner, votes)
        if painted is None:
            colors = paint(regions, decision.labels, self.palette)
        else:
            colors = paint_key_frame(regions, erase_lines(painted, drawing.lines), self.palette)
        return composite(colors, drawing.ink)

    def _look_up(self, keys: torch.Tensor, bank: MemoryBank) -> tuple[torch.Tensor, torch.Tensor]:
        """Labels [P, K] and confidence [P]: what everything remembered says, held against what the references say.

        History repeats what was guessed before. Where the references know the thing they keep the last word, so that a
        mistake does not feed itself; where they do not, history decides alone.
        """
        everything, confidence = self._balanced(keys, bank, history=True)
        known, sure = self._balanced(keys, bank, history=False)
        share = self.settings.reference_share * sure[:, None]
        pooled = share * (known + EPSILON).log() + (1 - share) * (everything + EPSILON).log()
        return pooled.softmax(dim=1), confidence

    def _balanced(self, keys: torch.Tensor, bank: MemoryBank, *, history: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Labels and confidence, where a colour does not win by its number of rows: a head, two arms and two feet of
        skin against one pair of trousers."""
        _, values, kinds = bank.rows(history=history)
        has_sheet = bool((kinds == SHEET).any())
        balance = self.settings.sheet_balance if has_sheet else self.settings.balance
        rows_alike = (values @ values.sum(dim=0)).clamp(min=1)
        penalty = -(balance * rows_alike.log())[:, None]
        labels, confidence, _ = self.memory.look_up(
            keys, bank, history=history, prior=(torch.ones(len(keys), 1), penalty)
        )
        return labels, confidence

    def _remember(self, bank: MemoryBank, keys: torch.Tensor, owner: np.ndarray, votes: np.ndarray) -> None:
        """History holds the shares of all colours, not the winner: doubt stays doubt and the next frame may decide
        otherwise."""
        first = np.r_[True, owner[1:] != owner[:-1]]
        rank = np.arange(len(owner)) - np.maximum.accumulate(np.where(first, np.arange(len(owner)), 0))
        kept = rank < self.settings.history_points
        shares = votes / np.maximum(votes.sum(1, keepdims=True), 1e-6)
        bank.add(keys[torch.from_numpy(kept)], torch.from_numpy(shares[owner[kept]]).float())

    def _keys(self, lines: np.ndarray, points: np.ndarray, framing: Framing) -> torch.Tensor:
        look = torch.from_numpy(framing.look(lines)).float()[None, None] / 255
        with torch.inference_mode(), encoder_precision():
            features = self.memory.encode(look)
            return self.memory.keys_at(features, torch.from_numpy(framing.places(points))[None])[0]

    def _facts(self, labels: np.ndarray) -> torch.Tensor:
        return F.one_hot(torch.from_numpy(labels.astype(np.int64)), len(self.palette.colors)).float()

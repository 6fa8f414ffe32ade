"""Closed regions remembered, and what they say about the regions of a new drawing."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.models.memory_bank import GLOBAL, KEY_FRAME, LOCAL, SHEET
from longanimation.models.region_matcher import RegionBatch, RegionMatcher, RegionTokens, label_codes
from longanimation.pipeline.region_sources import agree, same_character
from longanimation.pipeline.region_timeline import RegionTimeline
from longanimation.pipeline.region_tones import agree_on_tones, are_tones, touching_labels
from longanimation.pipeline.region_view import RegionView, match_regions


@dataclass
class Remembered:
    """Regions of one picture, or a selection of several. labels: float32 [N, K] and sources: float32 [N, <= S], shares
    (source 0: no sheet); kind as in `memory_bank`."""

    view: RegionView
    tokens: torch.Tensor
    labels: torch.Tensor
    kind: int
    sources: torch.Tensor


class RegionMemory:
    """References for good, the last coloured frame (*local*), and of the frames before it what is new (*global*).

    The groups are those of the Dynamic Global-Local Memory (paper section 3.2), with closed regions for rows.

    Args:
        colors: uint8 [K, 3], of the labels, to find which are tones of each other; None: not looked for.
        global_regions: most regions held of the past. novelty: a past region is new if no region held with the same
            label has an appearance with a cosine similarity above this.
    """

    def __init__(
        self,
        memory: CorrespondenceMemory,
        matcher: RegionMatcher,
        *,
        colors: np.ndarray | None = None,
        history: bool = True,
        global_regions: int = 256,
        novelty: float = 0.9,
    ):
        self.memory, self.matcher = memory, matcher
        self.history, self.global_regions, self.novelty = history, global_regions, novelty
        self.references: list[Remembered] = []
        self.local: Remembered | None = None
        self.past: Remembered | None = None
        self.timeline = RegionTimeline(memory)
        self._unsettled: list[tuple[RegionView, RegionTokens, torch.Tensor, bool]] = []
        self._settled = self.local, self.past
        self._sheets: list[torch.Tensor] = []  # labels of one sheet of each character
        self._papers: list[int] = []  # labels of what the sheets stand on
        self._alike = None if colors is None else are_tones(colors)
        self._tones = torch.zeros(1, 1, dtype=torch.bool)  # [K, K], of `_alike`, side by side in some reference
        self._rims: dict[int, torch.Tensor] = {}

    def add_reference(self, view: RegionView, labels: torch.Tensor, kind: int, rim: torch.Tensor) -> None:
        """labels: float32 [N, K], shares; kind as in `memory_bank`; rim: float32 [K], how much of the picture's edge
        each label has."""
        self._rims[kind] = self._rims.get(kind, 0) + rim
        if self._alike is not None:
            self._tones = self._tones | self._alike & touching_labels(labels, view.touch)
        source = 0
        if kind == SHEET:
            alike = [index for index, sheet in enumerate(self._sheets) if same_character(labels, sheet)]
            if not alike:
                self._sheets.append(labels)
            source = 1 + alike[0] if alike else len(self._sheets)
            if (paper := int(rim.argmax())) not in self._papers:
                self._papers.append(paper)
        self.references.append(Remembered(view, self.look(view).tokens[0], labels, kind, _all_of(source, len(view))))

    @torch.inference_mode()
    def look(self, view: RegionView) -> RegionTokens:
        appearance = view.appearance(self.memory.config.key_dim)
        present = torch.ones(1, len(view), dtype=torch.bool)
        return self.matcher.look(RegionBatch(appearance[None], view.shape[None], view.touch[None], present))

    @torch.inference_mode()
    def read(self, view: RegionView, tokens: RegionTokens, traced: torch.Tensor | None = None) -> torch.Tensor:
        """Shares of sources and labels [N, S, K] for the regions of a drawing; each region sums to 1.

        traced: of the drawing, as `traced_borders` gives them.
        """
        pictures = [*self.references, *(held for held in (self.local, self.past) if held is not None)]
        matches = [match_regions(self.memory, view, held.view, held.kind) for held in pictures]
        shape = torch.cat([held.view.shape for held in pictures])[None]
        present = torch.ones(shape.shape[:2], dtype=torch.bool)
        known = RegionTokens(torch.cat([held.tokens for held in pictures])[None], tokens.bias, shape, present)
        kinds = torch.cat([torch.full((len(held.view),), held.kind) for held in pictures])[None]
        labels, sources = torch.cat([held.labels for held in pictures]), self._sources(pictures)
        # To the matcher the same colour of another sheet is another label with the same code.
        both = (sources[:, :, None] * labels[:, None]).flatten(1)[None]
        codes = label_codes(labels.shape[1], self.matcher.config.label_dim).repeat(sources.shape[1], 1)
        shares, _ = self.matcher.match(tokens, known, kinds, both, torch.cat(matches, dim=1)[None], codes)
        shares = shares[0].unflatten(1, (sources.shape[1], -1))
        shares = agree(shares / shares.sum((1, 2), keepdim=True).clamp(min=1e-6), view.touch, self._papers)
        return shares if traced is None else agree_on_tones(shares, traced, self._tones)

    def blank(self) -> torch.Tensor:
        """What `read` gives, [1, S, K], for a drawing without lines: what surrounds the figures in the references.
        Sheets, which stand on paper, are asked only if there is nothing else."""
        rim = next(self._rims[kind] for kind in (KEY_FRAME, SHEET) if kind in self._rims)
        return self.known(rim[None] / rim.sum())

    def known(self, labels: torch.Tensor) -> torch.Tensor:
        """What `read` gives, for regions whose shares of labels [N, K] are given."""
        return torch.stack([labels, *(torch.zeros_like(labels) for _ in self._sheets)], dim=1)

    def _sources(self, pictures: list[Remembered]) -> torch.Tensor:
        """float32 [M, S] of all regions of some pictures."""
        count = 1 + len(self._sheets)
        return torch.cat([F.pad(held.sources, (0, count - held.sources.shape[1])) for held in pictures])

    def add_frame(self, view: RegionView, tokens: RegionTokens, shares: torch.Tensor, *, certain: bool = False) -> None:
        """Remember a coloured frame. shares: float32 [N, S, K] of all sources and labels: doubt stays doubt. certain:
        they are not read but given."""
        self._unsettled.append((view, tokens, shares, certain))
        self._remember(view, tokens, shares)

    def settle(self) -> list[torch.Tensor]:
        """What the frames added since the last time say together, and with those before: shares [N, S, K] of each,
        remembered from now on instead of those added. What is certain stays, and without history all of it."""
        frames, self._unsettled = self._unsettled, []
        if not self.history:
            return [shares for _, _, shares, _ in frames]
        for view, _, shares, _ in frames:
            self.timeline.add(view, shares)
        agreed = self.timeline.settle(len(frames))
        agreed = [agree(s, view.touch, self._papers) for s, (view, *_) in zip(agreed, frames, strict=True)]
        result = [shares if certain else others for (_, _, shares, certain), others in zip(frames, agreed, strict=True)]
        self.local, self.past = self._settled
        for (view, tokens, _, _), shares in zip(frames, result, strict=True):
            self._remember(view, tokens, shares)
        self._settled = self.local, self.past
        return result

    @torch.inference_mode()
    def _remember(self, view: RegionView, tokens: RegionTokens, shares: torch.Tensor) -> None:
        if not self.history:
            return
        if self.local is not None:
            self._keep_new(self.local)
        self.local = Remembered(view, tokens.tokens[0], shares.sum(1), LOCAL, shares.sum(2))

    def __len__(self) -> int:
        """Regions held."""
        held = (self.local, self.past)
        return sum(len(picture.view) for picture in [*self.references, *(part for part in held if part is not None)])

    def history_to_tensors(self) -> dict[str, torch.Tensor]:
        """The history as named tensors, for a checkpoint. References are not held: they are given anew."""
        tensors = {}
        for name, held in (("local", self.local), ("past", self.past)):
            if held is not None:
                view = held.view
                tensors |= {
                    f"{name}.regions": torch.from_numpy(view.regions),
                    f"{name}.keys": view.keys,
                    f"{name}.owner": view.owner,
                    f"{name}.shape": view.shape,
                    f"{name}.tokens": held.tokens,
                    f"{name}.labels": held.labels,
                    f"{name}.sources": held.sources,
                }
        return tensors | {f"timeline.{name}": value for name, value in self.timeline.to_tensors().items()}

    def history_from_tensors(self, tensors: dict[str, torch.Tensor]) -> None:
        def held(name, kind):
            if f"{name}.keys" not in tensors:
                return None
            regions, *rest = (tensors[f"{name}.{part}"] for part in ("regions", "keys", "owner", "shape"))
            view = RegionView(regions.numpy(), *rest, torch.zeros(0, 0))
            sources = tensors[f"{name}.sources"]
            return Remembered(view, tensors[f"{name}.tokens"], tensors[f"{name}.labels"], kind, sources)

        self.local, self.past = self._settled = held("local", LOCAL), held("past", GLOBAL)
        prefix = "timeline."
        self.timeline.from_tensors({n.removeprefix(prefix): v for n, v in tensors.items() if n.startswith(prefix)})

    def _keep_new(self, frame: Remembered) -> None:
        held = [*self.references, *([self.past] if self.past is not None else [])]
        appearance = self._direction(frame)
        fresh = torch.ones(len(frame.view), dtype=torch.bool)
        for other in held:
            alike = appearance @ self._direction(other).T > self.novelty
            same = frame.labels.argmax(1)[:, None] == other.labels.argmax(1)[None]
            fresh &= ~(alike & same).any(1)
        if not fresh.any():
            return
        new = _choose(frame, fresh.nonzero()[:, 0])
        self.past = new if self.past is None else _join(self.past, new)
        self.past.kind = GLOBAL
        surplus = len(self.past.view) - self.global_regions
        if surplus > 0:
            direction = self._direction(self.past)
            winner = self.past.labels.argmax(1)
            alike = (direction @ direction.T).masked_fill(winner[:, None] != winner[None], -1.0)
            # Of two twins only the older one counts the other: it goes.
            alike = alike.masked_fill(torch.ones_like(alike).tril().bool(), -1.0).amax(1)
            kept = torch.argsort(alike, stable=True)[: len(alike) - surplus - self.global_regions // 10]
            self.past = _choose(self.past, kept.sort().values)

    def _direction(self, held: Remembered) -> torch.Tensor:
        return F.normalize(held.view.appearance(self.memory.config.key_dim), dim=1)


def _choose(held: Remembered, rows: torch.Tensor) -> Remembered:
    row = torch.full((len(held.view),), -1)
    row[rows] = torch.arange(len(rows))
    kept = row[held.view.owner] >= 0
    view = RegionView(
        held.view.regions[rows.numpy()],
        held.view.keys[kept],
        row[held.view.owner[kept]],
        held.view.shape[rows],
        torch.zeros(0, 0),
    )
    return Remembered(view, held.tokens[rows], held.labels[rows], held.kind, held.sources[rows])


def _join(first: Remembered, second: Remembered) -> Remembered:
    a, b = first.view, second.view
    view = RegionView(
        torch.cat([torch.from_numpy(a.regions), torch.from_numpy(b.regions)]).numpy(),
        torch.cat([a.keys, b.keys]),
        torch.cat([a.owner, b.owner + len(a)]),
        torch.cat([a.shape, b.shape]),
        torch.zeros(0, 0),
    )
    tokens, labels = torch.cat([first.tokens, second.tokens]), torch.cat([first.labels, second.labels])
    count = max(first.sources.shape[1], second.sources.shape[1])
    sources = torch.cat([F.pad(held.sources, (0, count - held.sources.shape[1])) for held in (first, second)])
    return Remembered(view, tokens, labels, first.kind, sources)


def _all_of(source: int, regions: int) -> torch.Tensor:
    """float32 [regions, source + 1]: all of one source."""
    return F.one_hot(torch.full((regions,), source)).float() if regions else torch.zeros(0, source + 1)

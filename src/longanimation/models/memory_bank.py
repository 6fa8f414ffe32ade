"""What the correspondence memory remembers: keys and values of references and of coloured history, bounded."""

import torch
import torch.nn.functional as F

KEY_FRAME, SHEET, LOCAL, GLOBAL = range(4)
"""Kinds of rows: a reference standing where the shot stands, a reference elsewhere (character sheet), the last
frames, and the selection of the past."""


class MemoryBank:
    """Rows of (key, value), grouped as the Dynamic Global-Local Memory groups them (paper section 3.2).

    References are *permanent*. Of the coloured history, the last `local_frames` additions are kept whole (*local*);
    what leaves them enters a bounded selection (*global*) only where it is new: no row like it is held with the same
    value. When the selection is full, the rows that are best represented by others go first.

    Args:
        appearance_dim: leading key dimensions that say what a cell looks like (unit length); the rest say where.
        local_frames: number of additions held whole.
        global_rows: most rows held of the past before them.
        novelty: a past row is new if its cosine similarity to every held row of the same value is below this.
        max_local_rows: an addition with more rows than this is thinned evenly.
    """

    def __init__(
        self,
        appearance_dim: int | None = None,
        *,
        local_frames: int = 2,
        global_rows: int = 4096,
        novelty: float = 0.9,
        max_local_rows: int = 8192,
    ):
        self.appearance_dim = appearance_dim
        self.local_frames = local_frames
        self.global_rows = global_rows
        self.novelty = novelty
        self.max_local_rows = max_local_rows
        self._permanent: list[tuple[torch.Tensor, torch.Tensor, int]] = []
        self._local: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._global: tuple[torch.Tensor, torch.Tensor] | None = None
        self._permanent_rows: tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None = None

    def __len__(self) -> int:
        return sum(len(keys) for keys, _ in self._groups())

    def add(self, keys: torch.Tensor, values: torch.Tensor, permanent: bool = False, *, placed: bool = True) -> None:
        """Remember one picture.

        keys: [cells, dim] or [1, cells, dim] from `CorrespondenceMemory.keys`. values: [cells, channels] (or
        [1, cells, channels]), anything that can be averaged: palette labels as one-hot rows, RGB, latents.
        permanent: a reference, never forgotten. placed: the picture shares the shot's framing (a key frame); False
        for a character sheet, whose positions mean nothing.
        """
        keys, values = _rows(keys).detach(), _rows(values).detach()
        if len(keys) != len(values):
            raise ValueError(f"{len(keys)} keys but {len(values)} values: give one value for each key")
        if permanent:
            self._permanent.append((keys, values, KEY_FRAME if placed else SHEET))
            self._permanent_rows = None
            return
        if self.local_frames == 0 and self.global_rows == 0:
            return
        self._local.append(_thinned(keys, values, self.max_local_rows))
        while len(self._local) > self.local_frames:
            self._remember(*self._local.pop(0))

    def rows(self, *, history: bool = True) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """All rows, or those of the references: keys [R, dim], values [R, channels], kinds int64 [R]."""
        if self._permanent and self._permanent_rows is None:
            self._permanent_rows = _concatenate(self._permanent)
        parts = [(keys, values, LOCAL) for keys, values in self._local] if history else []
        if history and self._global is not None:
            parts.append((*self._global, GLOBAL))
        if not parts and self._permanent_rows is None:
            raise ValueError("the memory bank is empty: add a reference first")
        if not parts:
            return self._permanent_rows
        history = _concatenate(parts)
        if self._permanent_rows is None:
            return history
        return tuple(torch.cat(pair) for pair in zip(self._permanent_rows, history, strict=True))

    def forget_history(self) -> None:
        """Keep the references only (a cut in the shot)."""
        self._local, self._global = [], None

    def history_to_tensors(self) -> dict[str, torch.Tensor]:
        """The history as named tensors, for a checkpoint. References are not held: they are given anew."""
        tensors = {}
        for index, (keys, values) in enumerate(self._local):
            tensors[f"local.{index}.keys"], tensors[f"local.{index}.values"] = keys, values
        if self._global is not None:
            tensors["global.keys"], tensors["global.values"] = self._global
        return tensors

    def history_from_tensors(self, tensors: dict[str, torch.Tensor]) -> None:
        count = sum(name.startswith("local.") and name.endswith(".keys") for name in tensors)
        self._local = [(tensors[f"local.{i}.keys"], tensors[f"local.{i}.values"]) for i in range(count)]
        self._global = (tensors["global.keys"], tensors["global.values"]) if "global.keys" in tensors else None

    def _groups(self):
        yield from ((keys, values) for keys, values, _ in self._permanent)
        yield from self._local
        if self._global is not None:
            yield self._global

    def _remember(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Move the new part of a frame that leaves the local window into the global selection."""
        if self.global_rows == 0:
            return
        keys, values = _thinned(keys, values, self.global_rows // 2)
        fresh = torch.ones(len(keys), dtype=torch.bool, device=keys.device)
        held = [(k, v) for k, v, _ in self._permanent] + ([self._global] if self._global is not None else [])
        for held_keys, held_values in held:
            fresh &= ~_represented(keys, values, held_keys, held_values, self.appearance_dim, self.novelty)
        keys, values = keys[fresh], values[fresh]
        if len(keys) == 0:
            return
        keep = _distinct(keys, values, self.appearance_dim, self.novelty)
        keys, values = keys[keep], values[keep]
        if self._global is not None:
            keys, values = torch.cat([self._global[0], keys]), torch.cat([self._global[1], values])
        if len(keys) > self.global_rows:
            keys, values = self._thin(keys, values)
        self._global = (keys, values)

    def _thin(self, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Drop the rows with the closest companion of the same value until a tenth of the room is free again."""
        room = int(self.global_rows * 0.9)
        appearance = keys[:, : self.appearance_dim]
        closeness = torch.empty(len(keys), device=keys.device)
        for start in range(0, len(keys), 1024):
            rows = slice(start, start + 1024)
            similarity = appearance[rows] @ appearance.T
            similarity = similarity.masked_fill(~_same_value(values[rows], values), -1.0)
            own = torch.arange(start, start + len(similarity), device=keys.device)
            # Of two twins only the older one counts the other: it goes, the newer one stays.
            older = torch.arange(len(keys), device=keys.device)[None] <= own[:, None]
            closeness[rows] = similarity.masked_fill(older, -1.0).amax(dim=1)
        keep = torch.sort(torch.argsort(closeness, stable=True)[:room]).values
        return keys[keep], values[keep]


def _rows(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.ndim == 3 and tensor.shape[0] == 1:
        return tensor[0]
    if tensor.ndim != 2:
        raise ValueError(f"expected [cells, channels] or [1, cells, channels], got {list(tensor.shape)}")
    return tensor


def _thinned(keys: torch.Tensor, values: torch.Tensor, most: int) -> tuple[torch.Tensor, torch.Tensor]:
    """At most `most` rows, evenly picked."""
    if len(keys) <= most:
        return keys, values
    picked = torch.linspace(0, len(keys) - 1, most, device=keys.device).long()
    return keys[picked], values[picked]


def _concatenate(parts):
    keys = torch.cat([k for k, _, _ in parts])
    values = torch.cat([v for _, v, _ in parts])
    kinds = torch.cat([torch.full((len(k),), kind, device=k.device) for k, _, kind in parts])
    return keys, values, kinds


def _same_value(values: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """[A, B] bool: values whose cosine similarity is above 0.9 (equal labels; close colours or latents)."""
    return F.normalize(values.float(), dim=1) @ F.normalize(others.float(), dim=1).T > 0.9


def _represented(keys, values, held_keys, held_values, appearance_dim, novelty) -> torch.Tensor:
    result = torch.zeros(len(keys), dtype=torch.bool, device=keys.device)
    for start in range(0, len(held_keys), 8192):
        rows = slice(start, start + 8192)
        similar = keys[:, :appearance_dim] @ held_keys[rows, :appearance_dim].T > novelty
        result |= (similar & _same_value(values, held_values[rows])).any(dim=1)
    return result


def _distinct(keys, values, appearance_dim, novelty) -> torch.Tensor:
    """bool [N]: rows without an earlier row like them."""
    similar = (keys[:, :appearance_dim] @ keys[:, :appearance_dim].T > novelty) & _same_value(values, values)
    return ~similar.tril(diagonal=-1).any(dim=1)

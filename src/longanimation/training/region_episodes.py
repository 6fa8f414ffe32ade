"""Training episodes of the region matcher: three drawings of a shot, and the references they may know."""

import cv2
import numpy as np
import torch

from longanimation.models.memory_bank import GLOBAL, KEY_FRAME, LOCAL, SHEET
from longanimation.models.region_matcher import SHAPE_DIM
from longanimation.training.region_clips import MOMENTS, POINTS, disguise

MOST = 256
"""Regions of one picture in training; of a fuller picture a random part."""

GROUPS = (96, MOST)
"""Episodes whose pictures have up to so many regions are padded alike."""

MOST_REFERENCES = 5

CANVASES = ((288, 512), (512, 512))
"""Sizes (height, width) at which a GPU encodes drawings, each in the first that holds it: every further size that it
has not met takes it seconds."""

CELL = 32
"""Elsewhere each drawing is padded to a multiple of this; at half size to what the encoder takes, 16."""

PARTS = ("look", "keys", "places", "owner", "shape", "touch", "label", "area")

Picture = dict[str, np.ndarray]


def make_region_episode(clip: dict, rng: np.random.Generator, *, augment: bool = True) -> dict:
    """The pictures of an episode, references first, then an older frame, the frame before, and the frame to colour.

    A picture: look uint8 [h, w], or keys float16 [N, K, dim] of a clip that a memory has seen; points float32
    [N, K, 2], (y, x) in [0, 1) of the look; count int64 [N], how many of the K are points; shape, touch, label, area as
    in the clip. Of the history: `used` bool [2], whether there is an older frame and a frame before; `kept` bool [N],
    of the older frame, what is remembered; `guessed` (both), where the matcher's own colours are remembered instead of
    the true ones; `mistaken` (both), a wrong label there, else -1.
    """
    references = _chosen_references(clip, rng, augment)
    moment = int(rng.integers(MOMENTS))
    other = int(rng.choice([m for m in range(MOMENTS) if m != moment]))
    first = len(clip["kinds"])
    names = [*references, first + 2 * other + 1, first + 2 * moment, first + 2 * moment + 1]
    if augment:
        chosen = {key: clip[key] for name in names for part in PARTS if (key := f"{part}.{name}") in clip}
        clip = chosen | {"kinds": clip["kinds"]}
        disguise(clip, rng)
    pictures = [_picture(clip, name, rng) for name in names]
    older, before = pictures[-3:-1]
    labels = np.unique(np.concatenate([picture["label"] for picture in pictures])).astype(np.int64)
    guessed = rng.choice([0.0, 0.3, 0.7, 1.0, 1.0])
    for picture in (older, before):
        regions = len(picture["label"])
        picture["guessed"] = rng.random(regions) < guessed
        wrong = rng.random(regions) < 0.03
        picture["mistaken"] = np.where(wrong, rng.choice(labels, regions), -1)
    older["kept"] = rng.random(len(older["label"])) < (rng.uniform(0.2, 1) if augment else 1)
    kinds = [*clip["kinds"][references], GLOBAL, LOCAL]
    used = np.array([rng.random() < 0.5, rng.random() < 0.9]) if augment else np.ones(2, bool)
    return {"pictures": pictures, "kinds": np.array(kinds), "used": used}


def _chosen_references(clip: dict, rng: np.random.Generator, augment: bool) -> np.ndarray:
    """Sheets alone or with the background, key frames, or all; without augmentation those that the shot comes with."""
    kinds, empty = clip["kinds"], clip["empty"]
    chosen = clip["planned"].copy()
    if augment:
        draw = rng.random()
        chosen = (kinds == SHEET) if draw < 0.5 else (kinds == KEY_FRAME) & ~empty if draw < 0.85 else ~empty
        if rng.random() < (0.7 if draw < 0.5 else 0.15):
            chosen = chosen | empty
    found = rng.permutation(np.flatnonzero(chosen))[:MOST_REFERENCES]
    if augment and len(found) > 1 and rng.random() < 0.15:
        found = found[1:]
    return np.sort(found)


def _picture(clip: dict, name: int, rng: np.random.Generator) -> Picture:
    shape, owner = clip[f"shape.{name}"], clip[f"owner.{name}"].astype(np.int64)
    count = np.bincount(owner, minlength=len(shape))
    rank = np.arange(len(owner)) - (np.cumsum(count) - count)[owner]
    picture = {field: clip[f"{field}.{name}"] for field in ("shape", "touch", "label", "area")}
    picture["count"] = count
    for field, part in (("points", "places"), ("keys", "keys")):
        if (values := clip.get(f"{part}.{name}")) is not None:
            picture[field] = np.zeros((len(shape), POINTS, values.shape[1]), values.dtype)
            picture[field][owner, rank] = values
    if len(shape) > MOST:
        rows = np.sort(rng.choice(len(shape), MOST, replace=False))
        picture = {field: value[rows] for field, value in picture.items()}
        picture["touch"] = picture["touch"][:, rows]
    return picture if "keys" in picture else picture | {"look": clip[f"look.{name}"]}


def by_size(episodes: list[dict]) -> list[list[dict]]:
    """The episodes in GROUPS, so that a full picture does not pad all others; no group is empty."""
    groups: dict[int, list[dict]] = {bound: [] for bound in GROUPS}
    for episode in episodes:
        regions = max(len(picture["label"]) for picture in episode["pictures"])
        groups[min(bound for bound in GROUPS if regions <= bound)].append(episode)
    return [group for group in groups.values() if group]


def collate(
    episodes: list[dict], *, shrink: bool = False, canvases: tuple[tuple[int, int], ...] = ()
) -> dict[str, torch.Tensor]:
    """One batch of tensors: B episodes, S slots for pictures, N regions, K points; what is missing is zero.

    points [B, S, N, K, 2] are fractions of a canvas; `looks.i` uint8 [n, h, w] the drawings on canvases of size i (of
    those given, or else no larger than they need) and `slots.i` int64 [n] their flat slots; count, label, area int64
    and shape, touch float32 [B, S, N, ...]; kinds int64 [B, S - 1]; used bool [B, 2]; guessed, kept bool and mistaken
    int64 [B, 2, N]. The last three slots are always the older frame, the frame before and the frame to colour. Of clips
    that a memory has seen: keys float16 [B, S, N, K, dim] instead of drawings. shrink: all drawings at half size.
    """
    slots = max(len(episode["pictures"]) for episode in episodes)
    regions = max(len(picture["label"]) for episode in episodes for picture in episode["pictures"])
    shape = (len(episodes), slots, regions)
    batch = {
        "points": np.zeros((*shape, POINTS, 2), np.float32),
        "count": np.zeros(shape, np.int64),
        "label": np.zeros(shape, np.int64),
        "area": np.zeros(shape, np.int64),
        "shape": np.zeros((*shape, SHAPE_DIM), np.float32),
        "touch": np.zeros((*shape, regions), np.float32),
        "kinds": np.zeros((shape[0], slots - 1), np.int64),
        "used": np.stack([episode["used"] for episode in episodes]),
        "guessed": np.zeros((shape[0], 2, regions), bool),
        "mistaken": np.full((shape[0], 2, regions), -1, np.int64),
        "kept": np.ones((shape[0], 2, regions), bool),
    }
    if "keys" in episodes[0]["pictures"][0]:
        dim = episodes[0]["pictures"][0]["keys"].shape[-1]
        batch["keys"] = np.zeros((*shape, POINTS, dim), np.float16)
    looks: dict[tuple[int, int], list[np.ndarray]] = {}
    places: dict[tuple[int, int], list[int]] = {}
    for row, episode in enumerate(episodes):
        pictures = episode["pictures"]
        # References from slot 0 on; the three frames in the last slots.
        where = [*range(len(pictures) - 3), *range(slots - 3, slots)]
        batch["kinds"][row, where[:-1]] = episode["kinds"]
        for slot, picture in zip(where, pictures, strict=True):
            count = len(picture["label"])
            for name in ("count", "label", "area", "shape"):
                batch[name][row, slot, :count] = picture[name]
            batch["touch"][row, slot, :count, :count] = picture["touch"]
            if "keys" in batch:
                batch["keys"][row, slot, :count] = picture["keys"]
                continue
            height, width = picture["look"].shape
            own = (-(-height // CELL) * CELL, -(-width // CELL) * CELL)
            canvas = next(((h, w) for h, w in canvases if height <= h and width <= w), own)
            batch["points"][row, slot, :count] = picture["points"] * (height, width) / canvas
            looks.setdefault(canvas, []).append(_on_canvas(picture["look"], canvas, shrink))
            places.setdefault(canvas, []).append(row * slots + slot)
        for index in range(2):
            picture = pictures[index - 3]
            for name in ("guessed", "mistaken", "kept"):
                if name in picture:
                    batch[name][row, index, : len(picture[name])] = picture[name]
    for index, canvas in enumerate(looks):
        batch[f"looks.{index}"] = np.stack(looks[canvas])
        batch[f"slots.{index}"] = np.array(places[canvas], np.int64)
    return {name: torch.from_numpy(value) for name, value in batch.items()}


def _on_canvas(look: np.ndarray, size: tuple[int, int], shrink: bool) -> np.ndarray:
    canvas = np.full(size, 255, np.uint8)
    canvas[: look.shape[0], : look.shape[1]] = look
    if shrink:
        canvas = cv2.resize(
            cv2.erode(canvas, np.ones((2, 2), np.uint8)), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA
        )
    return canvas

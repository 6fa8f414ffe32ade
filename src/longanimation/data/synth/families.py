"""Which shapes and motions each split may draw. Test scenes mix shared families with ones training never sees."""

from __future__ import annotations

FAMILIES: dict[str, dict[str, tuple[str, ...]]] = {
    "hair": {"shared": ("short", "bob", "long", "ponytail"), "train": ("spiky",), "test": ("twintails", "bun")},
    "top": {"shared": ("plain", "stripe", "badge"), "train": ("number",), "test": ("vest",)},
    "bottom": {"shared": ("trousers", "skirt"), "train": (), "test": ("shorts",)},
    "hat": {"shared": ("none", "cap"), "train": ("beanie",), "test": ("brim",)},
    "action": {"shared": ("stand", "walk", "wave", "turn"), "train": ("jump", "sway"), "test": ("cheer", "spin")},
    "prop": {"shared": ("ball",), "train": ("box",), "test": ("umbrella",)},
    "actor": {"shared": ("person", "prop"), "train": (), "test": ()},
}


def pick(rng, slot: str, split: str) -> str:
    """A family of this slot that the split may use; test scenes take a held-out one more often than not."""
    table = FAMILIES[slot]
    own = table[split]
    if own and rng.random() < (0.6 if split == "test" else len(own) / (len(own) + len(table["shared"]))):
        return str(own[rng.integers(0, len(own))])
    return str(table["shared"][rng.integers(0, len(table["shared"]))])

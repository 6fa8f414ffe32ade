"""Which shapes and motions each split may draw.

Every slot has families that both splits share, families that only training draws and families that only test scenes
draw, so that a test scene asks for more than new seeds. Test scenes take a held-out family in six of ten choices
(whole actors, places and lights: in two). Varied scenes, for training too, have further families, and the families of
training more often; they came later, and training scenes are what they always were.
"""

from __future__ import annotations

FAMILIES: dict[str, dict[str, tuple[str, ...]]] = {
    "actor": {
        "shared": ("person", "person", "person", "beast", "quadruped", "effect"),
        "train": ("creature",),
        "varied": ("toy", "toy"),
        "test": ("robot",),
    },
    "hair": {"shared": ("short", "bob", "long", "ponytail"), "train": ("spiky", "curly"), "test": ("twintails", "bun")},
    "ears": {"shared": ("pointed", "round"), "train": ("tall",), "test": ("floppy",)},
    "top": {
        "shared": ("plain", "stripe", "badge", "buttons", "panel"),
        "train": ("number", "hoops", "heart"),
        "varied": ("sash", "patches"),
        "test": ("vest", "apron"),
    },
    "bottom": {"shared": ("trousers", "skirt"), "train": ("overalls",), "test": ("shorts",)},
    "hat": {
        "shared": ("none", "none", "none", "cap"),
        "train": ("beanie",),
        "varied": ("cone", "crown", "feather"),
        "test": ("brim", "helmet"),
    },
    "build": {"shared": ("grown", "young", "small"), "train": (), "test": ()},
    "prop": {"shared": ("ball", "flag"), "train": ("box", "pot"), "test": ("umbrella", "car")},
    "pattern": {"shared": ("dots", "checks"), "train": ("slants",), "test": ("diamonds",)},
    "layer": {"shared": ("cape",), "train": ("coat",), "test": ("poncho",)},
    "held": {"shared": ("staff", "book"), "train": ("balloon",), "test": ("lantern",)},
    "place": {
        "shared": ("sky", "sea", "forest", "city", "room", "desert", "snow"),
        "train": ("meadow", "plain"),
        "test": ("mountains",),
    },
    "light": {"shared": ("day", "day", "sunset", "night", "cloudy"), "train": ("dawn",), "test": ("dusk",)},
    "action": {
        "shared": ("stand", "walk", "wave", "turn", "talk", "reach"),
        "train": ("jump", "sway", "run", "crouch"),
        "varied": ("dance",),
        "test": ("cheer", "spin", "bow", "kick"),
    },
}

SPLITS = ("train", "varied", "test")

_RARE = ("actor", "place", "light")  # held out in two of ten choices, not in six


def pick(rng, slot: str, split: str) -> str:
    """A family of this slot that the split may use."""
    table = FAMILIES[slot]
    shared, own = table["shared"], table["test" if split == "test" else "train"]
    share = len(own) / (len(own) + len(shared))
    if split == "test":
        share = 0.2 if slot in _RARE else 0.6
    elif split == "varied":
        own, share = own + table.get("varied", ()), 0.3 if slot in _RARE else 0.6
    if own and rng.random() < share:
        return own[int(rng.integers(0, len(own)))]
    return shared[int(rng.integers(0, len(shared)))]


def chosen_families(scene) -> dict[str, list[str]]:
    """The families a scene draws from, by slot, each sorted and once."""
    found: dict[str, set[str]] = {}
    for actor in scene.actors:
        for slot, family in actor.families.items():
            found.setdefault(slot, set()).add(family)
    for slot, family in getattr(scene, "own_families", {}).items():
        found.setdefault(slot, set()).add(family)
    for track in scene.tracks:
        found.setdefault("action", set()).update(action[1] for action in track.actions)
    return {slot: sorted(names) for slot, names in sorted(found.items())}

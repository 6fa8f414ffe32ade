"""The named sets of drawn test shots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from longanimation.data.synth import Scene
from longanimation.errors import InputError
from longanimation.evaluation.drawn_shot import DrawnShot
from longanimation.shot.references import BACKGROUND


@dataclass(frozen=True)
class DrawnSet:
    """Drawn shots with seeds and families that training never sees. size: (height, width). scene: pairs (option,
    value) of `Scene.random`. backgrounds: whether shots with character sheets have a picture of the background, too."""

    name: str
    frames: int
    size: tuple[int, int]
    seeds: tuple[int, ...]
    scene: tuple[tuple[str, object], ...] = ()
    backgrounds: bool = True

    def shot(self, seed: int) -> DrawnShot:
        """One shot of the set, drawn as its frames are asked for."""
        options = {"split": "test", "frames": self.frames, "size": self.size} | dict(self.scene)
        scene = Scene.random(seed, **options)
        if not self.backgrounds:
            plan = [(kind, at) for kind, at in scene.reference_plan if kind != BACKGROUND]
            scene = Scene.random(seed, **options | {"references": plan})
        return DrawnShot(scene)


_PAINTED = (("look", "painted"), ("finish", "soft"), ("inked", True))  # inked: all that is drawn stays on top
_TEN, _TWENTY = tuple(range(10)), tuple(range(20))

SETS = {
    each.name: each
    for each in (
        DrawnSet("drawn-14", 14, (540, 960), _TWENTY),
        DrawnSet("drawn-100", 100, (540, 960), _TWENTY),
        DrawnSet("drawn-100-bare", 100, (540, 960), _TWENTY, backgrounds=False),
        DrawnSet("drawn-500", 500, (540, 960), _TEN),
        DrawnSet("painted-14", 14, (540, 960), _TWENTY, _PAINTED),
        DrawnSet("painted-500", 500, (540, 960), _TEN, _PAINTED),
    )
}
ALIASES = {"short": "drawn-14", "long": "drawn-500"}
"""The lengths of the paper's two tables."""


def find_set(
    name: str,
    *,
    seeds: Iterable[int] | None = None,
    shots: int | None = None,
    frames: int | None = None,
    size: tuple[int, int] | None = None,
) -> DrawnSet:
    """A set by name or alias; seeds, the first `shots`, frames and size in place of its own. Raises InputError."""
    name = ALIASES.get(name, name)
    if name not in SETS:
        raise InputError(f"unknown benchmark {name!r}; known are {', '.join([*ALIASES, *SETS])}")
    chosen = SETS[name]
    return replace(
        chosen,
        seeds=(chosen.seeds if seeds is None else tuple(seeds))[:shots],
        frames=chosen.frames if frames is None else frames,
        size=chosen.size if size is None else tuple(size),
    )

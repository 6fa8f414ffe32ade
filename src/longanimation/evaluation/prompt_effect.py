"""Does a prompt change the background, in its own sense, and leave the character alone?

The same drawings and the same character sheet are coloured twice, with two prompts that differ in place and light only.
The cast is a function of the seed, so the truth exists for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from longanimation.data.synth import Scene
from longanimation.evaluation.color_error import ciede2000
from longanimation.evaluation.drawn_shot import DrawnShot
from longanimation.evaluation.regions import off_line

BACKDROPS = (
    ("meadow", "day", "clear"),
    ("sea", "sunset", "clear"),
    ("forest", "night", "clear"),
    ("snow", "cloudy", "clear"),
    ("desert", "dusk", "clear"),
    ("city", "dawn", "clear"),
)
"""Scene k is coloured with the prompts of backdrops k and k + 1."""

Colour = Callable[[DrawnShot, str], Iterator[np.ndarray]]
"""Drawings and references of a shot, and a prompt -> coloured frames."""


@dataclass(frozen=True)
class PromptEffect:
    """background, character: mean CIEDE2000 between the results of two prompts, off the line. understood: share of
    results whose mean background is nearer to its own prompt's truth than to the other's (0.5 is chance)."""

    background: float
    character: float
    understood: float
    scenes: int

    @property
    def passed(self) -> bool:
        """The background changes by at least twice as much as the character, visibly, and mostly in the right sense."""
        return self.background >= max(5.0, 2 * self.character) and self.understood >= 0.75


def measure_prompt_effect(
    colour: Colour, seeds: Sequence[int], *, frames: int = 9, size: tuple[int, int] = (144, 256)
) -> PromptEffect:
    """Colour test scenes of these seeds twice each. No lines of the background are drawn, so only the text tells."""
    changed: dict[bool, list[float]] = {True: [], False: []}
    understood = []
    for number, seed in enumerate(seeds):
        pair = [BACKDROPS[(number + k) % len(BACKDROPS)] for k in (0, 1)]
        shots = [_shot(seed, frames, size, backdrop) for backdrop in pair]
        found = [list(colour(shots[0], shot.scene.prompt)) for shot in shots]
        for index in (frames // 2, frames - 1):
            drawn = shots[0].frame(index)
            truth = [shot.truth(index).truth for shot in shots]
            one, two = found[0][index], found[1][index]
            apart = ciede2000(one, two)
            inside = off_line(drawn.lines)
            behind = inside & (drawn.parts == 0)
            for place, where in ((False, behind), (True, inside & (drawn.parts > 0))):
                if where.any():
                    changed[place].append(float(apart[where].mean()))
            for own, result in enumerate((one, two)):
                means = [np.abs(result[behind].mean(0) - picture[behind].mean(0)).sum() for picture in truth]
                understood.append(means[own] < means[1 - own])
    return PromptEffect(
        float(np.mean(changed[False])), float(np.mean(changed[True])), float(np.mean(understood)), len(seeds)
    )


def _shot(seed: int, frames: int, size: tuple[int, int], backdrop: tuple[str, str, str]) -> DrawnShot:
    from longanimation.data.synth import PaintedScene

    scene: Scene = PaintedScene.random(
        seed, split="test", frames=frames, size=size, finish="soft", backdrop=backdrop, references=[("sheet", 0)],
        sketched=False, camera="still", shakes=False, characters=1,
    )  # fmt: skip
    return DrawnShot(scene)

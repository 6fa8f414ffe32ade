"""What history is worth: colours that no reference shows, seen once, gone, and back again.

A character turns its back, leaves, and turns its back again when it returns. Its colours there cannot be known when
they are first seen; an artist would correct that one frame, and from then on history holds it. So the true colours of
the shot's `key_events` are handed to the history, everything else is coloured by the model itself, and the frames of
the shot's `reveals` are scored, once with history in the bank and once with the references alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from longanimation.data.synth import Scene
from longanimation.evaluation.color_error import JUST_RIGHT, ColorError
from longanimation.evaluation.drawn_shot import DrawnShot
from longanimation.evaluation.metrics import ShotScorer
from longanimation.evaluation.report import Report, markdown_table

WITH_HISTORY, REFERENCES_ALONE = "with history", "references alone"


@dataclass(frozen=True)
class ReentryScore:
    """One method after re-entries; returned_right: share of the pixels of returned colours that are right, 0..1."""

    report: Report
    returned_right: float


def reentry_scenes(seeds: Sequence[int], *, frames: int = 100, size: tuple[int, int] = (288, 512)) -> list[Scene]:
    """Drawn test shots staged for this: the back of a character is seen, gone and seen again; reference: frame 0."""
    scenes = (Scene.random(seed, split="test", frames=frames, size=size, reveal=True) for seed in seeds)
    return [scene for scene in scenes if scene.reveals and scene.key_events]


def score_reentries(
    scenes: Sequence[Scene],
    memory,
    matcher=None,
    *,
    every: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, ReentryScore]:
    """Scores the frames after re-entries, {"references alone": ..., "with history": ...}; empty without scenes.

    memory: a `CorrespondenceMemory`; matcher: the `RegionMatcher` trained for it, if there is one. every: of the frames
    between the key events each `every`-th is used. progress: called with (shots done, all).
    """
    reports: dict[str, list[Report]] = {}
    right: dict[str, list[float]] = {}
    for place, scene in enumerate(scenes):
        for name in (REFERENCES_ALONE, WITH_HISTORY):
            report, share = _score(DrawnShot(scene), memory, matcher, history=name == WITH_HISTORY, every=every)
            reports.setdefault(name, []).append(report)
            right.setdefault(name, []).append(share)
        if progress is not None:
            progress(place + 1, len(scenes))
    return {name: ReentryScore(Report.mean(name, reports[name]), float(np.mean(right[name]))) for name in reports}


def reentry_markdown(scores: dict[str, ReentryScore]) -> str:
    """The table, and the share of returned colours painted right."""
    if not scores:
        return "No re-entries in these shots."
    lines = [markdown_table((score.report for score in scores.values()), first_column="bank"), ""]
    for name, score in scores.items():
        lines.append(f"- {name}: {100 * score.returned_right:.1f} % of the returned colours right")
    return "\n".join(lines)


def _score(shot: DrawnShot, memory, matcher, *, history: bool, every: int) -> tuple[Report, float]:
    from longanimation.cel import RegionTracker

    scene = shot.scene
    painter = ReentryPainter(shot, memory, matcher, history=history)
    returned = {index: reveal.labels for reveal in scene.reveals for index in range(reveal.start, reveal.stop)}
    scored = sorted(returned)[::every]
    before = set(range(0, scored[-1], every)) | set(scene.key_events) if history else set()
    scorer, error, tracker = ShotScorer(with_ssim=False), ColorError(), RegionTracker()
    right = total = 0
    for index in sorted(before | set(scored)):
        if index not in returned and index in scene.key_events:
            painter.learn(index, tracker)
            continue
        frame = painter.color(index, tracker)
        if index in scored:
            truth = shot.truth(index)
            scorer.add(
                frame, truth.truth, inside=truth.inside, regions=truth.regions, tracks=truth.tracks, number=index
            )
            wanted = truth.inside & np.isin(shot.frame(index).labels, returned[index])
            right += int((error(frame, truth.truth)[wanted] < JUST_RIGHT).sum())
            total += int(wanted.sum())
    return scorer.report(f"shot {scene.seed}"), right / max(total, 1)


class ReentryPainter:
    """The cel finish of the correspondence model, knowing all paints of the shot, with or without history."""

    def __init__(self, shot: DrawnShot, memory, matcher=None, *, history: bool):
        from longanimation.cel import Palette
        from longanimation.pipeline.cel_painter import CelPainter
        from longanimation.pipeline.correspondence import CorrespondenceSettings
        from longanimation.pipeline.framing import frame_content
        from longanimation.pipeline.region_memory import RegionMemory
        from longanimation.pipeline.region_painter import RegionPainter

        self.shot = shot
        settings = CorrespondenceSettings()
        palette = Palette(shot.scene.palette, 1.0)
        if matcher is None:
            self.painter = CelPainter(memory, palette, settings.cel)
            rows = settings.global_rows if history else 0
            self.bank = memory.new_bank(local_frames=2 if history else 0, global_rows=rows, max_local_rows=16384)
        else:
            self.painter = RegionPainter(memory, palette)
            self.bank = RegionMemory(memory, matcher, history=history)
        self.framing = frame_content([shot.lines[0]], side=settings.side)
        for reference in shot.scene.references:
            placed = reference.frame is not None
            framing = self.framing if placed else frame_content([reference.lines], side=settings.side)
            self.painter.remember_reference(self.bank, reference.image, reference.lines, framing, placed)

    def learn(self, index: int, tracker) -> None:
        """The true colours of a frame enter history."""
        self.color(index, tracker, painted=self.shot.truth(index).truth)

    def color(self, index: int, tracker, *, painted: np.ndarray | None = None) -> np.ndarray:
        """The coloured frame, uint8 [H, W, 3]."""
        from longanimation.shot.drawings import read_drawing

        drawing = read_drawing(self.shot.drawings[index], "drawn")
        return self.painter.color(self.bank, tracker, [drawing], self.framing, [painted])[0]

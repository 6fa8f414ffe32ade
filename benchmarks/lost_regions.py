"""Where the regions that are not right are lost: in drawn test shots, with the shipped model.

python benchmarks/lost_regions.py --seeds 101 103 104
"""

from __future__ import annotations

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice

import numpy as np
import torch

from longanimation.cel.palette import difference
from longanimation.data.synth import Scene
from longanimation.evaluation.color_error import JUST_RIGHT
from longanimation.evaluation.drawn_shot import DrawnShot, cut_together
from longanimation.evaluation.methods import find_methods

SMALL = 60
KINDS = (
    "no reference shows the colour",
    "run into another region",
    "references show the colour, not the part",
    f"references show the part, over {SMALL} px",
    f"references show the part, up to {SMALL} px",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", required=True, help="of shots of the test families")
    parser.add_argument("--frames", type=int, default=24, help="of each shot; every third is looked at")
    parser.add_argument("--model", default="mini", help="mini, or a model folder")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    total: Counter = Counter()
    with ProcessPoolExecutor(given.workers) as pool:
        for counts in pool.map(partial(count_regions, model=given.model, frames=given.frames), given.seeds):
            total += counts
    everything = sum(count for (_, right), count in total.items())
    print(
        f"{len(given.seeds)} shots, {everything} regions over 10 px\n\n| | share | right | lost |\n|---|---:|---:|---:|"
    )
    for kind in KINDS:
        right, wrong = total[kind, True], total[kind, False]
        share, hits = (right + wrong) / everything, right / max(right + wrong, 1)
        print(f"| {kind} | {share:.1%} | {hits:.1%} | {wrong / everything:.1%} |")
    right = sum(count for (_, hit), count in total.items() if hit)
    print(f"| all | 100 % | {right / everything:.1%} | {1 - right / everything:.1%} |")


def count_regions(seed: int, *, model: str, frames: int) -> Counter:
    """Regions of one shot by (kind, whether right)."""
    torch.set_num_threads(1)
    shot = DrawnShot(Scene.random(seed, split="test", frames=100, size=(360, 640)))
    palette, references = shot.scene.palette, shot.scene.references
    shown = np.unique(np.concatenate([reference.labels.ravel() for reference in references]))
    known = (difference(palette[:, None], palette[None, shown]) < JUST_RIGHT).any(1)
    parts = {pair for r in references for pair in zip(r.parts[r.lines > 200], r.labels[r.lines > 200], strict=True)}
    counts: Counter = Counter()
    cuts = cut_together(shot, range(frames))
    method = find_methods(["correspondence"], model)[0]
    for index, result in enumerate(islice(method.frames(shot, model, 0), frames)):
        if index % 3:
            continue
        drawn, regions = shot.frame(index), shot.truth(index).regions
        cut = cuts[index]
        for region in range(1, regions.max() + 1):
            own = regions == region
            area = int(own.sum())
            if area <= 10:
                continue
            label, part = drawn.labels[own][0], np.bincount(drawn.parts[own]).argmax()
            right = (difference(result[own][:, :3], palette[label]) < JUST_RIGHT).mean() > 0.5
            whole = (cut.ids == np.bincount(cut.ids[own]).argmax()) & cut.inside
            if not known[label]:
                kind = KINDS[0]
            elif not whole.any() or np.bincount(drawn.labels[whole]).argmax() != label:
                kind = KINDS[1]
            elif (part, label) not in parts:
                kind = KINDS[2]
            else:
                kind = KINDS[3 if area > SMALL else 4]
            counts[kind, bool(right)] += 1
    return counts


if __name__ == "__main__":
    main()

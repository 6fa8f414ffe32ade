"""Colours drawn test shots with the shipped model and with the baselines, and writes the table.

python benchmarks/drawn_shots.py --output runs/drawn-100                   # 20 shots of 100 frames at 960x540
python benchmarks/drawn_shots.py --output runs/quick --shots 2 --size 288x512 --workers 2
python benchmarks/drawn_shots.py --output runs/reentry --only reentry      # what history is worth after re-entries
"""

from __future__ import annotations

import argparse
from pathlib import Path

from longanimation.evaluation.benchmark import SETS, run_benchmark
from longanimation.evaluation.methods import METHODS, correspondence_of
from longanimation.evaluation.reentry import reentry_markdown, reentry_scenes, score_reentries
from longanimation.media.atomic import make_folder, write_bytes
from longanimation.pipeline.correspondence import CorrespondenceWindow


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="folder for the tables")
    parser.add_argument("--set", default="drawn-100", choices=list(SETS))
    parser.add_argument("--model", default="mini", help="mini, or a model folder")
    parser.add_argument("--methods", nargs="+", metavar="METHOD", help=f"of: {', '.join(METHODS)}")
    parser.add_argument("--shots", type=int, help="only the first so many")
    parser.add_argument("--frames", type=int, help="instead of the set's length")
    parser.add_argument("--size", type=_size, metavar="HEIGHTxWIDTH")
    parser.add_argument("--workers", type=int, default=1, help="shots scored at the same time")
    parser.add_argument("--resume", action="store_true", help="keep what an earlier run has scored")
    parser.add_argument("--only", choices=("table", "reentry"), help="one part instead of both")
    given = parser.parse_args()
    make_folder(given.output)
    seeds = SETS[given.set].seeds[: given.shots]
    if given.only != "reentry":
        result = run_benchmark(
            given.set,
            model=given.model,
            methods=given.methods,
            seeds=seeds,
            frames=given.frames,
            size=given.size,
            output=given.output,
            resume=given.resume,
            workers=given.workers,
            progress=lambda done, total: print(f"{done} of {total} shots", flush=True),
        )
        print(result.markdown())
    if given.only != "table":
        window = CorrespondenceWindow.from_pretrained(correspondence_of(given.model))
        scenes = reentry_scenes(seeds, frames=given.frames or 100, size=given.size or (288, 512))
        scores = score_reentries(scenes, window.memory, window.matcher, progress=_shots_done)
        text = f"# After re-entries\n\n{len(scenes)} drawn test shots.\n\n{reentry_markdown(scores)}\n"
        write_bytes(given.output / "reentry.md", text.encode())
        print(text)


def _shots_done(done: int, total: int) -> None:
    print(f"{done} of {total}", flush=True)


def _size(text: str) -> tuple[int, int]:
    height, width = text.lower().split("x")
    return int(height), int(width)


if __name__ == "__main__":
    main()

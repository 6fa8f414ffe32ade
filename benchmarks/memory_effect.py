"""Does memory tell the video networks the colours of a shot? Clips of test shots with character sheets as references,
painted with the true frames before them in memory, with those of another shot, and with none.

python benchmarks/memory_effect.py --model mini --clips 24 --cache runs/cache
"""

from __future__ import annotations

import argparse
import json

import torch
from torch.utils.data import default_collate

from longanimation.pipeline.latents import decode
from longanimation.presets import find_model
from longanimation.training.clips import TrainingClips
from longanimation.training.diffusion_stage import MemoryStage
from longanimation.training.drafts import Drafts
from longanimation.training.model_parts import open_parts
from longanimation.training.recipes import read_recipe
from longanimation.training.shots import DrawnShots
from longanimation.training.stage import to_video

BATCH = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mini", help="mini, or a model folder with a memory and drafts")
    parser.add_argument("--clips", type=int, default=24, help=f"rounded down to a multiple of {BATCH}")
    parser.add_argument("--history", type=int, default=48, help="frames before the clip, at most 64")
    parser.add_argument("--cache", default=None, help="folder for what is drawn")
    given = parser.parse_args()
    config = read_recipe(
        "memory", "mini", start_from=str(find_model(given.model)), cache=given.cache, sheet_share=1.0, distinct=0,
        prompt_dropout=0.0, recolour=0.0, flip=0.0, history_dropout=0.0,
    )  # fmt: skip
    stage = MemoryStage(open_parts("memory", config), config)
    stage.place(torch.device("cpu"))
    plan = stage.plan(config)
    shots = DrawnShots(200, 81, (144, 256), split="test", look="painted", line_free=True, cache=given.cache)
    clips = TrainingClips(shots, plan, given.clips, Drafts(config.drafts, given.cache, plan.draft_side))
    clips.history_length = lambda step: given.history

    errors: dict[str, list[float]] = {"true": [], "none": [], "of another shot": []}
    for first in range(0, given.clips - BATCH + 1, BATCH):
        batch = default_collate([clips[index] for index in range(first, first + BATCH)])
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            conditions, truth = stage.conditions(batch), to_video(batch["colour"])
            for history, found in errors.items():
                seen = batch | {"history": batch["history"].roll(int(history == "of another shot"), dims=0)}
                config.history_dropout = float(history == "none")
                _, clean = stage.denoise(conditions, stage.memories(seen), 1, 1)
                painted = decode(stage.start.parts["vae"], clean, padding_frames=conditions.padding)
                found += ((painted.float() - truth) ** 2).mean((1, 2, 3, 4)).tolist()
    mean = {name: float(torch.tensor(found).mean()) for name, found in errors.items()}
    psnr = {name: float((10 * torch.log10(4 / torch.tensor(found))).mean()) for name, found in errors.items()}
    print(json.dumps({"clips": len(errors["true"]), "mse": mean, "psnr": psnr}))


if __name__ == "__main__":
    main()

"""Checkpoints of a run: whole or not there, the newest few kept."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from longanimation.media.atomic import make_folder, write_json
from longanimation.training.weight_average import WeightAverage


class Checkpoints:
    """`folder`/step-000020/ with Accelerate's state (weights, optimizer, random states), the average and the step."""

    def __init__(self, folder: Path, keep: int):
        self.folder, self.keep = folder, keep

    def found(self) -> list[Path]:
        """Finished checkpoints, oldest first."""
        return sorted(path for path in self.folder.glob("step-*") if (path / "progress.json").is_file())

    def save(self, accelerator, average: WeightAverage | None, progress: dict) -> None:
        """All processes must call this. progress: JSON values, `step` among them."""
        path = self.folder / f"step-{progress['step']:06d}"
        temporary = self.folder / f".{path.name}"
        if accelerator.is_main_process:
            shutil.rmtree(temporary, ignore_errors=True)
            make_folder(self.folder)
        accelerator.wait_for_everyone()
        accelerator.save_state(str(temporary))
        if average:
            average.save(temporary / "average.pt", write=accelerator.is_main_process)
        accelerator.wait_for_everyone()
        if accelerator.is_main_process:
            write_json(temporary / "progress.json", progress)
            shutil.rmtree(path, ignore_errors=True)
            os.rename(temporary, path)
            for old in self.found()[: -self.keep]:
                shutil.rmtree(old)
        accelerator.wait_for_everyone()

    def load(self, accelerator, average: WeightAverage | None) -> dict | None:
        """Continue from the newest checkpoint; returns its progress, None if there is none."""
        found = self.found()
        if not found:
            return None
        accelerator.load_state(str(found[-1]))
        if average:
            average.load(found[-1] / "average.pt")
        return json.loads((found[-1] / "progress.json").read_text())

"""The loss curve: one JSON line a record, and whatever trackers are asked for."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from longanimation.errors import InputError
from longanimation.media.atomic import write_bytes

logger = logging.getLogger(__name__)


class RunLog:
    """Written by the main process. Records later than the step that a run resumes at are taken back."""

    def __init__(self, accelerator, folder: Path, trackers: tuple[str, ...], config: dict):
        self.accelerator, self.path = accelerator, folder / "log.jsonl"
        if trackers:
            flat = {k: v if isinstance(v, (int, float, str, bool)) else json.dumps(v) for k, v in config.items()}
            accelerator.init_trackers("longanimation", config=flat)

    def resume(self, step: int) -> None:
        if self.accelerator.is_main_process and self.path.exists():
            kept = [line for line in self.path.read_text().splitlines() if json.loads(line)["step"] <= step]
            write_bytes(self.path, "".join(line + "\n" for line in kept).encode())

    def write(self, step: int, values: dict[str, float]) -> None:
        if self.accelerator.is_main_process:
            with self.path.open("a") as file:
                file.write(json.dumps({"step": step, **values}) + "\n")
        self.accelerator.log(values, step=step)

    def close(self) -> None:
        """Finish the trackers; the process group stays, so that another stage can follow in the same program."""
        for tracker in self.accelerator.trackers:
            tracker.finish()
        self.accelerator.wait_for_everyone()


def usable_trackers(names: tuple[str, ...]) -> tuple[str, ...]:
    """The trackers that are installed. Missing TensorBoard, the default, is left out with a note; InputError for
    another one."""
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers

    available = {str(name) for name in get_available_trackers()}
    for name in names:
        if name not in LOGGER_TYPE_TO_CLASS:
            raise InputError(f"unknown tracker {name}; choose of {', '.join(sorted(LOGGER_TYPE_TO_CLASS))}")
        if name not in available:
            if name != "tensorboard":
                raise InputError(f"tracker {name} is not installed: pip install {name}")
            logger.warning("TensorBoard is not installed: the curve is in log.jsonl only (pip install tensorboard)")
    return tuple(name for name in names if name in available)


def read_curve(folder: str | Path) -> list[float]:
    """The logged losses of a run, in order."""
    lines = (Path(folder) / "log.jsonl").read_text().splitlines()
    return [json.loads(line)["loss"] for line in lines]

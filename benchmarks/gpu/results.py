"""The results file: one entry per size and variant, written after each, so that a run can be stopped and continued."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

MEASURED, FAILED, RUNNING = "measured", "failed", "running"


@dataclass
class Results:
    """machine: what must be the same in all runs. sizes: {"576x1024": {variant: result}}; every result has `status`:
    measured, failed (with `reason`, one line) or, while a run is under way, running."""

    path: Path
    machine: dict = field(default_factory=dict)
    sizes: dict[str, dict[str, dict]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Results:
        """Of an earlier run, or none yet."""
        if not path.is_file():
            return cls(path)
        stored = json.loads(path.read_text())
        return cls(path, stored["machine"], stored["sizes"])

    def write(self) -> None:
        write(self.path, json.dumps({"machine": self.machine, "sizes": self.sizes}, indent=2) + "\n")

    def at(self, size: str) -> dict[str, dict]:
        return self.sizes.setdefault(size, {})

    def begin(self, size: str, variant: str) -> None:
        """Note what is under way, so that it is known what ended the process if something does."""
        self.at(size)[variant] = {"status": RUNNING, "began": time.time()}
        self.write()

    def put(self, size: str, variant: str, result: dict) -> None:
        self.at(size)[variant] = result
        self.write()

    def running(self) -> tuple[str, str, float] | None:
        """Size, variant and time of beginning of what is under way."""
        for size, results in self.sizes.items():
            for variant, result in results.items():
                if result["status"] == RUNNING:
                    return size, variant, result["began"]
        return None

    def forget(self, size: str, variant: str) -> None:
        """As if it had not been begun: the next run does it."""
        del self.sizes[size][variant]
        self.write()


def write(path: Path, text: str) -> None:
    """Replace a file at once. Not by `longanimation.media`, which needs video packages that a GPU machine may lack."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def failed(reason: str, began: float | None = None) -> dict:
    """A result that says in one line why there is none."""
    result = {"status": FAILED, "reason": " ".join(reason.split())[:240]}
    return result if began is None else result | {"wall_seconds": time.time() - began}

"""The demo's folder: what is in it, and what of an interrupted run can be kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from longanimation.evaluation.drawn_shot import DrawnShot
from longanimation.evaluation.sheet import write_png
from longanimation.media import encode_png
from longanimation.media.atomic import make_folder, remove_leftovers, write_bytes, write_json


class DemoFiles:
    """Paths inside the demo's folder. `references`: as `longanimation colorize --reference` takes them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.lines = folder / "lines"
        self.reference_folder = folder / "references"
        self.coloured = folder / "coloured"
        self.video = folder / "coloured.mp4"
        self.contact_sheet = folder / "contact_sheet.png"
        self.picture = folder / "picture.png"
        self.plot = folder / "color_error.png"
        self.report = folder / "report.json"
        self.references: list[str] = []
        self._settings = folder / "demo.json"

    def begin(self, settings: dict, shot: DrawnShot) -> bool:
        """Prepares the folder; True when an unfinished run with the same settings is there to be continued."""
        settings = {**settings, "drawing": _fingerprint(shot)}
        for folder in (self.folder, self.lines, self.reference_folder):
            make_folder(folder)
            remove_leftovers(folder)
        if self._same(settings) and not self.report.exists():
            return True
        for path in (*self.lines.glob("lines_*.png"), *self.reference_folder.glob("reference_*.png"), self.report):
            path.unlink(missing_ok=True)
        write_json(self._settings, settings)
        return False

    def draw(self, shot: DrawnShot, progress: Callable[[int], None]) -> None:
        """Writes the drawings (RGBA, transparent paper) and the references that are not there yet."""
        self.references = []
        for place, reference in enumerate(shot.scene.references):
            path = self.reference_folder / f"reference_{place}.png"
            if not path.exists():
                write_png(path, reference.image)
            self.references.append(f"{path}" if reference.frame is None else f"{path}@{reference.frame}")
        for index, name in enumerate(shot.drawings.names):
            path = self.lines / name
            if not path.exists():
                write_bytes(path, encode_png(shot.drawings[index]))
            progress(index + 1)

    def finish(self, figures: dict) -> None:
        """Writes the report, by which the demo is known to be finished."""
        write_json(self.report, figures)

    def _same(self, settings: dict) -> bool:
        try:
            return json.loads(self._settings.read_text()) == settings
        except (OSError, ValueError):
            return False


def _fingerprint(shot: DrawnShot) -> str:
    """Changes when the scene is drawn differently."""
    digest = hashlib.sha256()
    for index in {0, len(shot) // 2, len(shot) - 1}:
        digest.update(shot.frame(index).ink.tobytes())
        digest.update(shot.scene.painted(shot.frame(index)).tobytes())
    return digest.hexdigest()[:16]

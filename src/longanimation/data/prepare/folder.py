"""The data set on disk: what is where, what is finished, and whose it is.

prepare.json            settings and names of the inputs; marks the folder
index.jsonl             one line per finished clip
report.md, report.json  what was kept and dropped
clips/ID/               colour and lines of a clip; clip.json, written last, says that it is whole
scans/KEY.json          what was found in a source, so that it is read once
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from longanimation.data.prepare.pieces import Piece
from longanimation.data.prepare.scan import Scan
from longanimation.data.prepare.settings import PrepareSettings
from longanimation.data.prepare.sources import Source
from longanimation.errors import InputError
from longanimation.media.atomic import make_folder, remove_leftovers, write_bytes, write_json

FORMAT = 1
INDEX, MARK, LOCK = "index.jsonl", "prepare.json", ".lock"


class PreparedFolder:
    """A data set being made in `path`. Make the folder and hold its lock before `claim`."""

    def __init__(self, path: Path):
        self.path = path

    def claim(self, settings: PrepareSettings, inputs: list[str]) -> None:
        """Mark the folder as this data set's and clear what a killed run left half-written.

        Raises InputError if it holds something else or was begun with other settings or inputs.
        """
        wanted = {"format": FORMAT, "inputs": sorted(inputs), "settings": settings.as_json()}
        mark = self.path / MARK
        if mark.exists():
            found = _read(mark)
            if found != wanted:
                raise InputError(
                    f"{self.path} was begun with {_differences(found, wanted)}; give the same, or choose another folder"
                )
        elif any(name != LOCK for name in os.listdir(self.path)):
            raise InputError(f"{self.path} is not empty and holds no prepared data set; choose an empty folder")
        else:
            write_json(mark, wanted)
        for folder in (self.path, self.scans, self.clips):
            make_folder(folder)
            remove_leftovers(folder)

    @property
    def scans(self) -> Path:
        return self.path / "scans"

    @property
    def clips(self) -> Path:
        return self.path / "clips"

    def read_scan(self, source: Source) -> Scan | None:
        """The stored scan of a source; None if there is none or the source has changed since."""
        path = self.scans / f"{source.key}.json"
        if not path.is_file():
            return None
        scan = Scan.from_json(_read(path))
        return scan if (scan.source, scan.fingerprint) == (source.name, source.fingerprint) else None

    def write_scan(self, source: Source, scan: Scan) -> None:
        write_json(self.scans / f"{source.key}.json", scan.as_json())

    def clip_id(self, source: Source, piece: Piece) -> str:
        return f"{source.key}-{piece.start:06d}-{piece.stop:06d}"

    def read_clip(self, source: Source, piece: Piece) -> dict | None:
        """The entry of a finished clip; None if it is to be made (again)."""
        path = self.clips / self.clip_id(source, piece) / "clip.json"
        if not path.is_file():
            return None
        stored = _read(path)
        whole = all((self.path / stored["clip"][name]).exists() for name in ("colour", "lines"))
        return stored["clip"] if whole and stored["fingerprint"] == source.fingerprint else None

    def write_clip(self, source: Source, entry: dict) -> None:
        write_json(self.clips / entry["id"] / "clip.json", {"fingerprint": source.fingerprint, "clip": entry})

    def write_index(self, entries: list[dict]) -> None:
        lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries]
        write_bytes(self.path / INDEX, "".join(lines).encode())


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); remove it, or choose another folder") from error


def _differences(found: dict, wanted: dict) -> str:
    if found.get("format") != wanted["format"]:
        return "another version of this program"
    old = {"inputs": ", ".join(found["inputs"])} | found["settings"]
    new = {"inputs": ", ".join(wanted["inputs"])} | wanted["settings"]
    names = [name for name in [*old, *(name for name in new if name not in old)] if old.get(name) != new.get(name)]
    return "; ".join(f"{name} {_word(old.get(name))} (now {_word(new.get(name))})" for name in names)


def _word(value) -> str:
    return "none" if value is None else str(value)

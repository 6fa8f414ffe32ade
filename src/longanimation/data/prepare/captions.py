"""Captions that come with the sources: a text file beside each, or one list for all."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path, PurePosixPath

from longanimation.data.prepare.sources import Source
from longanimation.errors import InputError


class Captions:
    """Finds the caption of a source.

    path: a JSON Lines file of {"path": ..., "caption": ...} or a CSV file with the columns path and caption; a path is
    the source's name in the index, with or without its suffix, or an absolute path. Sources that are not in it, or all
    if it is None, take the text beside them: `a.txt` or `a.mp4.txt` for `a.mp4`, `shot.txt` for the folder `shot`.
    Raises InputError if the file cannot be read as such.
    """

    def __init__(self, path: str | os.PathLike | None = None):
        self._listed = {} if path is None else _read(Path(path))
        self._used: set[str] = set()

    def find(self, source: Source) -> str | None:
        """The caption on one line, None if there is none."""
        for key in (source.name, str(PurePosixPath(source.name).with_suffix("")), source.path.resolve().as_posix()):
            if key in self._listed:
                self._used.add(key)
                return self._listed[key] or None
        for name in dict.fromkeys((source.path.name, source.path.stem if source.path.is_file() else source.path.name)):
            beside = source.path.with_name(name + ".txt")
            if beside.is_file():
                return _one_line(beside.read_text("utf-8-sig", "replace")) or None
        return None

    @property
    def unused(self) -> list[str]:
        """Paths of the list that no source was found for."""
        return sorted(set(self._listed) - self._used)


def _read(path: Path) -> dict[str, str]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the captions {path} cannot be read ({error}); give a JSONL or CSV file in UTF-8") from error
    rows = _csv_rows(path, text) if path.suffix.lower() == ".csv" else _json_rows(path, text)
    captions = {}
    for number, row in rows:
        if not (isinstance(row, dict) and isinstance(row.get("path"), str) and isinstance(row.get("caption"), str)):
            raise InputError(f"line {number} of {path} has no path and caption; each line needs both")
        captions[row["path"].replace(os.sep, "/").removeprefix("./")] = _one_line(row["caption"])
    return captions


def _json_rows(path: Path, text: str):
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise InputError(f"line {number} of {path} is not JSON ({error}); mend it") from error


def _csv_rows(path: Path, text: str):
    reader = csv.DictReader(text.splitlines())
    if not {"path", "caption"} <= set(reader.fieldnames or ()):
        raise InputError(f"the first line of {path} must name the columns path and caption")
    yield from ((reader.line_num, row) for row in reader)


def _one_line(text: str) -> str:
    return " ".join(text.split())

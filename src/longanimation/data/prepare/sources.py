"""Which videos and folders of pictures the inputs hold."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from longanimation.errors import InputError
from longanimation.media.image_file import is_image
from longanimation.media.open_sequence import VIDEO_SUFFIXES

_ENDS = 1 << 20  # bytes of a video's head and tail that tell it from another version
_FEWEST_PICTURES = 2  # one picture beside videos is a cover, not a shot


@dataclass(frozen=True)
class Source:
    """One video or one folder of pictures.

    Attributes:
        name: path relative to the input root, with "/"; the first part is the input's own name if there are several.
        path: where it is now.
        bytes: size on disk, the measure of progress.
        fingerprint: changes with the content, not with place or date.
    """

    name: str
    path: Path
    bytes: int
    fingerprint: str

    @property
    def key(self) -> str:
        """Short name fit for files; different for each `name`."""
        stem = Path(self.name).stem if self.path.is_file() else Path(self.name).name
        plain = "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in stem)[:40]
        return f"{plain}-{hashlib.sha256(self.name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def find_sources(inputs: Sequence[str | os.PathLike], exclude: Path) -> list[Source]:
    """All videos and folders of two or more pictures under `inputs`, in order of their names.

    Hidden entries, links to folders and everything in `exclude` (the output) are passed over. Raises InputError if an
    input is missing or is no video, if two inputs have one name, or if nothing is found.
    """
    roots = [Path(path) for path in inputs]
    if not roots:
        raise InputError("no input; give a folder, videos or folders of pictures")
    names = [input_name(root) for root in roots]
    twice = [name for index, name in enumerate(names) if name in names[:index]]
    if twice:
        raise InputError(f"two inputs are called {twice[0]}; rename one or give the folder that holds both")
    found: dict[Path, Source] = {}
    for root, name in zip(roots, names, strict=True):
        prefix = name if len(roots) > 1 else ""
        for path in _under(root, exclude.resolve()):
            relative = path.relative_to(root).as_posix()
            parts = [part for part in (prefix, relative) if part not in ("", ".")]
            found.setdefault(path.resolve(), _source("/".join(parts) or name, path))
    if not found:
        raise InputError(f"no video and no folder of pictures in {', '.join(map(str, roots))}; give another folder")
    return sorted(found.values(), key=lambda source: source.name)


def input_name(path: str | os.PathLike) -> str:
    """The last part of an input's path, whatever way it was written."""
    return Path(path).resolve().name


def _under(root: Path, exclude: Path) -> list[Path]:
    if root.is_file():
        if root.suffix.lower() not in VIDEO_SUFFIXES:
            raise InputError(f"{root} is no video by its name; give a video or a folder")
        return [root]
    if not root.is_dir():
        raise InputError(f"input not found: {root}")
    found = []
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = [name for name in folders if not name.startswith(".") and (here / name).resolve() != exclude]
        if here.resolve() == exclude:
            folders[:] = []
            continue
        files = [name for name in files if not name.startswith(".")]
        if sum(map(is_image, files)) >= _FEWEST_PICTURES:
            found.append(here)
        found += [here / name for name in files if Path(name).suffix.lower() in VIDEO_SUFFIXES]
    return found


def _source(name: str, path: Path) -> Source:
    content = hashlib.sha256()
    try:
        if path.is_dir():
            pictures = sorted(entry for entry in path.iterdir() if is_image(entry) and not entry.name.startswith("."))
            sizes = [picture.stat().st_size for picture in pictures]
            content.update(repr([(picture.name, size) for picture, size in zip(pictures, sizes, strict=True)]).encode())
            for picture in (pictures[0], pictures[len(pictures) // 2], pictures[-1]):
                content.update(hashlib.sha256(picture.read_bytes()).digest())
            return Source(name, path, sum(sizes), content.hexdigest()[:32])
        size = path.stat().st_size
        content.update(str(size).encode())
        with open(path, "rb") as file:
            content.update(file.read(_ENDS))
            file.seek(max(0, size - _ENDS))
            content.update(file.read(_ENDS))
        return Source(name, path, size, content.hexdigest()[:32])
    except OSError as error:
        return Source(name, path, 0, f"unreadable: {error.strerror}")

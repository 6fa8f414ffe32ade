"""What makes a shot this shot: its frames, references and settings, by content, so that a change is noticed."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from longanimation.media import FrameSequence
from longanimation.shot.identical import digest
from longanimation.shot.window import Reference

_MOST_NAMED = 3


def identify(sequence: FrameSequence, references: list[Reference], settings: dict) -> dict:
    """The identity of a shot as JSON: no paths and no dates, so a moved shot is still the same shot."""
    identity = {
        "size": [sequence.height, sequence.width],
        "frames": identify_frames(sequence),
        "references": [[Path(r.name).name, r.frame, digest(r.image), digest(r.drawing.lines)] for r in references],
        "settings": settings,
    }
    return json.loads(json.dumps(identity))  # as it will be read back: no tuples


def identify_frames(sequence: FrameSequence) -> list[list[str]]:
    """[name, content] of each picture file; of the one file for a video; of each array in memory.

    Picture files are checked too, so that a damaged one is found now and not after an hour. Raises InputError.
    """
    source = sequence.source
    if source is None:
        return [[name, digest(sequence[index])] for index, name in enumerate(sequence.names)]
    if source.is_dir():
        pool = ThreadPoolExecutor(2)
        try:
            contents = pool.map(lambda index: _checked_digest(sequence, index), range(len(sequence)))
            return [[name, content] for name, content in zip(sequence.names, contents, strict=True)]
        finally:
            pool.shutdown(cancel_futures=True)
    return [[source.name, _file_digest(source)]]


def changes(before: dict, now: dict) -> list[str]:
    """What differs between two identities, in words; empty if nothing does."""
    found = []
    if before["size"] != now["size"]:
        found.append(f"the frame size ({_size(before)} before, {_size(now)} now)")
    found += _changed_frames(before["frames"], now["frames"])
    if before["references"] != now["references"]:
        found.append(_changed_references(before["references"], now["references"]))
    old, new = _flat(before["settings"]), _flat(now["settings"])
    for name in [*old, *(name for name in new if name not in old)]:
        if old.get(name) != new.get(name):
            found.append(f"{name} ({_short(old.get(name))} before, {_short(new.get(name))} now)")
    return found


def _changed_frames(before, now) -> list[str]:
    if before == now:
        return []
    old, new = dict(before), dict(now)
    names = [name for name, content in new.items() if name in old and old[name] != content]
    parts = []
    if names:
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        parts.append(f"the content of {', '.join(names[:_MOST_NAMED])}{more}")
    if set(old) != set(new):
        first = min(set(old) ^ set(new))
        parts.append(f"the set of frames ({len(old)} before, {len(new)} now; first difference {first})")
    return parts or ["the order of the frames"]


def _changed_references(before, now) -> str:
    old, new = [row[0] for row in before], [row[0] for row in now]
    if old != new:
        return f"the references ({', '.join(old) or 'none'} before, {', '.join(new) or 'none'} now)"
    names = [b[0] for a, b in zip(before, now, strict=True) if a != b]
    return f"the reference {', '.join(names)}"


def _flat(settings: dict, prefix: str = "") -> dict:
    flat = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{name} "))
        else:
            flat[prefix + name] = value
    return flat


def _short(value) -> str:
    text = "none" if value is None else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _size(identity: dict) -> str:
    height, width = identity["size"]
    return f"{width}x{height}"


def _checked_digest(sequence: FrameSequence, index: int) -> str:
    path = sequence.source / sequence.names[index]
    if not _sound_png(path):
        sequence[index]
    return _file_digest(path)


def _sound_png(path: Path) -> bool:
    """True for a PNG whose checksums are right: a twentieth of the time of decoding it."""
    if path.suffix.lower() != ".png":
        return False
    try:
        with Image.open(path) as image:
            image.verify()
    except Exception:
        return False
    return True


def _file_digest(path: Path) -> str:
    content = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            content.update(block)
    return content.hexdigest()[:32]

"""The identity of a shot inside a finished video, so that a later run knows what the file is.

It is a box at the end of the file that players skip: `uuid` in the mp4/mov family, `Void` in Matroska and WebM.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

_KEY = bytes.fromhex("6c6f6e67616e696d6174696f6e2d7631")  # "longanimation-v1"
_MATROSKA = {".mkv", ".webm"}
_SEARCHED = 1 << 20


def condense(identity: dict) -> dict:
    """The identity with one digest for all frames: small enough to travel inside the video."""
    frames = json.dumps(identity["frames"]).encode()
    return {**identity, "frames": [["the frames", hashlib.sha256(frames).hexdigest()[:32]]]}


def write_mark(video: Path, identity: dict) -> None:
    """Append the condensed identity to a finished video."""
    payload = _KEY + json.dumps(condense(identity), ensure_ascii=False).encode()
    if video.suffix.lower() in _MATROSKA:
        header = b"\xec\x01" + len(payload).to_bytes(7, "big")
    else:
        header = (len(payload) + 8).to_bytes(4, "big") + b"uuid"
    with open(video, "ab") as file:
        file.write(header + payload)


def read_mark(video: Path) -> dict | None:
    """The condensed identity of a video this program made, else None."""
    with open(video, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _SEARCHED))
        tail = file.read()
    start = tail.rfind(_KEY)
    if start < 0:
        return None
    try:
        return json.loads(tail[start + len(_KEY) :])
    except ValueError:
        return None

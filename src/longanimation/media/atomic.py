"""Whole files or none: written under a hidden name in the same folder, made durable, then renamed."""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from longanimation.errors import InputError

_SUFFIX = ".part"
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_ADVICE = {
    errno.ENOSPC: "free some space or choose another place",
    errno.EDQUOT: "free some space or choose another place",
    errno.EFBIG: "choose a place that allows larger files",
    errno.EACCES: "choose a place you may write to",
    errno.EPERM: "choose a place you may write to",
    errno.EROFS: "choose a place you may write to",
}


def cannot_write(path: str | os.PathLike, error: OSError) -> InputError:
    """The one-line message for a failed write: the path, the system's reason, what to do."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    advice = _ADVICE.get(error.errno, "choose another place")
    return InputError(f"cannot write {path}: {reason}; {advice}")


def make_folder(path: str | os.PathLike) -> Path:
    """Create a folder (and its parents) if it is missing. Raises InputError when that is impossible."""
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def temporary_name(path: str | os.PathLike) -> Path:
    """A fresh hidden name beside `path` with the same suffix (encoders choose their format by it)."""
    path = Path(path)
    return path.with_name(f".{path.stem}.{secrets.token_hex(4)}{_SUFFIX}{path.suffix}")


def put_in_place(temporary: Path, path: str | os.PathLike) -> None:
    """Make the finished file `temporary` durable and rename it to `path`. Raises InputError when that is impossible."""
    try:
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary path beside `path`; on leaving the block it becomes `path`, on an exception it is removed.

    A file already at `path` stays whole until the very end. A full disk and missing rights become InputError naming
    `path`.
    """
    temporary = temporary_name(path)
    try:
        try:
            yield temporary
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise cannot_write(path, error) from error
            raise
        put_in_place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike, data: bytes) -> None:
    """Write `data` to `path`, all of it or nothing. Raises InputError when the place cannot be written."""
    with atomic_path(path) as temporary:
        try:
            temporary.write_bytes(data)
        except OSError as error:
            raise cannot_write(path, error) from error


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Write `value` as readable JSON (keys in the given order), all of it or nothing."""
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def remove_leftovers(folder: str | os.PathLike) -> None:
    """Remove what a killed process left in `folder` under temporary names. The folder must have no other writer."""
    for entry in os.scandir(folder):
        stem = Path(entry.name).stem
        if entry.name.startswith(".") and (stem.endswith(_SUFFIX) or entry.name.endswith(_SUFFIX)) and entry.is_file():
            os.unlink(entry.path)

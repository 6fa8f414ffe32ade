"""Fetches single published files: continues where it stopped, checks the checksum where one is known."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from longanimation.errors import InputError
from longanimation.media.atomic import make_folder
from longanimation.weights.metric_files import MetricFile

_BLOCK = 1 << 20
_SECONDS = 60

Progress = Callable[[str, int, int], None]


def fetch_files(
    folder: str | Path, files: Sequence[MetricFile], *, progress: Progress = lambda phase, done, total: None
) -> list[Path]:
    """Fetch the files that are not there yet into `folder`; returns the paths of all.

    A file appears under its name only when it is whole and its checksum is right. progress: phase, whole megabytes
    done and in all of one file. Raises InputError in one line: not reachable, or the checksum is wrong.
    """
    folder = make_folder(folder)
    paths = []
    for file in files:
        path = folder / file.name
        paths.append(path)
        if not path.is_file():
            _fetch(path, file, progress)
    return paths


def _fetch(path: Path, file: MetricFile, progress: Progress) -> None:
    part = path.with_name(path.name + ".part")
    try:
        _download(part, file, progress)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(
            f"cannot fetch {file.name} from {file.url}: {reason}; run the command again to continue, "
            f"or put the file into {path.parent}"
        ) from error
    found = _sha256(part)
    if not found.startswith(file.sha256):
        part.unlink()
        raise InputError(f"{file.name} from {file.url} has the SHA-256 {found}, not {file.sha256}...; it was not kept")
    os.replace(part, path)


def _download(part: Path, file: MetricFile, progress: Progress) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "longanimation"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(urllib.request.Request(file.url, headers=headers), timeout=_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not have:  # 416: nothing after what is there, so it is whole
            raise
        return
    with answer:
        if answer.status != 206:
            have = 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else file.bytes
        with open(part, "ab" if have else "wb") as target:
            while block := answer.read(_BLOCK):
                target.write(block)
                have += len(block)
                progress(f"fetch {file.name}", have // 10**6, total // 10**6)
        if length and have != total:
            raise ValueError(f"the connection ended after {have} of {total} bytes")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()

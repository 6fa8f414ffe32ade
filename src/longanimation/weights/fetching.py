"""Fetches published weights from the hub: continues where it stopped, checks every file against the hub's checksum."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from longanimation.errors import InputError
from longanimation.media.atomic import make_folder, write_json
from longanimation.weights.sources import Source
from longanimation.weights.tensor_files import read_json

RECORD = "fetched.json"
"""Beside the files of a source: repository, revision, and size and checksum of every file already verified."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class RemoteFile:
    """A file on the hub. checksum: "sha256:..." (large files) or "git:..." (small ones, SHA-1 of the git object)."""

    name: str
    size: int
    checksum: str


@dataclass(frozen=True)
class Listing:
    """The files of a source at one revision."""

    source: Source
    revision: str
    files: list[RemoteFile]

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


def list_source(source: Source, *, endpoint: str | None = None) -> Listing:
    """Ask the hub what a source holds now. Raises InputError when it cannot be reached or has nothing that fits."""
    from huggingface_hub import HfApi

    endpoint = endpoint or os.environ.get("HF_ENDPOINT")
    try:
        info = HfApi(endpoint=endpoint).model_info(source.repo, files_metadata=True)
    except Exception as error:
        raise _unreachable(source, error) from error
    siblings = {sibling.rfilename: sibling for sibling in info.siblings or []}
    names = source.choose(siblings)
    if not names:
        raise InputError(f"{source.repo} on the hub has none of {', '.join(source.patterns)}")
    files = []
    for name in names:
        sibling = siblings[name]
        checksum = f"sha256:{sibling.lfs['sha256']}" if sibling.lfs else f"git:{sibling.blob_id}"
        files.append(RemoteFile(name, sibling.size or 0, checksum))
    return Listing(source, info.sha, files)


def fetch(
    destination: str | Path,
    sources: Sequence[Source],
    *,
    endpoint: str | None = None,
    progress: Progress = lambda phase, done, total: None,
) -> list[Path]:
    """Fetch sources into `destination`, a folder per source; returns these folders.

    Files already there and verified are not fetched again; a broken file is fetched once more. progress: phase, whole
    megabytes done and in all. Raises InputError: hub not reachable, disk too small, checksum wrong twice.
    """
    destination = make_folder(destination)
    listings = [list_source(source, endpoint=endpoint) for source in sources]
    folders = [destination / listing.source.folder for listing in listings]
    todo = [
        (folder, listing, file)
        for folder, listing in zip(folders, listings, strict=True)
        for file in listing.files
        if not _verified(folder, file)
    ]
    need = sum(file.size for _, _, file in todo)
    free = shutil.disk_usage(destination).free
    if need > free:
        raise InputError(
            f"{destination} has {free / 1e9:.1f} GB free but {need / 1e9:.1f} GB are to be fetched; choose another disk"
        )
    total = sum(listing.bytes for listing in listings)
    done = total - need
    for folder, listing, file in todo:
        progress(f"fetch {listing.source.name}", done // 10**6, total // 10**6)
        _fetch_file(folder, listing, file, endpoint)
        done += file.size
    progress("fetch", total // 10**6, total // 10**6)
    return folders


def checksum_of(path: Path, kind: str) -> str:
    """Checksum of a file in the form of `RemoteFile.checksum`; kind: "sha256" or "git"."""
    if kind == "git":
        digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    else:
        digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return f"{kind}:{digest.hexdigest()}"


def _fetch_file(folder: Path, listing: Listing, file: RemoteFile, endpoint: str | None) -> None:
    from huggingface_hub import hf_hub_download

    endpoint = endpoint or os.environ.get("HF_ENDPOINT")
    path = folder / file.name
    for attempt in range(2):
        broken = attempt > 0 or (path.exists() and path.stat().st_size != file.size)
        try:
            hf_hub_download(
                listing.source.repo,
                file.name,
                revision=listing.revision,
                local_dir=folder,
                endpoint=endpoint,
                force_download=broken,
            )
        except Exception as error:
            raise _unreachable(listing.source, error) from error
        if checksum_of(path, file.checksum.split(":")[0]) == file.checksum:
            _record(folder, listing, file)
            return
    raise InputError(f"{path} still differs from the hub's checksum after a second try; run the command again later")


def _record(folder: Path, listing: Listing, file: RemoteFile) -> None:
    record = _read_record(folder)
    record |= {"repo": listing.source.repo, "revision": listing.revision}
    record.setdefault("files", {})[file.name] = {"size": file.size, "checksum": file.checksum}
    write_json(folder / RECORD, record)


def _verified(folder: Path, file: RemoteFile) -> bool:
    path = folder / file.name
    entry = _read_record(folder).get("files", {}).get(file.name)
    return entry is not None and entry["checksum"] == file.checksum and path.is_file() and _size(path) == file.size


def _read_record(folder: Path) -> dict:
    return read_json(folder / RECORD) if (folder / RECORD).is_file() else {}


def _size(path: Path) -> int:
    return path.stat().st_size


def _unreachable(source: Source, error: Exception) -> Exception:
    """The one-line error for what a network or hub can do; a bug of ours stays what it is."""
    if isinstance(error, KeyError | TypeError | AttributeError | AssertionError):
        return error
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return InputError(f"cannot fetch {source.repo}: {reason}; run the command again to continue where it stopped")

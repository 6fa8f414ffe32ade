"""The place a shot is written to: what is there already, and the steps that keep it whole at every moment."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from longanimation.errors import InputError
from longanimation.media import FrameSequence, encode_video, is_video_output
from longanimation.media.atomic import cannot_write, make_folder, put_in_place, remove_leftovers, write_json
from longanimation.media.image_file import is_image
from longanimation.media.open_sequence import VIDEO_SUFFIXES
from longanimation.shot.checkpoint import CheckpointFolder
from longanimation.shot.frame_store import FrameStore
from longanimation.shot.identity import changes
from longanimation.shot.lock import OutputLock
from longanimation.shot.video_mark import condense, read_mark, write_mark

WORK_SUFFIX = ".longanimation"
_RECORD = "shot.json"
_FORMAT = 1


@dataclass(frozen=True)
class Standing:
    """What is found at the output: "nothing", "unfinished", "finished", or "foreign" (pictures of unknown origin)."""

    kind: str
    identity: dict | None = None


class ShotOutput:
    """A folder of PNG files with its work folder inside (`OUT/.longanimation`), or a video with its work folder beside
    it (`OUT.mp4.longanimation`, gone when the video is finished)."""

    def __init__(self, output: str | os.PathLike, sequence: FrameSequence):
        """Raises InputError if the place cannot be an output for this input."""
        self.path, self.sequence = Path(output), sequence
        self.is_video = is_video_output(self.path)
        self.work = Path(f"{self.path}{WORK_SUFFIX}") if self.is_video else self.path / WORK_SUFFIX
        self.frames = self.work / "frames" if self.is_video else self.path
        self.checkpoints = CheckpointFolder(self.work)
        self._check_path()

    def standing(self) -> Standing:
        """Look only; nothing is created."""
        record = self._read_record()
        if self.is_video:
            if record is not None:
                return Standing("unfinished", record["identity"])
            if not self.path.exists():
                return Standing("nothing")
            identity = read_mark(self.path)
            return Standing("foreign") if identity is None else Standing("finished", identity)
        pictures = self._pictures()
        if record is not None and (pictures or not record["finished"]):
            return Standing("finished" if record["finished"] else "unfinished", record["identity"])
        return Standing("foreign" if pictures else "nothing")

    def check(self, *, resume: bool, overwrite: bool) -> Standing:
        """The standing, if it allows this run to begin; InputError with what to do otherwise."""
        standing = self.standing()
        if resume and overwrite:
            raise InputError("resume and overwrite exclude each other: go on with a shot or begin it again")
        if standing.kind == "nothing":
            return standing
        if standing.kind == "foreign":
            self._check_foreign(overwrite)
        elif not (resume or overwrite):
            state = "an unfinished shot" if standing.kind == "unfinished" else "a finished shot"
            on = "--resume to go on with it, " if standing.kind == "unfinished" else ""
            raise InputError(f"{self.path} holds {state}; use {on}--overwrite to replace it, or choose another output")
        return standing

    def check_same(self, standing: Standing, identity: dict) -> None:
        """Raise InputError naming what differs from the shot that was begun here."""
        video_is_done = self.is_video and standing.kind == "finished"
        changed = changes(standing.identity, condense(identity) if video_is_done else identity)
        if changed:
            raise InputError(
                f"cannot resume {self.path}: changed since it was begun: {'; '.join(changed)}; "
                "put it back, or begin again with --overwrite"
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the output against other runs. If nothing was begun, no trace is left."""
        created = [folder for folder in (self.work, *self.work.parents) if not folder.exists()]
        make_folder(self.work)
        lock = OutputLock(self.work / "lock", self.path)
        try:
            yield
        finally:
            lock.release()
            for folder in created:
                try:
                    folder.rmdir()
                except OSError:
                    break

    def begin(self, identity: dict) -> None:
        """Make the place empty and note which shot is being written."""
        self.clear()
        self._write_record(identity, finished=False)

    def clear(self) -> None:
        """Remove what an earlier run wrote, and nothing else. A finished video stays until the new one replaces it."""
        record = self._read_record()
        self._record_path.unlink(missing_ok=True)
        self.checkpoints.clear()
        remove_leftovers(self.work)
        if self.is_video:
            shutil.rmtree(self.frames, ignore_errors=True)
        elif record is not None:
            for name in record["files"]:
                (self.path / name).unlink(missing_ok=True)

    def open_store(self) -> FrameStore:
        """Where finished frames go."""
        return FrameStore(self.frames, self.sequence)

    def finish(self, identity: dict, fps: Fraction | None, progress: Callable[[int], None]) -> list[str]:
        """Make the result complete. All frames must be written. Returns notes for the user."""
        notes = []
        if self.is_video:
            notes = self._finish_video(identity, fps, progress)
        else:
            self._write_record(identity, finished=True)
        self.tidy()
        return notes

    def tidy(self) -> None:
        """Remove what is not needed beside a finished shot."""
        if self.is_video:
            self._record_path.unlink(missing_ok=True)  # first, so that a half-removed folder is not taken for a shot
            shutil.rmtree(self.work, ignore_errors=True)
        else:
            self.checkpoints.clear()
            remove_leftovers(self.work)
            remove_leftovers(self.path)

    def file_names(self) -> list[str]:
        return [f"{Path(name).stem}.png" for name in self.sequence.names]

    def _finish_video(self, identity, fps, progress) -> list[str]:
        store = self.open_store()
        encoded = self.work / f"video{self.path.suffix.lower()}"
        size = (self.sequence.height, self.sequence.width)
        try:
            frames = (store.read(index) for index in range(len(self.sequence)))
            notes = encode_video(encoded, frames, fps or self.sequence.fps, size, progress)
        finally:
            store.close()
        try:
            write_mark(encoded, identity)
            put_in_place(encoded, self.path)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        return [note.replace(encoded.name, self.path.name) for note in notes]

    def _check_path(self) -> None:
        source = self.sequence.source
        if source is not None and self.path.exists():
            source = source.resolve()
            if self.path.resolve() in (source, source.parent if source.is_file() else None):
                raise InputError(f"the output {self.path} would overwrite the input; choose another place")
        if self.is_video and self.path.is_dir():
            raise InputError(f"cannot write {self.path}: it is a folder; choose another name")
        if not self.is_video and self.path.exists() and not self.path.is_dir():
            raise InputError(f"cannot write into {self.path}: it is a file; give a folder or a name ending in .mp4")
        if not self.is_video and not self.path.exists():
            if is_image(self.path):
                raise InputError(f"{self.path} names one picture; give a folder or a name ending in .mp4")
            if self.path.suffix.lower() in VIDEO_SUFFIXES:
                raise InputError(f"{self.path}: such videos are read, not written; give a name ending in .mp4 or .mov")

    def _check_foreign(self, overwrite: bool) -> None:
        if not overwrite:
            what = "exists already" if self.is_video else "holds other pictures"
            raise InputError(f"{self.path} {what}; choose another output, or --overwrite to replace it")
        others = [] if self.is_video else sorted(set(self._pictures()) - set(self.file_names()))
        if others:
            raise InputError(
                f"{self.path} holds pictures that are not of this shot, e.g. {others[0]}; choose an empty folder"
            )

    def _pictures(self) -> list[str]:
        try:
            return [name for name in os.listdir(self.path) if is_image(name) and not name.startswith(".")]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise cannot_write(self.path, error) from error

    @property
    def _record_path(self) -> Path:
        return self.work / _RECORD

    def _read_record(self) -> dict | None:
        try:
            record = json.loads(self._record_path.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read {self._record_path}: {error}; remove {self.work} and begin again") from error
        if record.get("format") != _FORMAT:
            raise InputError(f"{self.work} was written by another version; remove it and begin again")
        return record

    def _write_record(self, identity: dict, *, finished: bool) -> None:
        record = {"format": _FORMAT, "finished": finished, "identity": identity}
        write_json(self._record_path, record | {"files": [] if self.is_video else self.file_names()})

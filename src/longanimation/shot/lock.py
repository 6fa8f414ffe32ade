"""One run at a time for one output."""

from __future__ import annotations

import os
from pathlib import Path

from longanimation.errors import InputError
from longanimation.media.atomic import cannot_write

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt


class OutputLock:
    """Held by an open file, so the system releases it however the process ends."""

    def __init__(self, path: Path, output: Path):
        """Take the lock file `path` for `output`. Raises InputError if another run holds it."""
        self.path = path
        while True:
            try:
                self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            except OSError as error:
                raise cannot_write(path, error) from error
            if not _try_lock(self._file):
                os.close(self._file)
                raise InputError(f"another run is writing {output}; wait for it, stop it, or choose another output")
            if self._is_current():
                return
            os.close(self._file)  # the run before us removed the file between our open and our lock

    def release(self) -> None:
        """Remove the lock file and let go."""
        if self._file is None:
            return
        if fcntl is not None and self._is_current():
            self.path.unlink()
        os.close(self._file)
        self._file = None
        if fcntl is None:
            self.path.unlink(missing_ok=True)

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._file), os.stat(self.path))
        except FileNotFoundError:
            return False


def _try_lock(file: int) -> bool:
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True

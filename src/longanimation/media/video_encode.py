"""Frames to a video file that players and editing programs show in the right colours."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np

from longanimation.errors import InputError
from longanimation.media.atomic import cannot_write, put_in_place, temporary_name
from longanimation.media.bt709 import to_picture

DEFAULT_RATE = Fraction(24)
_BT709, _LIMITED = 1, 1
_THREADS = 4  # a part of the encoder's result: fixed, whatever the machine has


@dataclass(frozen=True)
class _Codec:
    """How one kind of file is encoded: encoder, pixel format, encoder settings, container settings."""

    encoder: str
    pixels: str
    options: dict[str, str]
    container: dict[str, str]


_PLAIN = {"fflags": "+bitexact"}  # no version or date in the file
_FRONT = {**_PLAIN, "movflags": "+faststart"}
# With macroblock trees small pictures gave other bytes now and then: 10 of 250 times at 64x160, without them never.
_H264 = ("libx264", "yuv420p", {"crf": "14", "preset": "faster", "tune": "animation", "mbtree": "0"})
_CODECS = {
    ".mp4": _Codec(*_H264, _FRONT),
    ".m4v": _Codec(*_H264, _FRONT),
    ".mkv": _Codec(*_H264, _PLAIN),
    ".mov": _Codec("prores_ks", "yuv444p10le", {"profile": "4444", "vendor": "apl0"}, _FRONT),
    ".webm": _Codec("libvpx-vp9", "yuv420p", {"crf": "16", "b": "0", "deadline": "good", "cpu-used": "4"}, _PLAIN),
}
VIDEO_OUTPUTS = frozenset(_CODECS)


def encode_video(
    output: str | os.PathLike,
    frames: Iterable[np.ndarray],
    fps: Fraction | None,
    size: tuple[int, int],
    progress: Callable[[int], None] | None = None,
) -> list[str]:
    """Encode all `frames` into one file, whole or not at all. The same frames always give the same bytes.

    .mp4, .m4v and .mkv hold H.264 (4:2:0, crf 14), .mov holds ProRes 4444 for editing, .webm holds VP9. Colours are
    converted with the bt709 matrix to limited range and tagged so. There is no sound and nothing that names a time.

    Args:
        frames: uint8 [H, W, 3] or [H, W, 4] (laid on white) each.
        fps: frames per second, 24 if None.
        size: height and width of the frames.
        progress: called with the number of frames encoded so far.

    Returns notes for the user, e.g. that an odd size was padded. Raises InputError if the suffix is unknown, there
    is no frame, or the file cannot be written.
    """
    encoder = VideoEncoder(output, fps, size)
    try:
        for frame in frames:
            encoder.add(frame)
            if progress is not None:
                progress(encoder.count)
        encoder.finish()
    except BaseException:
        encoder.abort()
        raise
    return encoder.notes


class VideoEncoder:
    """A video written frame by frame under a temporary name. End it with `finish` or `abort`."""

    def __init__(self, output: str | os.PathLike, fps: Fraction | None, size: tuple[int, int]):
        self.path, self.count, self.notes = Path(output), 0, []
        codec = _CODECS.get(self.path.suffix.lower())
        if codec is None:
            raise InputError(f"cannot write {self.path}: a video ends in {', '.join(sorted(_CODECS))}")
        if codec.encoder not in av.codecs_available:
            raise InputError(f"cannot write {self.path}: no {codec.encoder} encoder in this av; use another suffix")
        self._pixels = codec.pixels
        self._size = tuple(size)
        self._rate = Fraction(fps or DEFAULT_RATE).limit_denominator(65_535)
        height, width = size
        self._padding = (height % 2, width % 2) if codec.pixels == "yuv420p" else (0, 0)
        if any(self._padding):
            self.notes.append(
                f"{self.path.name} is {width + self._padding[1]}x{height + self._padding[0]}, not {width}x{height}: "
                "this kind of video needs even sides, the last column or row is repeated"
            )
        self._temporary = temporary_name(self.path)
        self._container = None
        with self._failing_cleanly():
            self._container = av.open(str(self._temporary), "w", container_options=codec.container)
            self._stream = self._container.add_stream(codec.encoder, rate=self._rate)
            self._stream.height, self._stream.width = height + self._padding[0], width + self._padding[1]
            self._stream.pix_fmt = codec.pixels
            context = self._stream.codec_context
            context.options = codec.options
            context.thread_count, context.thread_type = _THREADS, "FRAME"
            context.time_base = 1 / self._rate
            context.color_primaries = context.color_trc = context.colorspace = _BT709
            context.color_range = _LIMITED

    def add(self, frame: np.ndarray) -> None:
        """Append uint8 [H, W, 3] sRGB, or [H, W, 4] which is laid on white."""
        if frame.shape[:2] != self._size:
            raise ValueError(f"frame {self.count} is {frame.shape[:2]}, the video {self._size}")
        picture = to_picture(frame, self._padding, self._pixels)
        picture.pts, picture.time_base = self.count, 1 / self._rate
        with self._failing_cleanly():
            self._container.mux(self._stream.encode(picture))
        self.count += 1

    def finish(self) -> None:
        """Write what the encoder still holds and put the file in its place."""
        with self._failing_cleanly():
            if self.count == 0:
                raise InputError(f"cannot write {self.path}: there is no frame")
            self._container.mux(self._stream.encode(None))
            self._container.close()
            self._container = None
            put_in_place(self._temporary, self.path)

    def abort(self) -> None:
        """Leave nothing behind. A file that was at the output path before stays as it was."""
        container, self._container = self._container, None
        if container is not None:
            with suppress(av.error.FFmpegError, OSError):
                container.close()
        self._temporary.unlink(missing_ok=True)

    @contextmanager
    def _failing_cleanly(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.abort()
            if isinstance(error, OSError):
                raise cannot_write(self.path, error) from error
            if isinstance(error, av.error.FFmpegError):
                raise InputError(
                    f"cannot write {self.path}: {error.strerror}; choose another place or suffix"
                ) from error
            raise

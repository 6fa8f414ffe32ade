"""A video file as a sequence of frames: cheap forwards, correct in any order."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.video.reformatter import Interpolation

from longanimation.errors import InputError
from longanimation.media.sequence import FrameSequence
from longanimation.media.video_index import index_video

_KEPT_FRAMES = 4
_DECODE_RATHER_THAN_SEEK = 48
_HD_HEIGHT = 720  # untagged pictures from here on are bt709, smaller ones bt601, as players assume
_UNTAGGED = 2
_MATRICES = {1: "ITU709", 5: "ITU601", 6: "ITU601"}
_SCALER = Interpolation.BILINEAR
if hasattr(Interpolation, "FULL_CHR_H_INT"):  # av 13 and later: no chroma blocks, no rounding drift
    _SCALER = _SCALER | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND


class VideoSequence(FrameSequence):
    """Frames of the first picture stream in order of showing, upright, as RGB (RGBA where the stream has alpha).

    Reading forwards decodes each frame once; the last few are kept. Other positions are reached by seeking to the key
    frame before them, or from the start of the file where it has no time stamps.
    """

    def __init__(self, path: Path, fps: Fraction | None = None):
        self.source, self.missing, self.notes = path, [], []
        self._cache: OrderedDict[int, np.ndarray] = OrderedDict()
        self._container = None
        try:
            self._index = index_video(path)
            first = self._decode(0)
        except av.error.FFmpegError as error:
            raise InputError(f"{path} cannot be read as a video ({error.strerror}); replace the file") from error
        self.height, self.width = first.shape[:2]
        self.fps = fps or self._index.rate
        self.numbers = list(range(self._index.count))
        digits = max(4, len(str(self._index.count - 1)))
        self.names = [f"{path.stem}_{number:0{digits}d}.png" for number in self.numbers]
        self.variable_rate = self._index.uneven
        if self.variable_rate:
            self.notes.append("the frames are unevenly spaced in time; a video made from them is evenly spaced")

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None

    def _read(self, index: int) -> np.ndarray:
        frame = self._cache.get(index)
        if frame is None:
            try:
                frame = self._decode(index)
            except av.error.FFmpegError as error:
                self.close()
                raise self._damaged(index, error.strerror) from error
        if frame.shape[:2] != (self.height, self.width):
            raise self._damaged(index, f"its size is {frame.shape[1]}x{frame.shape[0]}, not {self.width}x{self.height}")
        return frame.copy()

    def _decode(self, index: int) -> np.ndarray:
        if self._container is None or not self._next <= index <= self._next + _DECODE_RATHER_THAN_SEEK:
            self._open_at(index)
        frame = self._forward_to(index)
        if frame is None and self._sought:  # the seek landed behind the frame
            self._open_at(0)
            frame = self._forward_to(index)
        if frame is None:
            self.close()
            raise self._damaged(index, "damaged or cut off")
        self._cache[index] = frame
        while len(self._cache) > _KEPT_FRAMES:
            self._cache.popitem(last=False)
        return frame

    def _open_at(self, index: int) -> None:
        self.close()
        self._container = av.open(str(self.source))
        stream = self._container.streams.video[0]
        stream.thread_type = "AUTO"
        self._next, self._sought = 0, False
        if index > 0 and self._index.stamps:
            with suppress(av.error.FFmpegError):  # not seekable: decode from the start
                self._container.seek(self._index.stamps[index], stream=stream, backward=True)
                self._next, self._sought = index, True
        self._frames = self._positioned(self._container.decode(stream))

    def _forward_to(self, index: int) -> np.ndarray | None:
        for position, picture in self._frames:
            self._next = position + 1
            if position == index:
                return _to_array(picture, int(self._container.streams.video[0].codec_context.colorspace))
            if position > index:
                break
        return None

    def _positioned(self, pictures: Iterator[av.VideoFrame]) -> Iterator[tuple[int, av.VideoFrame]]:
        if not self._index.stamps:
            yield from enumerate(pictures)
            return
        positions = {stamp: position for position, stamp in enumerate(self._index.stamps)}
        for picture in pictures:
            if picture.pts in positions:  # frames outside an edit list are not shown
                yield positions[picture.pts], picture

    def _damaged(self, index: int, reason: str) -> InputError:
        return InputError(f"frame {index} cannot be read: {self.source} ({reason}); replace the file")


def _to_array(picture: av.VideoFrame, tag: int) -> np.ndarray:
    """uint8 [H, W, 3|4] with the matrix the frame, else the stream (`tag`), names; turned as the file says."""
    palette = picture.format.has_palette
    see_through = palette or any(component.is_alpha for component in picture.format.components)
    matrix = None
    if not picture.format.is_rgb and not palette:
        tag = tag if int(picture.colorspace) == _UNTAGGED else int(picture.colorspace)
        matrix = _MATRICES.get(tag)
        if tag == _UNTAGGED:
            matrix = "ITU709" if picture.height >= _HD_HEIGHT else "ITU601"
    kind = "rgba" if see_through else "rgb24"
    array = picture.reformat(format=kind, src_colorspace=matrix, interpolation=_SCALER).to_ndarray()
    if palette and array[..., 3].min() == 255:
        array = array[..., :3]
    turns = round(getattr(picture, "rotation", 0) / 90) % 4  # the file counts degrees counterclockwise
    return np.ascontiguousarray(np.rot90(array, turns))

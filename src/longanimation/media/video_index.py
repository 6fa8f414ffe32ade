"""Which frames a video holds: their time stamps, without decoding the whole file where that can be avoided."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np

from longanimation.errors import InputError


@dataclass(frozen=True)
class VideoIndex:
    """Frames of a video's first picture stream.

    Attributes:
        stamps: time stamp of each frame in stream ticks, in order of showing; None if the file has no usable ones.
        count: number of frames.
        rate: frames per second (the mean of an uneven stream), None if unknown.
        uneven: True if the time between frames varies.
    """

    stamps: tuple[int, ...] | None
    count: int
    rate: Fraction | None
    uneven: bool


def index_video(path: Path) -> VideoIndex:
    """Read the packet table. The file is decoded once to count only if the decoder disagrees with it at either end.

    Raises InputError if there is no picture stream or no frame can be decoded; av's errors pass through.
    """
    with av.open(str(path)) as container:
        if not container.streams.video:
            raise InputError(f"{path} has no picture stream; give a video or a folder of pictures")
        stream = container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate
        packets = [packet.pts for packet in container.demux(stream) if packet.size and not packet.is_discard]
    stamps: list | None = packets
    if not stamps or None in stamps or len(set(stamps)) < len(stamps):
        stamps = None
    else:
        stamps.sort()
    if stamps is None or not _decoder_agrees(path, stamps):
        stamps = _decoded_stamps(path)
        packets = stamps
        if None in stamps or any(b <= a for a, b in zip(stamps, stamps[1:], strict=False)):
            stamps = None
    rate = Fraction(rate).limit_denominator(100_000) if rate else None
    return VideoIndex(tuple(stamps) if stamps else None, len(packets), rate, bool(stamps) and _uneven(stamps))


def _decoder_agrees(path: Path, stamps: list[int]) -> bool:
    """True if decoding yields the first and the last of `stamps` at the two ends of the file."""
    try:
        with av.open(str(path)) as container:
            first = next(container.decode(video=0), None)
            if first is None or first.pts != stamps[0]:
                return False
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            container.seek(stamps[-1], stream=stream, backward=True)
            last = None
            for last in container.decode(stream):  # noqa: B007
                pass
            return last is not None and last.pts == stamps[-1]
    except av.error.FFmpegError:
        return False


def _decoded_stamps(path: Path) -> list[int | None]:
    stamps = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        with suppress(av.error.FFmpegError):  # the end is cut off: what can be decoded counts
            stamps.extend(picture.pts for picture in container.decode(stream))
    if not stamps:
        raise InputError(f"{path} holds no frame that can be decoded; replace the file")
    return stamps


def _uneven(stamps: list[int]) -> bool:
    steps = np.diff(stamps)
    return len(steps) > 1 and int(steps.max() - steps.min()) > max(2, 0.1 * float(np.median(steps)))

"""Which frames each window sees, and which of them it keeps."""

from dataclasses import dataclass

from longanimation.errors import InputError


@dataclass(frozen=True)
class Segment:
    """One window of a shot. All positions are 0-based source frames; ranges are half-open.

    index: number of the segment in the shot.
    start, stop: the source frames that the window sees.
    keep_start, keep_stop: the source frames whose result is kept; every frame of a shot is kept exactly once.
    indices: the source frame of each slot of the window. A window that reaches beyond the shot holds the last frame;
        what comes out of those slots is dropped.
    """

    index: int
    start: int
    stop: int
    keep_start: int
    keep_stop: int
    indices: tuple[int, ...]

    @property
    def prompt_frame(self) -> int:
        """The frame that stands for the window where text changes along the shot: the middle of the kept ones."""
        return (self.keep_start + self.keep_stop - 1) // 2

    @property
    def held(self) -> int:
        """Slots at the end that only repeat the last frame of the shot."""
        return len(self.indices) - (self.stop - self.start)


def plan_segments(total_frames: int, window: int = 81, overlap: int = 16) -> list[Segment]:
    """Cut a shot into windows of `window` frames that share `overlap` frames with the one before.

    The defaults are those of the published checkpoint (81 frames, stride 65). Inside an overlap the earlier segment
    keeps the first half and the later one the second half, as the published joining does; but the first segment keeps
    its first frame, the last one everything up to the end, and a shot shorter than a window is one segment: total
    frames in, total frames out.

    Raises InputError when there is no frame or the overlap leaves no stride.
    """
    if total_frames < 1:
        raise InputError("there are no frames to colour: give at least one line drawing")
    if window < 1 or not 0 <= overlap < window:
        raise InputError(f"a window of {window} frames cannot overlap by {overlap}: choose 0 <= overlap < window")
    stride = window - overlap
    count = 1 + max(0, -(-(total_frames - window) // stride))
    joins = [0, *(k * stride + overlap // 2 for k in range(1, count)), total_frames]
    last = total_frames - 1
    return [
        Segment(
            index=k,
            start=k * stride,
            stop=min(k * stride + window, total_frames),
            keep_start=joins[k],
            keep_stop=joins[k + 1],
            indices=tuple(min(i, last) for i in range(k * stride, k * stride + window)),
        )
        for k in range(count)
    ]

"""What an evaluation found: the numbers of a shot, and tables of several shots or methods."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from longanimation.errors import InputError
from longanimation.media.atomic import write_bytes, write_json

MAX_DRIFT_FRAMES = 100


@dataclass(frozen=True)
class FrameScore:
    """Scores of one frame. segments: right, all, right over 10 px, all over 10 px."""

    number: int
    psnr: float  # dB
    ssim: float  # -1..1
    right: float  # share of pixels off the line within CIEDE2000 < 5, 0..1
    color_error: float  # mean CIEDE2000 off the line
    segments: tuple[int, int, int, int]


@dataclass(frozen=True)
class Report:
    """Scores of a shot (means over its frames; segments pooled over its frames)."""

    name: str
    frames: int
    psnr: float
    ssim: float
    right: float
    color_error: float
    segments: tuple[int, int, int, int]
    first_error: float  # mean colour error of the first `drift_frames` frames
    last_error: float  # and of the last
    drift_frames: int
    flicker: float
    per_frame: tuple[FrameScore, ...] = field(default=(), repr=False)

    @property
    def segment_accuracy(self) -> float | None:
        """Share of regions painted right; None where no regions were given."""
        return self.segments[0] / self.segments[1] if self.segments[1] else None

    @property
    def large_segment_accuracy(self) -> float | None:
        """The same over regions of more than 10 pixels."""
        return self.segments[2] / self.segments[3] if self.segments[3] else None

    @property
    def drift(self) -> float:
        """Error of the last frames over that of the first: 1 = no drift. Errors below 0.01 count as 0.01."""
        return max(self.last_error, 0.01) / max(self.first_error, 0.01)

    @classmethod
    def from_frames(
        cls, name: str, frames: Sequence[FrameScore], *, flicker: float = 0.0, drift_frames: int | None = None
    ) -> Report:
        """Sums up frames; `drift_frames` defaults to a fifth of the shot, at most 100."""
        if not frames:
            raise InputError(f"nothing to score in {name or 'the shot'}: it has no frames")
        span = drift_frames or max(1, min(MAX_DRIFT_FRAMES, len(frames) // 5))
        errors = [frame.color_error for frame in frames]
        return cls(
            name=name,
            frames=len(frames),
            psnr=float(np.mean([frame.psnr for frame in frames])),
            ssim=float(np.mean([frame.ssim for frame in frames])),
            right=float(np.mean([frame.right for frame in frames])),
            color_error=float(np.mean(errors)),
            segments=tuple(np.sum([frame.segments for frame in frames], axis=0).tolist()),
            first_error=float(np.mean(errors[:span])),
            last_error=float(np.mean(errors[-span:])),
            drift_frames=span,
            flicker=flicker,
            per_frame=tuple(frames),
        )

    @classmethod
    def mean(cls, name: str, reports: Sequence[Report]) -> Report:
        """Mean over shots, each shot counting the same; segments pooled. Drift becomes the ratio of the mean errors."""

        def average(key):
            return float(np.mean([getattr(report, key) for report in reports]))

        return cls(
            name=name,
            frames=sum(report.frames for report in reports),
            psnr=average("psnr"),
            ssim=average("ssim"),
            right=average("right"),
            color_error=average("color_error"),
            segments=tuple(np.sum([report.segments for report in reports], axis=0).tolist()),
            first_error=average("first_error"),
            last_error=average("last_error"),
            drift_frames=max(report.drift_frames for report in reports),
            flicker=average("flicker"),
        )

    def as_dict(self, *, per_frame: bool = True) -> dict:
        """Plain numbers for JSON; values that are not numbers become None."""
        values = asdict(self)
        if not per_frame or not self.per_frame:
            values.pop("per_frame")
        values["segment_accuracy"] = self.segment_accuracy
        values["large_segment_accuracy"] = self.large_segment_accuracy
        values["drift"] = self.drift
        return _finite(values)

    @classmethod
    def from_dict(cls, values: dict) -> Report:
        """The inverse of `as_dict`."""
        derived = {"segment_accuracy", "large_segment_accuracy", "drift"}
        values = {key: math.nan if value is None else value for key, value in values.items() if key not in derived}
        values["segments"] = tuple(values["segments"])
        values["per_frame"] = tuple(
            FrameScore(**{**frame, "segments": tuple(frame["segments"]), "ssim": _number(frame["ssim"])})
            for frame in values.get("per_frame", ())
        )
        return cls(**values)

    def write_json(self, path: str | Path) -> None:
        """Writes every number, frames included."""
        write_json(path, self.as_dict())

    def write_markdown(self, path: str | Path) -> None:
        """Writes the table of this one shot."""
        write_bytes(Path(path), (markdown_table([self]) + "\n").encode())


def markdown_table(reports: Iterable[Report], *, first_column: str = "shot") -> str:
    """One row a report: the figures every table of the project shows, in the same order."""
    head = ["frames", "PSNR", "SSIM", "pixels right", "CIEDE2000", "segments", "segments > 10 px", "drift", "flicker"]
    rows = [[first_column, *head], ["---"] + ["---:"] * len(head)]
    for report in reports:
        rows.append(
            [
                report.name,
                str(report.frames),
                f"{report.psnr:.2f}",
                "-" if math.isnan(report.ssim) else f"{report.ssim:.4f}",
                _percent(report.right),
                f"{report.color_error:.2f}",
                _percent(report.segment_accuracy),
                _percent(report.large_segment_accuracy),
                f"{report.drift:.2f}",
                f"{report.flicker:.2f}",
            ]
        )
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _finite(value):
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

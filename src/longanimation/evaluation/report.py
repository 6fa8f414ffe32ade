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
    lpips: float | None = None  # None: not asked for


@dataclass(frozen=True)
class Report:
    """Scores of a shot (means over its frames; segments pooled over its frames; FID and FVD over all its features).

    lpips, fid, fvd: None where not asked for, or not to be had of so few frames.
    """

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
    lpips: float | None = None
    fid: float | None = None
    fvd: float | None = None
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
        seen = [frame.lpips for frame in frames if frame.lpips is not None]
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
            lpips=float(np.mean(seen)) if seen else None,
            per_frame=tuple(frames),
        )

    @classmethod
    def mean(
        cls, name: str, reports: Sequence[Report], *, fid: float | None = None, fvd: float | None = None
    ) -> Report:
        """Mean over shots, each shot counting the same; segments pooled. Drift becomes the ratio of the mean errors.

        fid, fvd: of all shots together; the mean of those of single shots would be another thing.
        """

        def average(key):
            values = [getattr(report, key) for report in reports]
            return None if any(value is None for value in values) else float(np.mean(values))

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
            lpips=average("lpips"),
            fid=fid,
            fvd=fvd,
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
        values = {key: value for key, value in values.items() if key not in derived}
        values["ssim"] = _number(values["ssim"])
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
    """One row a report: the figures every table of the project shows, in the same order.

    LPIPS, FID and FVD have columns when any of the reports has them.
    """
    reports = list(reports)
    columns = {
        "frames": lambda report: str(report.frames),
        "PSNR": lambda report: f"{report.psnr:.2f}",
        "SSIM": lambda report: "-" if math.isnan(report.ssim) else f"{report.ssim:.4f}",
        "LPIPS": lambda report: _fixed(report.lpips, 4),
        "FID": lambda report: _fixed(report.fid, 2),
        "FVD": lambda report: _fixed(report.fvd, 1),
        "pixels right": lambda report: _percent(report.right),
        "CIEDE2000": lambda report: f"{report.color_error:.2f}",
        "segments": lambda report: _percent(report.segment_accuracy),
        "segments > 10 px": lambda report: _percent(report.large_segment_accuracy),
        "drift": lambda report: f"{report.drift:.2f}",
        "flicker": lambda report: f"{report.flicker:.2f}",
    }
    for name in ("lpips", "fid", "fvd"):
        if all(getattr(report, name) is None for report in reports):
            del columns[name.upper()]
    rows = [[first_column, *columns], ["---"] + ["---:"] * len(columns)]
    rows += [[report.name, *(show(report) for show in columns.values())] for report in reports]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _fixed(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


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

"""What decides which clips come out, and how they are stored."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from longanimation.errors import InputError

DETECTORS = ("adaptive", "content", "none")
BARS = ("crop", "drop", "keep")
STORES = ("mp4", "png")


@dataclass(frozen=True)
class PrepareSettings:
    """Settings of `prepare`; a data set keeps the ones it was begun with.

    Attributes:
        detector: how cuts are found: "adaptive" (a change far above its neighbours), "content" (a change above a fixed
            threshold), both of PySceneDetect, or "none" (each source is one shot).
        cut_threshold: of the detector; None: the library's own (adaptive 3.0, content 27.0). Lower finds more cuts.
        shortest: frames a clip has at least. 81 is one window of the published model, 241 one of its memory stage.
        longest: frames a clip has at most; longer shots become equal parts.
        bars: black bars beside the picture are "crop"ped away, the clip is "drop"ped, or they are "keep"t.
        min_side: pixels of the shorter side, bars taken off, below which a clip is dropped.
        min_motion: share of the picture that must change at some time during the clip.
        max_held: share of the frames that may be the same as the one before.
        short_side: scale larger clips down to this shorter side; None: as they are.
        store: "mp4" (H.264, crf 14) or "png" (exact, about ten times larger).
    """

    detector: str = "adaptive"
    cut_threshold: float | None = None
    shortest: int = 81
    longest: int = 1200
    bars: str = "crop"
    min_side: int = 240
    min_motion: float = 0.01
    max_held: float = 0.95
    short_side: int | None = None
    store: str = "mp4"

    def __post_init__(self):
        for name, value, known in (
            ("detector", self.detector, DETECTORS),
            ("bars", self.bars, BARS),
            ("store", self.store, STORES),
        ):
            if value not in known:
                raise InputError(f"{name} is {value!r}; use {', '.join(known)}")
        if self.shortest < 2:
            raise InputError(f"shortest is {self.shortest}; a clip has at least 2 frames")
        if self.longest < self.shortest:
            raise InputError(f"longest is {self.longest}, below shortest ({self.shortest}); give a larger number")
        for name in ("min_motion", "max_held"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} is {getattr(self, name)}; give a share from 0 to 1")
        for name in ("min_side", "short_side"):
            value = getattr(self, name)
            if value is not None and value < 16:
                raise InputError(f"{name} is {value}; give at least 16 pixels")
        if self.cut_threshold is not None and not self.cut_threshold > 0:
            raise InputError(f"cut_threshold is {self.cut_threshold}; give a number above 0")

    def as_json(self) -> dict:
        return asdict(self)

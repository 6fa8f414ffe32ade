"""Where one shot ends and the next begins: PySceneDetect, fed with frames that we decode."""

from __future__ import annotations

import numpy as np

from longanimation.data.prepare.settings import PrepareSettings
from longanimation.errors import InputError

_RATE = 24.0  # the library counts time; we count frames, so any rate will do


class CutDetector:
    """Finds the first frame of each new shot in frames given in order.

    Raises InputError if the library is needed and not installed.
    """

    def __init__(self, settings: PrepareSettings, first: int = 0):
        """first: position of the first frame that will be given."""
        self._next, self._detector = first, None
        if settings.detector == "none":
            return
        try:
            from scenedetect import AdaptiveDetector, ContentDetector, FrameTimecode
        except ImportError as error:
            raise InputError(
                "finding cuts needs PySceneDetect: pip install 'longanimation[prepare]', or use --detector none"
            ) from error
        # Every cut counts, however soon after another: a cut inside a clip does more harm than a clip too many.
        threshold = settings.cut_threshold
        if settings.detector == "adaptive":
            options = {} if threshold is None else {"adaptive_threshold": threshold}
            self._detector = AdaptiveDetector(min_scene_len=1, **options)
        else:
            options = {} if threshold is None else {"threshold": threshold}
            self._detector = ContentDetector(min_scene_len=0, **options)
        self._timecode = lambda position: FrameTimecode(position, fps=_RATE)

    def add(self, small: np.ndarray) -> list[int]:
        """Take the next frame, uint8 [h, w, 3] RGB, scaled down. Positions of cuts that are now certain, in order."""
        position, self._next = self._next, self._next + 1
        if self._detector is None:
            return []
        bgr = np.ascontiguousarray(small[..., ::-1])
        return [cut.frame_num for cut in self._detector.process_frame(self._timecode(position), bgr)]

    def finish(self) -> list[int]:
        """Cuts that became certain with the end of the frames."""
        if self._detector is None or self._next == 0:
            return []
        return [cut.frame_num for cut in self._detector.post_process(self._timecode(self._next - 1))]

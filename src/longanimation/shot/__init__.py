"""A whole shot: windows, the line drawings in them, checkpoints and resume."""

from longanimation.shot.plan import Segment, plan_segments

__all__ = ["Segment", "plan_segments"]

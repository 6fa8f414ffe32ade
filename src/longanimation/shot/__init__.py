"""A whole shot: windows, the line drawings in them, checkpoints and resume."""

from longanimation.shot.interrupt import Interrupted
from longanimation.shot.output import ShotOutput
from longanimation.shot.plan import Segment, plan_segments
from longanimation.shot.prompts import read_prompts
from longanimation.shot.references import read_references
from longanimation.shot.runner import ShotReport, ShotSettings, run_shot
from longanimation.shot.window import Reference, WindowHooks, WindowModel

__all__ = [
    "Interrupted",
    "Reference",
    "Segment",
    "ShotOutput",
    "ShotReport",
    "ShotSettings",
    "WindowHooks",
    "WindowModel",
    "plan_segments",
    "read_prompts",
    "read_references",
    "run_shot",
]

"""Drawn animation with perfect ground truth: lines, colours, part identities, references.

Everything is a function of (seed, split, options): the same seed gives the same bytes, any frame can be drawn without
the ones before it, and the geometry is vector based, so one scene can be drawn at any size.
A `PaintedScene` has a painted background with its prompt, and shaded characters.
"""

from longanimation.data.synth.clips import Clip, render_clip
from longanimation.data.synth.dataset import write_dataset, write_scene
from longanimation.data.synth.demo import demo_scene
from longanimation.data.synth.paint import DrawnFrame
from longanimation.data.synth.painted_scene import PaintedScene
from longanimation.data.synth.reveals import Reveal
from longanimation.data.synth.scene import Scene, SceneReference

__all__ = [
    "Clip",
    "DrawnFrame",
    "PaintedScene",
    "Reveal",
    "Scene",
    "SceneReference",
    "demo_scene",
    "render_clip",
    "write_dataset",
    "write_scene",
]

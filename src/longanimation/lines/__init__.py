"""Lines of a shot, as drawn or extracted from coloured frames, in the form the networks are trained on."""

from longanimation.lines.crop import crop_box
from longanimation.lines.drawing import LineDrawing
from longanimation.lines.extract import extract_lines
from longanimation.lines.read import read_lines
from longanimation.lines.style import LineStyle, describe, detect_mode, study_style

__all__ = [
    "LineDrawing",
    "LineStyle",
    "crop_box",
    "describe",
    "detect_mode",
    "extract_lines",
    "read_lines",
    "study_style",
]

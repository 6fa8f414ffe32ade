"""The cel finish: closed regions at the drawing's own resolution, one exact colour each, the artist's line on top."""

from .cut_by_paint import cut_by_paint, label_counts, main_labels
from .neighbours import Neighbours, neighbours
from .paint import composite, paint, paint_key_frame
from .palette import Palette
from .read_palette import extract_palette
from .recall_lines import segment_sequence
from .region_map import RegionMap
from .sampling import sample_points, sample_points_from_ids
from .segment import segment
from .tracker import RegionTracker
from .votes import Decision, decide, vote

__all__ = [
    "Decision",
    "Neighbours",
    "Palette",
    "RegionMap",
    "RegionTracker",
    "composite",
    "cut_by_paint",
    "decide",
    "extract_palette",
    "label_counts",
    "main_labels",
    "neighbours",
    "paint",
    "paint_key_frame",
    "sample_points",
    "sample_points_from_ids",
    "segment",
    "segment_sequence",
    "vote",
]

"""Frames in and out: folders of pictures, videos, single pictures, arrays."""

from longanimation.media.image_file import encode_png, read_image
from longanimation.media.open_sequence import open_sequence
from longanimation.media.sequence import FrameSequence, as_rate, frame_count, from_arrays
from longanimation.media.video_encode import VideoEncoder, encode_video
from longanimation.media.writer import FrameWriter, PngFolderWriter, VideoWriter, is_video_output, open_writer

__all__ = [
    "FrameSequence",
    "FrameWriter",
    "PngFolderWriter",
    "VideoEncoder",
    "VideoWriter",
    "as_rate",
    "encode_png",
    "encode_video",
    "frame_count",
    "from_arrays",
    "is_video_output",
    "open_sequence",
    "open_writer",
    "read_image",
]

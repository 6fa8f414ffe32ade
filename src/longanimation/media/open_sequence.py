"""One door for all kinds of input."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

from longanimation.errors import InputError
from longanimation.media.image_file import is_image
from longanimation.media.image_folder import open_folder, open_picture
from longanimation.media.sequence import FrameSequence, as_rate
from longanimation.media.video_file import VideoSequence

# By name, since FFmpeg would also play a text file or follow the addresses in a playlist.
VIDEO_SUFFIXES = frozenset(
    ".mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg .ts .m2ts .mts .mxf .wmv .flv .3gp .h264 .h265 .hevc .y4m .gif".split()
)


def open_sequence(path: str | os.PathLike, *, fps: Fraction | float | str | None = None) -> FrameSequence:
    """Open a folder of numbered pictures, a video or a single picture.

    Folder: png, jpg, tga, tif, webp, bmp, in order of the last digit group of each name (natural order, counted from 0,
    if no name has digits). Gaps are kept and listed in `.missing`. Hidden files and other kinds of files are ignored.
    Video: any of VIDEO_SUFFIXES; `fps` overrides the file's rate.

    Raises InputError with one line for: nothing there, no pictures, a number used twice, mixed sizes, a damaged frame
    (already here if its header is damaged, else when the frame is read), not a picture or video.
    """
    path = Path(path)
    rate = as_rate(fps)
    if path.is_dir():
        return open_folder(path, rate)
    if not path.exists():
        raise InputError(f"input not found: {path}")
    if is_image(path):
        return open_picture(path, rate)
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        raise InputError(
            f"{path} is neither a picture nor a video by its name; give a folder of pictures, mp4, mov or mkv"
        )
    return VideoSequence(path, rate)

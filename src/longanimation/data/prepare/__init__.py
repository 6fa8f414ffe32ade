"""Training clips from a user's own videos and folders of pictures."""

from longanimation.data.prepare.clips import ClipFrames, MemoryWindow, PreparedClips
from longanimation.data.prepare.run import PrepareResult, prepare
from longanimation.data.prepare.settings import PrepareSettings

__all__ = ["ClipFrames", "MemoryWindow", "PrepareResult", "PrepareSettings", "PreparedClips", "prepare"]

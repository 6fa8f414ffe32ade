"""The networks of LPIPS, FID and FVD in plain torch, with the tensor names of their public checkpoints."""

from longanimation.evaluation.networks.i3d import I3D
from longanimation.evaluation.networks.inception import InceptionFeatures
from longanimation.evaluation.networks.lpips import LPIPS

__all__ = ["I3D", "InceptionFeatures", "LPIPS"]

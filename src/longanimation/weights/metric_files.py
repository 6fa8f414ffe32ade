"""Where the networks of LPIPS, FID and FVD are published: single files at fixed addresses, not hub repositories."""

from __future__ import annotations

from dataclasses import dataclass

NAME = "metrics"
"""`longanimation weights fetch metrics`; the folder's name beside those of models."""


@dataclass(frozen=True)
class MetricFile:
    """A published file. sha256: of the whole file, or as many first digits as its publisher tells in the file's name;
    empty where none is published. bytes: about. metrics: what needs it."""

    name: str
    url: str
    bytes: int
    metrics: tuple[str, ...]
    licence: str
    sha256: str = ""


METRIC_FILES = (
    MetricFile(
        name="alexnet-owt-7be5be79.pth",
        url="https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        bytes=244_000_000,
        metrics=("lpips",),
        licence="BSD-3-Clause (torchvision)",
        sha256="7be5be79",
    ),
    MetricFile(
        name="lpips_alex_v0.1.pth",
        url="https://github.com/richzhang/PerceptualSimilarity/raw/master/lpips/weights/v0.1/alex.pth",
        bytes=6009,
        metrics=("lpips",),
        licence="BSD-2-Clause",
        sha256="df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",  # as in lpips 0.1.4 on PyPI
    ),
    MetricFile(
        name="pt_inception-2015-12-05-6726825d.pth",
        url="https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
        bytes=95_600_000,
        metrics=("fid",),
        licence="Apache-2.0",
        sha256="6726825d",
    ),
    MetricFile(
        name="i3d_pretrained_400.pt",
        url="https://github.com/songweige/TATS/raw/main/tats/fvd/i3d_pretrained_400.pt",
        bytes=51_000_000,
        metrics=("fvd",),
        licence="see the repository",
    ),
)

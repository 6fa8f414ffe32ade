"""Checks LPIPS, FID and FVD (networks and formulas) against the public packages, on random weights.

pip install --no-deps --target runs/public lpips pytorch-fid torch-fidelity torchmetrics cd-fvd torchvision einops requests tqdm
python benchmarks/public_metrics.py --packages runs/public

The packages are used from that folder only. Of torchvision just the Python files of AlexNet and Inception are used (its
compiled part fits one torch build alone and is not loaded), and only here, to build the other side of the comparison.
"""  # noqa: E501

from __future__ import annotations

import argparse
import sys
import types
from pathlib import Path

import numpy as np
import torch

from longanimation.evaluation.frechet import FeatureStatistics, frechet_distance
from longanimation.evaluation.networks import I3D, LPIPS, InceptionFeatures
from longanimation.evaluation.networks.i3d import clip_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, required=True, help="folder that pip installed the packages to")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="largest relative difference")
    given = parser.parse_args()
    sys.path.append(str(given.packages.resolve()))
    _leave_out_compiled_torchvision()
    torch.manual_seed(0)
    worst = 0.0
    print("| what | public package | largest value | largest difference |\n|---|---|---:|---:|")
    networks = (lpips_package, lpips_torchmetrics, inception_pytorch_fid, inception_fidelity, i3d_cdfvd)
    for check in (*networks, fid_formula, fvd_formula):
        worst = max([worst, *(_row(*entry) for entry in check())])
    if worst > given.tolerance:
        sys.exit(f"differs by {worst:.1e} of the largest value")


def _row(what: str, package: str, ours, theirs) -> float:
    ours, theirs = (np.asarray(value, np.float64) for value in (ours, theirs))
    size, difference = float(np.abs(theirs).max()), float(np.abs(ours - theirs).max())
    print(f"| {what} | {package} | {size:.4g} | {difference:.2g} |", flush=True)
    return difference / size


@torch.no_grad()
def lpips_package():
    import lpips

    net = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    yield _lpips("lpips 0.1.4", net, lambda a, b: net(a, b, normalize=True))


@torch.no_grad()
def lpips_torchmetrics():
    from torchmetrics.functional.image.lpips import _LPIPS

    net = _LPIPS(net="alex", pnet_rand=True, pretrained=True)
    yield _lpips("torchmetrics 1.9.0", net, lambda a, b: net(a, b, normalize=True))


def _lpips(package, net, theirs):
    """The package's real heads (they are part of it) on a trunk of random weights."""
    ours = LPIPS()
    state = {name.replace("net.", "", 1): value for name, value in net.state_dict().items()}
    state = {_trunk_name(name): value for name, value in state.items()}
    ours.load_state_dict(LPIPS.renamed(state))
    first, second = torch.rand(2, 3, 90, 131), torch.rand(2, 3, 90, 131)
    second[1] = (0.9 * first[1] + 0.1 * second[1]).clamp(0, 1)
    return "LPIPS, two pairs of 131 x 90", package, ours(first, second), theirs(first, second).flatten()


def _trunk_name(name: str) -> str:
    return f"features.{name.split('.', 1)[1]}" if name.startswith("slice") else name


@torch.no_grad()
def inception_pytorch_fid():
    import pytorch_fid.inception as public

    ours = _random(InceptionFeatures())
    state = dict(ours.state_dict()) | {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}
    public.load_state_dict_from_url = lambda *_, **__: state
    theirs = public.InceptionV3([3]).eval()
    frames = torch.rand(2, 3, 108, 192)
    yield "Inception, 2048 features of two frames", "pytorch-fid 0.3.0", ours(frames), theirs(frames)[0][..., 0, 0]


@torch.no_grad()
def inception_fidelity():
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3 as Public

    class WithoutDownload(Public):
        def load_state_dict(self, state, *arguments, **options):
            return super().load_state_dict(state, *arguments, **options) if state is not None else None

    import torch_fidelity.feature_extractor_inceptionv3 as module

    ours = _random(InceptionFeatures())
    module.load_state_dict_from_url = lambda *_, **__: None
    theirs = WithoutDownload("inception", ["2048"]).eval()
    theirs.load_state_dict(dict(ours.state_dict()), strict=False)
    frames = torch.randint(0, 256, (1, 3, 299, 299), dtype=torch.uint8)  # their resize and scale are TensorFlow's
    scaled = (frames - 128.0) / 128
    yield "Inception without its resize", "torch-fidelity 0.4.0", ours.pool_features(scaled), theirs(frames)[0]


@torch.no_grad()
def i3d_cdfvd():
    from cdfvd.third_party.i3d.pytorch_i3d import InceptionI3d
    from cdfvd.third_party.i3d.utils import preprocess_i3d

    ours, theirs = _random(I3D()), InceptionI3d(400, in_channels=3).eval()
    theirs.load_state_dict(ours.state_dict())
    for frames in (16, 14, 9):
        video = np.random.default_rng(frames).integers(0, 256, (1, frames, 60, 100, 3), dtype=np.uint8)
        clip = clip_of(torch.from_numpy(video[0]).movedim(3, 1) / 255)
        public = theirs(preprocess_i3d(video))
        yield f"I3D, 400 logits of a clip of {frames}", "cd-fvd 0.1.1", ours(clip), public


def fid_formula():
    from pytorch_fid.fid_score import calculate_frechet_distance
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    for rows, columns in ((300, 64), (40, 64)):
        first, second = _features(rows, columns)
        ours = frechet_distance(*(FeatureStatistics.of([each]) for each in (first, second)))
        moments = [moment for each in (first, second) for moment in (each.mean(0), np.cov(each, rowvar=False))]
        yield f"FID, {rows} x {columns}", "pytorch-fid 0.3.0", ours, calculate_frechet_distance(*moments)
        public = [fid_features_to_statistics(torch.from_numpy(each)) for each in (first, second)]
        public = fid_statistics_to_metric(*public, verbose=False)["frechet_inception_distance"]
        yield f"FID, {rows} x {columns}", "torch-fidelity 0.4.0", ours, public


def fvd_formula():
    from cdfvd.utils.metric_utils import FeatureStats

    for rows, columns in ((300, 64), (40, 64)):
        first, second = _features(rows, columns)
        ours = frechet_distance(*(FeatureStatistics.of([each], unbiased=False) for each in (first, second)))
        stats = [FeatureStats(capture_mean_cov=True) for _ in range(2)]
        for stat, features in zip(stats, (first, second), strict=True):
            stat.append(features)
        yield f"FVD, {rows} x {columns}", "cd-fvd 0.1.1", ours, _cdfvd_distance(*stats)


def _cdfvd_distance(fake, real) -> float:
    """`cdfvd.fvd.cdfvd.compute_fvd_from_stats` without making its networks."""
    import scipy.linalg
    from cdfvd.fvd import cdfvd

    if "disp" not in scipy.linalg.sqrtm.__code__.co_varnames:  # newer scipy: no such argument, no second result
        root = scipy.linalg.sqrtm
        scipy.linalg.sqrtm = lambda matrix, disp=False: (root(matrix), 0)
    return float(cdfvd.compute_fvd_from_stats(types.SimpleNamespace(), fake, real))


def _features(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(rows)
    mix = random.normal(size=(2, columns, columns)) / np.sqrt(columns)
    return tuple(random.normal(size=(rows, columns)) @ mix[i] + 0.3 * i for i in range(2))


def _random(network: torch.nn.Module) -> torch.nn.Module:
    """Weights that keep the size of what flows through, so that differences would show."""
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Conv3d):
            torch.nn.init.kaiming_normal_(module.weight)
        elif isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d):
            for value, low, high in (
                (module.running_mean, -0.2, 0.2),
                (module.running_var, 0.8, 1.2),
                (module.weight, 0.8, 1.2),
                (module.bias, -0.2, 0.2),
            ):
                value.uniform_(low, high)
    return network


def _leave_out_compiled_torchvision() -> None:
    """Only torchvision/models/alexnet.py and inception.py and what they import; nothing that needs its operators."""
    import importlib.machinery
    import importlib.util

    found = importlib.machinery.PathFinder.find_spec("torchvision", sys.path)
    root = Path(found.submodule_search_locations[0])
    for name, folder in (("torchvision", root), ("torchvision.models", root / "models")):
        module = types.ModuleType(name)
        module.__path__ = [str(folder)]
        module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
        module.__version__ = "0.29"
        sys.modules[name] = module
    transforms = types.ModuleType("torchvision.transforms")
    transforms._presets = types.SimpleNamespace(ImageClassification=object)
    presets = types.ModuleType("torchvision.transforms._presets")
    presets.ImageClassification = object
    transforms.functional = types.ModuleType("torchvision.transforms.functional")
    transforms.functional.InterpolationMode = object
    sys.modules |= {module.__name__: module for module in (transforms, transforms.functional, presets)}
    from torchvision.models import alexnet, inception

    models = sys.modules["torchvision.models"]
    models.alexnet, models.inception_v3 = alexnet.alexnet, inception.inception_v3
    models.inception = inception
    for module in (models, transforms, transforms.functional):
        module.__getattr__ = _never_used
    sys.modules["torchvision"].models, sys.modules["torchvision"].transforms = models, transforms


def _never_used(name: str):
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (), {})


if __name__ == "__main__":
    main()

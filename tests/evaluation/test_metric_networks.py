import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from longanimation.cli import main
from longanimation.errors import InputError
from longanimation.evaluation.metric_networks import (
    MetricNetworks,
    how_to_get,
    load_metric_networks,
    missing_metrics,
    read_metrics,
)
from longanimation.evaluation.networks import I3D, LPIPS, InceptionFeatures
from longanimation.evaluation.perceptual import FeatureStream, PerceptualScorer, distances
from longanimation.evaluation.report import Report, markdown_table
from longanimation.evaluation.sheet import write_png


def lpips_files(seed=0):
    """The public files' contents, with random weights: {name: state}."""
    torch.manual_seed(seed)
    net = LPIPS()
    trunk = {f"features.{name.removeprefix('features_.')}": value for name, value in net.state_dict().items()}
    trunk = {name: value for name, value in trunk.items() if "heads" not in name}
    heads = {f"lin{i}.model.1.weight": torch.rand(head.shape) for i, head in enumerate(net.heads)}
    return {
        "alexnet-owt-7be5be79.pth": trunk | {"classifier.6.bias": torch.zeros(1000)},
        "lpips_alex_v0.1.pth": heads,
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LONGANIMATION_WEIGHTS", str(tmp_path))
    folder = tmp_path / "metrics"
    folder.mkdir()
    for name, state in lpips_files().items():
        torch.save(state, folder / name)
    return folder


def pictures(count, seed=0, size=(48, 64)):
    return list(np.random.default_rng(seed).integers(0, 256, (count, *size, 3), dtype=np.uint8))


def test_lpips_is_the_weighted_squared_difference_of_unit_features(folder):
    net = load_metric_networks(["lpips"], device="cpu").lpips
    files = lpips_files()
    trunk, heads = files["alexnet-owt-7be5be79.pth"], list(files["lpips_alex_v0.1.pth"].values())

    def maps(picture):
        x = (2 * picture - 1 - torch.tensor([-0.030, -0.088, -0.188]).view(3, 1, 1)) / torch.tensor(
            [0.458, 0.448, 0.450]
        ).view(3, 1, 1)
        for index, (stride, padding, pool) in {
            0: (4, 2, False), 3: (1, 2, True), 6: (1, 1, True), 8: (1, 1, False), 10: (1, 1, False)
        }.items():  # fmt: skip
            x = F.max_pool2d(x, 3, 2) if pool else x
            x = F.relu(F.conv2d(x, trunk[f"features.{index}.weight"], trunk[f"features.{index}.bias"], stride, padding))
            yield F.normalize(x, dim=1)

    first, second = torch.rand(2, 3, 70, 90), torch.rand(2, 3, 70, 90)
    written_out = sum(
        F.conv2d((a - b) ** 2, head).mean((1, 2, 3))
        for a, b, head in zip(maps(first), maps(second), heads, strict=True)
    )
    torch.testing.assert_close(net(first, second), written_out)
    assert net(first, first).abs().max() == 0 and written_out.min() > 0.01


def test_weights_of_inception_and_i3d_are_found_under_their_public_names(tmp_path):
    torch.manual_seed(0)
    networks = {"pt_inception-2015-12-05-6726825d.pth": InceptionFeatures(), "i3d_pretrained_400.pt": I3D()}
    for name, network in networks.items():
        state = {k: v.half() for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
        extra = {"fc.weight": torch.zeros(1008, 2048)} if "inception" in name else {}
        torch.save(state | extra, tmp_path / name)
    found = load_metric_networks(["lpips", "fid", "fvd"], folder=tmp_path, device="cpu")
    assert found.names == ("fid", "fvd")
    inception, i3d = networks.values()
    assert found.fid.Mixed_7c.branch3x3dbl_3b.conv.weight.equal(
        inception.half().float().Mixed_7c.branch3x3dbl_3b.conv.weight
    )
    with torch.no_grad():
        assert found.fid(torch.rand(1, 3, 30, 40)).shape == (1, 2048)
        assert found.fvd(torch.rand(1, 3, 9, 224, 224)).shape == (1, 400)


def test_a_file_that_holds_something_else_is_one_line(folder):
    torch.save({"features.0.weight": torch.zeros(3)}, folder / "alexnet-owt-7be5be79.pth")
    with pytest.raises(InputError, match="does not hold the network of LPIPS") as caught:
        load_metric_networks(["lpips"])
    assert "\n" not in str(caught.value)
    (folder / "alexnet-owt-7be5be79.pth").write_bytes(b"no weights")
    with pytest.raises(InputError, match="cannot read"):
        load_metric_networks(["lpips"])


def test_what_is_missing_is_known_and_how_to_get_it(folder):
    assert missing_metrics(["lpips", "fid", "fvd"]) == ["fid", "fvd"]
    assert how_to_get(["fid", "fvd"]) == (
        "FID, FVD left out: weights not fetched; run: longanimation weights fetch metrics"
    )
    assert read_metrics(["fvd,lpips"]) == ("lpips", "fvd")
    assert read_metrics(["all"]) == ("lpips", "fid", "fvd")
    with pytest.raises(InputError, match="unknown metric 'vmaf'"):
        read_metrics(["vmaf"])


class MeanColour(torch.nn.Module):
    """Stands where Inception or I3D does: the mean colour of a picture or clip, or of its first frame and its last."""

    def forward(self, x):
        return x.mean((2, 3)) if x.ndim == 4 else x[:, :, [0, -1]].mean((3, 4)).flatten(1)


def test_clips_are_16_frames_in_a_row_and_a_short_shot_is_one_clip():
    networks = MetricNetworks(fid=MeanColour(), fvd=MeanColour())
    for frames, clips in ((8, 0), (9, 1), (14, 1), (16, 1), (33, 2)):
        stream = FeatureStream(networks)
        for frame in pictures(frames):
            stream.add(frame)
        features = stream.features()
        assert len(features.frames) == frames and len(features.clips) == clips
    first_and_last = [pictures(33)[index].mean((0, 1)) / 127.5 - 1 for index in (16, 31)]
    np.testing.assert_allclose(features.clips[1], np.array(first_and_last).T.ravel(), atol=0.05)


def test_fid_is_of_all_shots_together_and_zero_for_the_truth():
    networks = MetricNetworks(fid=MeanColour())
    shots = []
    for seed in range(3):
        scorer = PerceptualScorer(networks)
        for frame in pictures(4, seed):
            scorer.add(frame // 2 + 20 * seed, frame)
        shots.append(scorer)
    results, truths = [s.result.features() for s in shots], [s.truth.features() for s in shots]
    pooled = distances(results, truths)
    apart = [np.concatenate([shot.frames for shot in side]) for side in (results, truths)]
    offset = np.square(apart[0].mean(0) - apart[1].mean(0)).sum()
    assert pooled["fid"] >= offset > 0.01
    assert pooled["fvd"] is None
    assert distances(truths, truths)["fid"] == pytest.approx(0, abs=1e-9)
    assert pooled["fid"] != pytest.approx(np.mean([shot.distances()["fid"] for shot in shots]), rel=1e-3)


def test_the_table_has_a_column_for_a_metric_only_where_there_is_a_figure(folder, tmp_path, capsys):
    for name, seed in (("truth", 0), ("result", 1)):
        (tmp_path / name).mkdir()
        for index, frame in enumerate(pictures(2, seed)):
            write_png(tmp_path / name / f"{index}.png", frame)
    arguments = ["evaluate", str(tmp_path / "result"), str(tmp_path / "truth")]
    assert main([*arguments, "--metrics", "lpips,fid", "--output", str(tmp_path / "scores.json")]) == 0
    shown = capsys.readouterr()
    assert "| LPIPS |" in shown.out and "FID" not in shown.out
    assert "FID left out" in shown.err
    stored = json.loads((tmp_path / "scores.json").read_text())
    assert stored["lpips"] > 0 and stored["fid"] is None
    assert stored["lpips"] == pytest.approx(np.mean([frame["lpips"] for frame in stored["per_frame"]]))
    again = Report.from_dict(stored)
    assert again.lpips == stored["lpips"] and again.fvd is None and "LPIPS" in markdown_table([again])
    assert main(arguments) == 0
    assert "LPIPS" not in capsys.readouterr().out

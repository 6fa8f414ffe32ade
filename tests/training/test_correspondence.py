import json

import numpy as np
import pytest
import torch
from PIL import Image

from longanimation.data.synth import render_clip
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.training.correspondence import CorrespondenceTrainConfig, train
from longanimation.training.correspondence_loss import episode_loss
from longanimation.training.episodes import EpisodeConfig, make_episode, sample_truth_points

EPISODE = EpisodeConfig(size=(48, 80), points=48)
MODEL = {"channels": (4, 8, 12, 16), "layers": (1, 1, 1), "num_heads": 2, "key_dim": 8}


def config(tmp_path, **changes):
    settings = {
        "output": str(tmp_path / "run"), "cache": str(tmp_path / "clips"), "clips": 3, "render_size": (64, 112),
        "steps": 6, "batch_size": 2, "workers": 0, "log_steps": 2, "validate_steps": 100, "validation_clips": 2,
        "warmup_steps": 2, "precision": "float32", "device": "cpu", "episode": EPISODE, "model": MODEL,
    }  # fmt: skip
    return CorrespondenceTrainConfig(**settings | changes)


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(0)
    clips = [render_clip(seed, size=(64, 112)) for seed in (1, 2)]
    return torch.utils.data.default_collate([make_episode(clip, EPISODE, rng) for clip in clips])


def test_points_lie_off_the_lines_and_every_larger_region_has_one():
    clip = render_clip(3, size=(96, 160))
    points, regions = sample_truth_points(clip.lines[0], clip.labels[0], clip.parts[0], 400, np.random.default_rng(0))
    assert (clip.lines[0][points[:, 0], points[:, 1]] > 127).all()
    labels = clip.labels[0][points[:, 0], points[:, 1]]
    for region in np.unique(regions):
        assert len(np.unique(labels[regions == region])) == 1, "a region has one colour"
    areas = np.bincount(clip.labels[0].ravel())
    assert set(np.flatnonzero(areas > 150)) <= set(labels.tolist())


def test_references_are_seen_by_all_and_nobody_sees_itself(batch):
    visible = batch["visible"].numpy()
    assert not visible[:, np.arange(5), np.arange(5)].any()
    assert visible[:, 1:, 0].all()


def test_wrong_history_never_touches_references(batch):
    assert (batch["shown"][:, 0] == batch["labels"][:, 0]).all()


def test_a_memory_that_knows_has_no_loss_and_a_blind_one_has(batch):
    torch.manual_seed(0)
    model = CorrespondenceMemory(**MODEL)
    blind = episode_loss(model, batch)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    for _ in range(80):
        result = episode_loss(model, batch)
        optimizer.zero_grad()
        result.loss.backward()
        optimizer.step()
    learned = episode_loss(model, batch)
    assert learned.loss < 0.6 * blind.loss
    assert learned.region_right.sum() > blind.region_right.sum()
    assert (learned.region_right <= learned.region_known).all()


def test_hidden_frames_do_not_change_the_result(batch):
    torch.manual_seed(0)
    model = CorrespondenceMemory(**MODEL).eval()
    changed = {name: value.clone() for name, value in batch.items()}
    changed["visible"][:, :, 1:] = False
    before = episode_loss(model, changed).loss
    changed["shown"][:, 1:] = 0
    assert torch.equal(before, episode_loss(model, changed).loss)


def test_an_interrupted_run_goes_on_exactly(tmp_path):
    whole = config(tmp_path / "a")
    train(whole)
    train(config(tmp_path / "b", steps=6, limit_seconds=0.0))
    assert json.loads((tmp_path / "b/run/log.jsonl").read_text().splitlines()[-1])["step"] < 6
    train(config(tmp_path / "b"))
    one = CorrespondenceMemory.from_pretrained(tmp_path / "a/run/correspondence")
    other = CorrespondenceMemory.from_pretrained(tmp_path / "b/run/correspondence")
    for name, value in one.state_dict().items():
        torch.testing.assert_close(value, other.state_dict()[name], msg=name)


def test_a_finished_run_does_not_train_again(tmp_path):
    train(config(tmp_path, steps=2))
    before = (tmp_path / "run/correspondence/diffusion_pytorch_model.safetensors").read_bytes()
    train(config(tmp_path, steps=2))
    assert (tmp_path / "run/correspondence/diffusion_pytorch_model.safetensors").read_bytes() == before


def test_a_run_leaves_pictures_that_show_reference_lines_copy_and_truth(tmp_path):
    train(config(tmp_path))
    (path,) = (tmp_path / "run/samples").glob("*.png")
    picture = np.asarray(Image.open(path).convert("RGB"))
    assert picture.shape == (2 * 64, 4 * 112, 3), "two validation clips, four panels each"
    reference, lines, copied, truth = np.split(picture, 4, axis=1)
    assert (np.ptp(lines, axis=2) == 0).all(), "lines are grey"
    assert np.ptp(truth, axis=2).max() > 30 and not np.array_equal(copied, truth)

import json

import numpy as np
import pytest
import torch

from longanimation.errors import InputError
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.models.memory_bank import KEY_FRAME, LOCAL
from longanimation.models.region_matcher import RegionMatcher
from longanimation.pipeline.correspondence import CorrespondenceWindow
from longanimation.training.region_clips import MOMENTS, RegionClipStore, draw_region_clip
from longanimation.training.regions import (
    RegionTrainConfig,
    collate,
    make_region_episode,
    region_loss,
    train_regions,
)

MODEL = {"dim": 16, "num_heads": 2, "context_layers": 1, "match_layers": 1, "label_dim": 4}


@pytest.fixture(scope="module")
def memory_folder(tmp_path_factory):
    torch.manual_seed(0)
    memory = CorrespondenceMemory(channels=(4, 8, 8, 12), layers=(1, 1, 1), num_heads=2, key_dim=8)
    memory.log_scale.data.fill_(5.0)
    folder = tmp_path_factory.mktemp("memory")
    memory.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def cache(memory_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    memory = CorrespondenceMemory.from_pretrained(memory_folder).eval()
    for split in ("train", "test"):
        RegionClipStore(folder, memory, split).get(0)
    return folder


@pytest.fixture(scope="module")
def clip(cache):
    return RegionClipStore(cache, None, "train").get(0)


def config(tmp_path, memory_folder, cache, **changes):
    settings = {
        "output": str(tmp_path), "memory": str(memory_folder), "cache": str(cache), "clips": 1, "steps": 4,
        "batch_size": 2, "warmup_steps": 1, "log_steps": 1, "validation_clips": 1, "model": MODEL,
    }  # fmt: skip
    return RegionTrainConfig(**settings | changes)


def test_a_clip_holds_references_moments_and_their_matches(clip):
    count = len(clip["kinds"])
    for moment in range(MOMENTS):
        before, now = count + 2 * moment, count + 2 * moment + 1
        rows = len(clip[f"label.{now}"])
        assert clip[f"touch.{now}"].shape == (rows, rows)
        for other in [*range(count), before]:
            match = clip[f"match.{now}.{other}"].astype(np.float32)
            assert match.shape == (rows, len(clip[f"label.{other}"]))
            assert (match >= 0).all() and (match.sum(1) <= 1.01).all()


def test_the_same_seed_gives_the_same_clip(memory_folder, clip):
    memory = CorrespondenceMemory.from_pretrained(memory_folder).eval()
    with torch.inference_mode():
        again = draw_region_clip(0, memory)
    assert again.keys() == clip.keys()
    assert all(np.array_equal(again[name], clip[name]) for name in clip)


def test_references_are_told_truly_and_history_only_partly(clip):
    wrong = 0
    for seed in range(12):
        episode = make_region_episode(clip, np.random.default_rng(seed))
        for part in episode["remembered"]:
            right = part["labels"].argmax(1) == part["label"]
            if part["kinds"][0] == KEY_FRAME:
                assert right.all() and set(np.unique(part["labels"])) <= {0.0, 1.0}
            elif part["kinds"][0] == LOCAL:
                wrong += (~right).sum()
    assert wrong > 0


def test_a_colour_that_is_nowhere_remembered_has_no_true_answer(clip):
    episode = make_region_episode(clip, np.random.default_rng(0))
    shown = {label for part in episode["remembered"] for label in part["label"]}
    target = episode["target"]
    assert (target["truth"][~np.isin(target["label"], list(shown))] == -1).all()


def test_padding_leaves_the_loss_as_it_is(clip):
    torch.manual_seed(1)
    model = RegionMatcher(key_dim=8, **MODEL).eval()
    episodes = [make_region_episode(clip, np.random.default_rng(seed)) for seed in (1, 2)]
    alone = [region_loss(model, collate([episode])) for episode in episodes]
    batch = collate(episodes)
    together, counts = region_loss(model, batch)
    weight = (batch["target.weight"] * batch["target.present"]).sum(1)
    expected = sum(loss * part for (loss, _), part in zip(alone, weight, strict=True)) / weight.sum()
    torch.testing.assert_close(together, expected)
    assert counts == {name: sum(c[name] for _, c in alone) for name in counts}


def test_it_learns(clip):
    torch.manual_seed(0)
    model = RegionMatcher(key_dim=8, **MODEL)
    batch = collate([make_region_episode(clip, np.random.default_rng(seed)) for seed in range(2)])
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    losses = []
    for _ in range(60):
        loss, _ = region_loss(model, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path, memory_folder, cache):
    whole = train_regions(config(tmp_path / "a", memory_folder, cache))
    train_regions(config(tmp_path / "b", memory_folder, cache, limit_seconds=0))
    assert json.loads((tmp_path / "b/log.jsonl").read_text().splitlines()[-1])["step"] == 1
    parts = train_regions(config(tmp_path / "b", memory_folder, cache))
    assert parts == whole
    first, second = (RegionMatcher.from_pretrained(tmp_path / run / "region_matcher").state_dict() for run in "ab")
    assert all(torch.equal(first[name], second[name]) for name in first)
    window = CorrespondenceWindow.from_pretrained(tmp_path / "a/correspondence")
    assert window.matcher is not None, "the run is a model like mini"


def test_a_folder_without_a_memory_is_named(tmp_path, cache):
    with pytest.raises(InputError, match="no correspondence memory"):
        train_regions(config(tmp_path / "run", tmp_path / "nowhere", cache))
    assert not (tmp_path / "run").exists()

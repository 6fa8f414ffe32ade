import json

import numpy as np
import pytest
import torch

from longanimation.data.synth import Scene
from longanimation.errors import InputError
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.models.memory_bank import GLOBAL, KEY_FRAME, LOCAL, SHEET
from longanimation.models.region_matcher import RegionMatcher
from longanimation.pipeline.correspondence import CorrespondenceWindow
from longanimation.pipeline.region_view import RegionView, match_regions
from longanimation.training import region_loss as losses
from longanimation.training.region_clips import MOMENTS, POINTS, RegionClipStore, disguise, draw_region_clip, see
from longanimation.training.region_episodes import CANVASES, CELL, GROUPS, by_size, collate, make_region_episode
from longanimation.training.region_loss import region_loss
from longanimation.training.regions import RegionBatches, RegionTrainConfig, choose_clip, train_regions

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
def memory(memory_folder):
    return CorrespondenceMemory.from_pretrained(memory_folder).eval()


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for split in ("varied", "test"):
        RegionClipStore(folder, split).get(0)
    return folder


@pytest.fixture(scope="module")
def clip(cache):
    return RegionClipStore(cache, "varied").get(0)


def config(tmp_path, memory_folder, cache, **changes):
    settings = {
        "output": str(tmp_path), "memory": str(memory_folder), "cache": str(cache), "clips": 1, "steps": 4,
        "batch_size": 2, "warmup_steps": 1, "log_steps": 1, "validation_clips": 1, "device": "cpu", "model": MODEL,
    }  # fmt: skip
    return RegionTrainConfig(**settings | changes)


def matcher():
    torch.manual_seed(1)
    return RegionMatcher(key_dim=8, **MODEL)


def test_a_clip_holds_references_of_both_kinds_and_moments(clip):
    count = len(clip["kinds"])
    assert set(clip["kinds"]) == {SHEET, KEY_FRAME}
    for name in range(count + 2 * MOMENTS):
        regions = len(clip[f"label.{name}"])
        assert clip[f"touch.{name}"].shape == (regions, regions)
        assert clip[f"shape.{name}"].shape == (regions, 5)
        assert np.bincount(clip[f"owner.{name}"], minlength=regions).max() <= POINTS
        places = clip[f"places.{name}"]
        assert (places >= 0).all() and (places < 1).all()


def test_the_references_that_a_shot_comes_with_are_marked(clip):
    plan = Scene.random(0, frames=100).reference_plan
    assert clip["planned"].sum() == len(plan)
    kinds = {(SHEET, False): "sheet", (KEY_FRAME, False): "key_frame", (KEY_FRAME, True): "background"}
    marks = zip(clip["kinds"][clip["planned"]], clip["empty"][clip["planned"]], strict=True)
    assert [kinds[mark] for mark in marks] == [kind for kind, _ in plan]


def test_the_same_seed_gives_the_same_clip(clip):
    again = draw_region_clip(0)
    assert again.keys() == clip.keys()
    assert all(np.array_equal(again[name], clip[name]) for name in clip)


def test_a_disguise_moves_points_with_what_they_lie_on():
    rng = np.random.default_rng(0)
    places = (rng.integers(15, 75, (12, 2)) * 4 + 2).astype(np.float32) / 360
    look = np.full((360, 360), 255, np.uint8)
    for y, x in (places * 360).astype(int):
        look[y - 3 : y + 4, x - 3 : x + 4] = 0
    moved = []
    for seed in range(10):
        clip = {"look.0": look, "places.0": places, "shape.0": np.ones((1, 5), np.float32), "kinds": np.array([SHEET])}
        disguise(clip, np.random.default_rng(seed))
        y, x = (clip["places.0"] * 360).astype(int).T
        near = np.lib.stride_tricks.sliding_window_view(clip["look.0"], (5, 5))[y - 2, x - 2]
        assert (near.mean((1, 2)) < 128).all(), f"seed {seed}"
        moved.append(np.abs(clip["places.0"] - places).max() > 0)
    assert any(moved) and not all(moved)


def test_history_is_told_truly_guessed_or_wrong(clip):
    episodes = [make_region_episode(clip, np.random.default_rng(seed)) for seed in range(12)]
    guessed = [episode["pictures"][-2]["guessed"].mean() for episode in episodes]
    assert min(guessed) == 0 and max(guessed) == 1
    mistaken = np.concatenate([episode["pictures"][-2]["mistaken"] for episode in episodes])
    assert 0 < (mistaken >= 0).mean() < 0.1
    assert all(list(episode["kinds"][-2:]) == [GLOBAL, LOCAL] for episode in episodes)
    mixtures = {tuple(sorted(set(episode["kinds"][:-2]))) for episode in episodes}
    assert {(SHEET,), (KEY_FRAME,)} <= mixtures, "sheets alone, key frames alone"


def test_matches_are_those_of_colouring(memory, clip):
    episode = make_region_episode(clip, np.random.default_rng(0), augment=False)
    batch = collate([episode])
    last = batch["count"].shape[1] - 1

    def view(picture):
        count = picture["count"]
        places = np.concatenate([points[:n] for points, n in zip(picture["points"], count, strict=True)])
        height, width = picture["look"].shape
        canvas = np.full((-(-height // CELL) * CELL, -(-width // CELL) * CELL), 255, np.uint8)
        canvas[:height, :width] = picture["look"]
        places = places * (height, width) / canvas.shape
        features = memory.encode(torch.from_numpy(canvas)[None, None].float() / 255)
        keys = memory.keys_at(features, torch.from_numpy(places.astype(np.float32))[None])[0]
        owner = torch.from_numpy(np.repeat(np.arange(len(count)), count))
        return RegionView(np.arange(len(count)), keys, owner, torch.zeros(0), torch.zeros(0))

    with torch.no_grad():
        seen = losses._look(memory, matcher().eval(), batch)
        logits, doubt = losses._logits(
            memory, seen.keys[:, last], seen.keys[:, :last], seen.counts[:, :last], batch["kinds"]
        )
        found = losses._matches(logits, doubt, seen.counts[:, last], seen.counts[:, :last])[0].unflatten(1, (last, -1))
        target = view(episode["pictures"][-1])
        for slot, picture in enumerate(episode["pictures"][:-1]):
            expected = match_regions(memory, target, view(picture), int(episode["kinds"][slot]))
            rows, columns = expected.shape
            torch.testing.assert_close(found[:rows, slot, :columns], expected, rtol=1e-3, atol=1e-4)


def test_padding_leaves_the_loss_as_it_is(memory, clip):
    model = matcher().eval()
    episodes = [make_region_episode(clip, np.random.default_rng(seed)) for seed in (1, 2)]
    with torch.no_grad():
        alone = [region_loss(memory, model, collate([episode]))[1] for episode in episodes]
        _, together = region_loss(memory, model, collate(episodes))
    assert {name: int(value) for name, value in together.items()} == {
        name: int(sum(counts[name] for counts in alone)) for name in together
    }


def test_a_full_picture_does_not_pad_all_others(clip):
    few, many = (make_region_episode(clip, np.random.default_rng(seed)) for seed in (0, 2))
    groups = by_size([many, few, many])
    assert [[id(episode) for episode in group] for group in groups] == [[id(few)], [id(many)] * 2]
    assert collate(groups[0])["count"].shape[2] <= GROUPS[0] < collate(groups[1])["count"].shape[2]


@pytest.mark.parametrize("apart", [False, True])
def test_the_parts_of_a_batch_are_all_of_it(tmp_path, memory_folder, cache, apart):
    settings = config(tmp_path, memory_folder, cache, batch_size=5)
    parts = RegionBatches(settings, 1, training=True, frozen=None, apart=apart)[0]
    assert sum(len(part["kinds"]) for part in parts) == 5
    assert not apart or len(parts) == 5


def test_shots_that_join_first_are_not_used_more_often_than_the_others():
    rng = np.random.default_rng(0)
    chosen = [choose_clip(place, 10_000, 4, rng) for place in range(2000)]
    used = np.bincount(chosen, minlength=500)
    assert len(used) == 500
    assert used[:20].mean() < 1.6 * 4
    assert used[:250].mean() == pytest.approx(1.4 * 4, rel=0.1)
    drawn = {choose_clip(place, 5, 4, rng) for place in range(1000, 1200)}
    assert drawn == set(range(5))


def test_colours_that_no_picture_shows_are_not_counted_as_known(memory, clip):
    batch = collate([make_region_episode(clip, np.random.default_rng(0), augment=False)])
    _, counts = region_loss(memory, matcher(), batch)
    strange = dict(batch)
    strange["label"] = batch["label"].clone()
    strange["label"][:, -1] = 63
    _, none = region_loss(memory, matcher(), strange)
    assert counts["known"] > 0 and none["known"] == 0


@pytest.mark.parametrize("canvases", [(), CANVASES])
def test_drawings_are_padded_no_more_than_the_canvases_ask(clip, canvases):
    episode = make_region_episode(clip, np.random.default_rng(0), augment=False)
    batch = collate([episode], canvases=canvases)
    slots = batch["count"].shape[1]
    found = set()
    for index in range(sum(name.startswith("looks.") for name in batch)):
        height, width = batch[f"looks.{index}"].shape[1:]
        for canvas, slot in zip(batch[f"looks.{index}"].numpy(), batch[f"slots.{index}"].tolist(), strict=True):
            picture = episode["pictures"][slot % slots]
            rows, columns = picture["look"].shape
            assert (canvas[:rows, :columns] == picture["look"]).all()
            assert (canvas[rows:] == 255).all() and (canvas[:, columns:] == 255).all()
            assert (height, width) in canvases if canvases else max(height - rows, width - columns) < CELL
            pixels = batch["points"][0, slot, : len(picture["points"])].numpy() * (height, width)
            np.testing.assert_allclose(pixels, picture["points"] * (rows, columns), atol=1e-3)
            found.add(slot)
    assert found == set(range(slots))


def test_specks_weigh_less_and_large_regions_more():
    weight = losses._weight(torch.tensor([[1, 10, 11, 100, 1_000, 10_000, 1_000_000]]))
    torch.testing.assert_close(weight, torch.tensor([[0.3, 0.3, 1, 1, 1.5, 2, 2]]))


def test_both_parts_learn(memory_folder, clip):
    memory, model = CorrespondenceMemory.from_pretrained(memory_folder), matcher()
    batch = collate([make_region_episode(clip, np.random.default_rng(seed)) for seed in range(2)], shrink=True)
    before = memory.encoder.stem.weight.clone()
    optimizer = torch.optim.Adam([*memory.parameters(), *model.parameters()], 5e-3)
    found = []
    for _ in range(25):
        loss, _ = region_loss(memory, model, batch, copying=0.5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    assert found[-1] < 0.8 * found[0]
    assert not torch.equal(memory.encoder.stem.weight, before)


@pytest.mark.parametrize("rate", [0.0, 1e-3])
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path, memory_folder, cache, rate):
    whole = train_regions(config(tmp_path / "a", memory_folder, cache, memory_learning_rate=rate))
    train_regions(config(tmp_path / "b", memory_folder, cache, memory_learning_rate=rate, limit_seconds=0))
    assert json.loads((tmp_path / "b/log.jsonl").read_text().splitlines()[-1])["step"] == 1
    parts = train_regions(config(tmp_path / "b", memory_folder, cache, memory_learning_rate=rate))
    assert parts == whole
    first, second = (RegionMatcher.from_pretrained(tmp_path / run / "region_matcher").state_dict() for run in "ab")
    assert all(torch.equal(first[name], second[name]) for name in first)
    kept, given = (
        CorrespondenceMemory.from_pretrained(f).state_dict() for f in (tmp_path / "a/correspondence", memory_folder)
    )
    assert all(torch.equal(kept[name], given[name]) for name in given) == (rate == 0)
    window = CorrespondenceWindow.from_pretrained(tmp_path / "a/correspondence")
    assert window.matcher is not None, "the run is a model like mini"


def test_a_folder_without_a_memory_is_named(tmp_path, cache):
    with pytest.raises(InputError, match="no trained part"):
        train_regions(config(tmp_path / "run", tmp_path / "nowhere", cache))
    assert not (tmp_path / "run").exists()


def test_what_a_frozen_memory_saw_is_what_it_sees(memory, clip):
    """An episode of the keys kept gives the loss of the same episode of drawings."""
    seen, model = see(clip, memory), matcher().eval()
    batches = [collate([make_region_episode(c, np.random.default_rng(3), augment=False)]) for c in (clip, seen)]
    assert "keys" in batches[1] and "looks.0" in batches[0] and "looks.0" not in batches[1]
    with torch.no_grad():
        drawn, kept = (region_loss(memory, model, batch)[0] for batch in batches)
    # Keys are kept as float16, and of the drawing itself, which is encoded on a canvas otherwise.
    torch.testing.assert_close(kept, drawn, rtol=0.02, atol=0)


def test_another_memory_does_not_get_what_the_first_one_saw(tmp_path, memory):
    torch.manual_seed(5)
    other = CorrespondenceMemory.from_config(memory.config).eval()
    first = RegionClipStore(tmp_path, "varied", memory).get(0)
    again = RegionClipStore(tmp_path, "varied", memory).get(0)
    assert np.array_equal(first["keys.0"], again["keys.0"]) and len(list(tmp_path.iterdir())) == 1
    assert not np.array_equal(first["keys.0"], RegionClipStore(tmp_path, "varied", other).get(0)["keys.0"])
    assert len(list(tmp_path.iterdir())) == 2

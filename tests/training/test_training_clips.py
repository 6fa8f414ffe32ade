"""Which clips a stage is given, from every kind of source."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from longanimation.data.prepare import PrepareSettings, prepare
from longanimation.data.synth import Scene
from longanimation.data.synth.dataset import write_dataset
from longanimation.errors import InputError
from longanimation.media import encode_png
from longanimation.presets import correspondence_folder
from longanimation.shot.window import Reference
from longanimation.training.clips import ClipPlan, TrainingClips
from longanimation.training.drafts import Drafts, plain_drawing
from longanimation.training.shots import DrawnShots, Shots, open_shots

PLAN = ClipPlan(frames=9, size=(32, 48), batch_size=2, history=6, reference="earlier")


class Numbered(Shots):
    """Frames whose red value is their number."""

    def __len__(self):
        return 2

    def length(self, shot):
        return 40

    def prompts(self, shot):
        return ["night", "a dark sky"]

    def read(self, shot, positions):
        colour = np.stack([np.full((32, 48, 3), index, np.uint8) for index in positions])
        return colour, np.full((len(positions), 32, 48), 255, np.uint8)

    def sheets(self, shot):
        return [(np.full((1, 20, 20, 3), 200, np.uint8), np.full((1, 20, 20), 255, np.uint8))]


def numbers(frames: torch.Tensor) -> list[int]:
    return frames[:, 5, 5, 0].tolist()


def items(count=24, **changes):
    clips = TrainingClips(Numbered(), ClipPlan(**{**vars(PLAN), **changes}), 1000)
    return [clips[index] for index in range(count)]


def test_a_clip_depends_on_seed_and_index_alone():
    one, two = items(4), items(4)
    for a, b in zip(one, two, strict=True):
        assert all(torch.equal(a[name], b[name]) for name in ("colour", "reference", "history"))
    assert any(not torch.equal(a["colour"], b["colour"]) for a, b in zip(one, items(4, seed=1), strict=True))


def test_history_ends_where_the_target_begins():
    for item in items():
        target, history = numbers(item["colour"]), numbers(item["history"])
        assert target == list(range(target[0], target[0] + 9))
        assert history == list(range(target[0] - len(history), target[0]))


def test_history_has_every_length_and_the_same_one_for_the_clips_of_a_step():
    lengths = [len(item["history"]) for item in items(80)]
    assert set(lengths) == {1, 2, 3, 4, 5, 6}
    assert lengths[::2] == lengths[1::2]


def test_the_reference_is_drawn_from_earlier_frames():
    pairs = [(numbers(i["reference"][None])[0], numbers(i["colour"])[0]) for i in items(60)]
    assert all(reference <= first for reference, first in pairs)
    assert any(reference == first for reference, first in items_pairs("window"))
    assert len({first - reference for reference, first in pairs}) > 10, "not always the same distance"


def items_pairs(kind):
    return [(numbers(i["reference"][None])[0], numbers(i["colour"])[0]) for i in items(12, reference=kind)]


def test_the_published_reader_gives_the_first_frame_of_the_window():
    assert all(first - reference == 6 for reference, first in items_pairs("first"))


def test_sheets_serve_as_references_and_keep_their_shape():
    reference = items(1, sheet_share=1.0)[0]["reference"]
    assert (reference[:, 20:28] == 200).all()
    assert (reference[:, :4] > 200).all(), "paper beside it"


def test_prompts_are_dropped_at_times():
    prompts = {item["prompt"] for item in items(40, prompt_dropout=0.5)}
    assert prompts == {"", "night", "a dark sky"}


def test_a_recoloured_clip_changes_all_its_pictures_alike_and_loses_its_prompt():
    plain, changed = items(6, recolour=0.0), items(6, recolour=1.0)
    for a, b in zip(plain, changed, strict=True):
        table = {}
        for name in ("reference", "colour", "history"):
            for before, after in zip(a[name].reshape(-1, 3)[::97], b[name].reshape(-1, 3)[::97], strict=True):
                assert table.setdefault(tuple(before.tolist()), after.tolist()) == after.tolist()
        assert b["prompt"] == ""


def test_too_short_shots_are_refused_in_one_line():
    with pytest.raises(InputError, match="60 frames"):
        TrainingClips(Numbered(), ClipPlan(frames=60, size=(32, 48), batch_size=1), 10)


def test_drawn_data_sets_and_drawn_shots_give_the_same_frames(tmp_path):
    write_dataset(tmp_path / "set", clips=1, frames=4, size=(32, 48), seed=5)
    stored = open_shots([str(tmp_path / "set")])
    colour, lines = stored.read(0, [3, 0])
    scene = Scene.random(5, frames=4, size=(32, 48))
    for place, index in enumerate([3, 0]):
        drawn = scene.render(index)
        assert np.array_equal(colour[place], scene.painted(drawn)) and np.array_equal(lines[place], drawn.lines)
    cached = DrawnShots(6, 4, (32, 48), cache=tmp_path / "cache")
    for _ in range(2):
        assert np.array_equal(cached.read(5, [3])[0][0], colour[0])


def test_prepared_clips_are_read_at_any_positions(tmp_path):
    (tmp_path / "film").mkdir()
    scene = Scene.random(3, frames=9, size=(64, 96), shading=False)
    for index in range(9):
        (tmp_path / "film" / f"{index:04d}.png").write_bytes(encode_png(scene.painted(scene.render(index))))
    settings = PrepareSettings(shortest=5, min_side=16, store="png", min_motion=0.0, max_held=1.0, detector="none")
    prepare([str(tmp_path / "film")], str(tmp_path / "clips"), settings)
    shots = open_shots([str(tmp_path / "clips"), {"clips": 2, "size": [32, 48]}])
    assert len(shots) == 3 and shots.length(0) == 9
    colour, lines = shots.read(0, [7, 2, 3])
    assert colour.shape == (3, 64, 96, 3) and lines.shape == (3, 64, 96)
    assert np.array_equal(colour[1], scene.painted(scene.render(2)))
    assert shots.read(2, [0, 4])[0].shape == (2, 32, 48, 3)


def test_a_folder_without_data_is_refused(tmp_path):
    with pytest.raises(InputError, match="no training data"):
        open_shots([str(tmp_path)])


def test_distinct_clips_come_again_seen_in_another_way():
    found = items(12, distinct=3, flip=0.5, recolour=0.5)
    for index in range(3):
        same = [found[place] for place in range(index, 12, 3)]
        assert len({tuple(item["lines"].sum(dim=(1, 2)).tolist()) for item in same}) == 1
        assert len({tuple(np.sort(item["colour"][0, 5, 5].numpy())) for item in same}) > 1


def test_drafts_are_seen_as_their_clips_are(tmp_path):
    drafts = Drafts(correspondence_folder(), tmp_path, 64)
    shots = DrawnShots(1, 20, (48, 80), look="painted", cache=tmp_path)
    plan = ClipPlan(frames=9, size=(48, 80), batch_size=1, reference="window", flip=1.0, draft_side=64)
    item = TrainingClips(shots, plan, 10, drafts)[0]
    assert item["draft"].shape == item["colour"].shape and item["sure"].shape == item["lines"].shape
    paper = cv2.erode((item["lines"][0].numpy() == 255).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert torch.equal(
        item["draft"][0][paper], item["colour"][0][paper]
    )  # the reference itself, mirrored like the clip
    assert (item["sure"][0] == 255).all() and not (item["sure"] == 255).all()
    kept = list(tmp_path.glob("drafts-*/*.npz"))
    again = TrainingClips(shots, plan, 10, Drafts(correspondence_folder(), tmp_path, 64))[0]
    assert torch.equal(again["draft"], item["draft"]) and list(tmp_path.glob("drafts-*/*.npz")) == kept


def test_other_drawings_or_another_reference_have_another_draft(tmp_path):
    drafts = Drafts(correspondence_folder(), tmp_path, 64)
    colour, lines = DrawnShots(1, 20, (48, 80), look="painted").read(0, [0, 9, 10])
    shown = Reference(colour[0], plain_drawing(lines[0]), 0, "reference")
    first = drafts.get(lines[1:], shown)
    turned = drafts.get(lines[1:], replace(shown, image=np.ascontiguousarray(colour[0][..., ::-1])))
    later = drafts.get(lines[2:], shown)
    assert not np.array_equal(first[0], turned[0]) and len(later[0]) == 1
    assert len(list(tmp_path.glob("drafts-*/*.npz"))) == 3
    assert np.array_equal(drafts.get(lines[1:], shown)[0], first[0])


def test_half_of_mixed_references_are_the_first_frame_of_the_clip():
    found = items(40, reference="mixed")
    assert 8 < sum(torch.equal(item["reference"], item["colour"][0]) for item in found) < 32


def test_a_folder_without_a_memory_makes_no_drafts(tmp_path):
    with pytest.raises(InputError, match="no correspondence memory"):
        Drafts(tmp_path, None, 64)


def test_painted_and_flat_shots_do_not_share_a_cache(tmp_path):
    flat, painted = (DrawnShots(1, 4, (32, 48), look=look, cache=tmp_path) for look in ("flat", "painted"))
    assert not np.array_equal(flat.read(0, [0])[0], painted.read(0, [0])[0])
    assert painted.prompts(0) and not flat.prompts(0)
    with pytest.raises(InputError, match="look is one of"):
        DrawnShots(1, 4, (32, 48), look="oil")


def test_line_free_shots_show_the_paint_below_the_line(tmp_path):
    inked, bare = (DrawnShots(1, 4, (72, 96), line_free=free, cache=tmp_path) for free in (False, True))
    (with_line, lines), (without, same) = inked.read(0, [2]), bare.read(0, [2])
    assert np.array_equal(lines, same)
    dark = lines[0] < 60
    assert with_line[0][dark].mean() < 0.7 * without[0][dark].mean()
    assert np.array_equal(with_line[0][lines[0] == 255], without[0][lines[0] == 255])

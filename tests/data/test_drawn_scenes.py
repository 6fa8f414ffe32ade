"""Drawn scenes: repeatable, random access, true labels, the splits and the references."""

import math

import cv2
import numpy as np
import pytest

from longanimation.data.synth import Scene, demo_scene, render_clip
from longanimation.data.synth.families import FAMILIES, chosen_families
from longanimation.data.synth.motion import Pose
from longanimation.data.synth.style import CLOSED_STYLES, LINE_STYLES
from longanimation.data.synth.toys import Toy
from longanimation.errors import InputError

SIZE = (96, 168)


def same(a, b) -> bool:
    return all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("lines", "traces", "labels", "parts", "ink")
    )


@pytest.mark.parametrize("style", LINE_STYLES)
def test_a_scene_gives_the_same_bytes_again_in_any_order(style):
    first = Scene.random(5, frames=40, size=SIZE, line_style=style)
    forward = {i: first.render(i) for i in (0, 13, 39)}
    again = Scene.random(5, frames=40, size=SIZE, line_style=style)
    for i in (39, 0, 13):
        assert same(forward[i], again.render(i))


def test_another_seed_or_split_gives_another_scene():
    one = Scene.random(5, size=SIZE).render(0)
    assert not same(one, Scene.random(6, size=SIZE).render(0))
    assert not same(one, Scene.random(5, size=SIZE, split="test").render(0))


def test_maps_have_the_promised_shapes_types_and_ranges():
    for seed in range(12):
        scene = Scene.random(seed, frames=30, size=SIZE)
        drawn = scene.render(17)
        assert drawn.lines.shape == drawn.labels.shape == drawn.parts.shape == drawn.traces.shape == SIZE
        assert (drawn.lines.dtype, drawn.labels.dtype, drawn.parts.dtype) == (np.uint8, np.uint8, np.uint16)
        assert drawn.ink.shape == (*SIZE, 4) and drawn.traces.dtype == bool
        assert scene.palette.shape[0] <= 64 and scene.palette.dtype == np.uint8
        assert drawn.labels.max() < len(scene.palette)
        assert (drawn.labels[drawn.parts == 0] == 0).all(), "part 0 is the background"


def borders(labels: np.ndarray) -> np.ndarray:
    out = np.zeros(labels.shape, bool)
    out[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    out[1:] |= labels[1:] != labels[:-1]
    return out


@pytest.mark.parametrize("style", CLOSED_STYLES)
def test_where_the_label_changes_there_is_a_line(style):
    on_line = changes = 0
    for seed in range(8):
        drawn = Scene.random(seed, frames=30, size=(256, 448), line_style=style).render(11)
        near = cv2.erode(drawn.lines, np.ones((3, 3), np.uint8)) < 160
        border = borders(drawn.labels)
        on_line += int((border & near).sum())
        changes += int(border.sum())
    assert on_line > 0.99 * changes


def test_gaps_and_machine_lines_leave_borders_open_and_the_truth_alone():
    for style in ("gaps", "machine"):
        clean = Scene.random(21, frames=30, size=(256, 448), line_style="thin")
        broken = Scene.random(21, frames=30, size=(256, 448), line_style=style)
        assert np.array_equal(clean.render(3).labels, broken.render(3).labels)
        near = cv2.erode(broken.render(3).lines, np.ones((3, 3), np.uint8)) < 160
        assert (borders(broken.render(3).labels) & ~near).any()


def test_coloured_traces_are_lines_and_marked():
    found = 0
    for seed in range(20):
        drawn = Scene.random(seed, frames=10, size=SIZE, line_style="thin", shading=True).render(0)
        assert (drawn.lines[drawn.traces] < 200).all()
        found += int(drawn.traces.any())
    assert found > 10


def test_the_same_part_keeps_its_identity_and_colour_over_the_shot():
    scene = Scene.random(2, frames=60, size=SIZE, shading=False)
    colour_of: dict[int, set[int]] = {}
    for i in range(0, 60, 10):
        drawn = scene.render(i)
        for part, label in set(zip(drawn.parts.ravel().tolist(), drawn.labels.ravel().tolist(), strict=True)):
            colour_of.setdefault(part, set()).add(label)
    assert len(colour_of) > 5
    assert all(len(labels) == 1 for labels in colour_of.values())


def test_the_geometry_does_not_depend_on_the_raster():
    small = Scene.random(9, frames=20, size=(128, 224), line_style="thin")
    large = small.resized((256, 448)).render(7).labels
    agree = (cv2.resize(large, (224, 128), interpolation=cv2.INTER_NEAREST) == small.render(7).labels).mean()
    assert agree > 0.95


def test_frames_are_held_on_twos_and_threes():
    holds = set()
    for seed in range(12):
        scene = Scene.random(seed, frames=12, size=SIZE, line_style="rough")
        hold = scene.tracks[0].hold
        if hold > 1 and all(len(key) == 1 for key in scene.camera):
            assert same(scene.render(0), scene.render(hold - 1))
            holds.add(hold)
    assert holds == {2, 3}


def test_splits_draw_from_disjoint_held_out_families():
    for table in FAMILIES.values():
        trained = set(table["train"]) | set(table.get("varied", ()))
        assert not trained & set(table["test"])
        assert not set(table["shared"]) & (trained | set(table["test"]))
    for split, other in (("train", "test"), ("varied", "test"), ("test", "train")):
        held_out = set()
        for seed in range(40):
            for slot, names in chosen_families(Scene.random(seed, split=split, size=SIZE)).items():
                assert not set(names) & set(FAMILIES[slot][other])
                held_out |= {slot} if set(names) & set(FAMILIES[slot].get(split, ())) else set()
        assert len(held_out) >= (3 if split == "varied" else 5)


def test_varied_scenes_have_every_family_that_training_scenes_lack_and_toys_turn():
    seen, turned = set(), []
    for seed in range(80):
        scene = Scene.random(seed, split="varied", frames=60, size=SIZE)
        for slot, names in chosen_families(scene).items():
            seen |= {(slot, name) for name in names}
        for actor in scene.actors:
            if isinstance(actor, Toy):
                sides = [{shape.part for shape in actor.draw(Pose(yaw=yaw, head_yaw=yaw))} for yaw in (0.0, math.pi)]
                turned.append(sides[0] != sides[1])
    assert seen >= {(slot, name) for slot, table in FAMILIES.items() for name in table.get("varied", ())}
    assert np.mean(turned) > 0.8, "the back of a toy has other parts than its front"


def test_references_are_key_frames_of_the_shot_or_character_sheets_with_the_background():
    kinds = set()
    for seed in range(8):
        scene = Scene.random(seed, split="test", frames=50, size=SIZE)
        assert scene.references
        planned = [kind for kind, _ in scene.reference_plan]
        assert planned.count("background") == ("sheet" in planned and len(scene.background) > 0)
        for reference in scene.references:
            kinds.add(reference.kind)
            if reference.kind == "key_frame":
                drawn = scene.render(reference.frame)
                assert np.array_equal(reference.labels, drawn.labels)
                assert np.array_equal(reference.image, scene.painted(drawn))
            else:
                assert reference.frame is None
                assert (reference.parts > 0).any()
            if reference.kind == "background":
                actors = [np.unique(r.parts[r.parts > 0]) for r in scene.references if r.kind == "sheet"]
                assert not np.isin(reference.parts, np.concatenate(actors)).any()
                seen = scene.render(0).parts
                shown = np.isin(seen, np.unique(reference.parts))
                assert shown.mean() > 0.2 and (seen == reference.parts)[shown].mean() > 0.95
    assert kinds == {"key_frame", "sheet", "background"}


def test_a_reveal_shows_again_what_no_reference_has_and_a_key_event_had():
    scene = Scene.random(3, split="test", frames=100, size=SIZE, reveal=True)
    known = np.unique(np.concatenate([r.labels.ravel() for r in scene.references]))
    assert scene.reveals and scene.key_events
    late = [r for r in scene.reveals if r.start > 60]
    assert late
    for reveal in late:
        assert not set(reveal.labels) & set(known.tolist())
        events = [i for i in scene.key_events if i < reveal.start]
        seen = set(np.unique(np.concatenate([scene.render(i).labels.ravel() for i in events])).tolist())
        assert set(reveal.labels) <= seen
        middle = scene.render((reveal.start + reveal.stop) // 2)
        assert set(reveal.labels) & set(np.unique(middle.labels).tolist())


def test_a_clip_starts_with_its_references_and_repeats():
    clip = render_clip(4, frames=5, size=SIZE)
    assert clip.lines.shape == clip.labels.shape == clip.parts.shape == (5, *SIZE)
    assert 1 <= clip.reference_count < 5 and len(clip.positions) == 5
    again = render_clip(4, frames=5, size=SIZE)
    assert np.array_equal(clip.lines, again.lines) and np.array_equal(clip.labels, again.labels)


def test_some_clips_have_a_sheet_and_their_targets_show_what_references_show():
    sheets, shared = 0, []
    for seed in range(30):
        clip = render_clip(seed, size=SIZE)
        sheets += clip.positions[0] == -1
        references = set(np.unique(clip.labels[: clip.reference_count]).tolist())
        targets = clip.labels[clip.reference_count :]
        shared.append(np.isin(targets, list(references)).mean())
    assert sheets > 1
    assert np.mean(shared) > 0.9


def test_the_demo_shot_has_exits_re_entries_and_two_key_frames():
    scene = demo_scene(frames=500, size=(108, 192))
    assert [(r.kind, r.frame) for r in scene.references] == [("key_frame", 0), ("key_frame", 318)]
    counts = [scene.actors_seen(i) for i in range(0, 500, 4)]
    assert set(counts) == {1, 2} or set(counts) == {0, 1, 2}
    assert counts[0] == counts[-1] == 2
    assert len(demo_scene(frames=1, size=(54, 96)).references) == 1


def test_bad_options_give_one_clear_line():
    with pytest.raises(InputError, match="split"):
        Scene.random(0, split="validation")
    with pytest.raises(InputError, match="line style"):
        Scene.random(0, line_style="crayon")
    with pytest.raises(InputError, match="at least 2"):
        render_clip(0, frames=1)
    with pytest.raises(IndexError):
        Scene.random(0, frames=10).render(10)

import cv2
import numpy as np
import pytest
import torch

from longanimation.cel import segment
from longanimation.data.synth import Scene
from longanimation.lines.drawing import LineDrawing
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.models.memory_bank import KEY_FRAME, LOCAL, SHEET
from longanimation.models.region_matcher import RegionMatcher
from longanimation.pipeline.correspondence import CorrespondenceSettings, CorrespondenceWindow
from longanimation.pipeline.framing import frame_content
from longanimation.pipeline.region_memory import RegionMemory
from longanimation.pipeline.region_view import match_regions, view_regions
from longanimation.shot.window import Reference

SIZE = (96, 160)


@pytest.fixture(scope="module")
def memory():
    torch.manual_seed(0)
    memory = CorrespondenceMemory(channels=(4, 8, 8, 12), layers=(1, 1, 1), num_heads=2, key_dim=8).eval()
    memory.log_scale.data.fill_(7.0)
    return memory


@pytest.fixture(scope="module")
def matcher():
    torch.manual_seed(0)
    return RegionMatcher(key_dim=8, dim=16, num_heads=2, context_layers=1, match_layers=1, label_dim=4).eval()


@pytest.fixture(scope="module")
def scene():
    return Scene.random(5, size=SIZE, frames=40)


def view(memory, scene, index):
    lines = scene.render(index).lines
    with torch.inference_mode():
        return view_regions(memory, lines, segment(lines), frame_content([lines], side=160), 12)


def window(memory, matcher, **settings):
    return CorrespondenceWindow(memory, CorrespondenceSettings(side=160, finish="cel", **settings), matcher)


def colour(model, scene, frames, state=None):
    if state is None:
        frame = scene.render(0)
        drawing = LineDrawing(frame.lines, frame.traces, frame.ink)
        state = model.begin([Reference(scene.painted(frame), drawing, 0, "key")], size=SIZE)
    drawings = [scene.render(i) for i in frames]
    return model.colour([LineDrawing(d.lines, d.traces, d.ink) for d in drawings], state, segment=None)


def test_a_view_has_every_region_with_its_points_and_borders(memory, scene):
    regions = segment(scene.render(0).lines)
    seen = view(memory, scene, 0)
    np.testing.assert_array_equal(seen.regions, np.flatnonzero(regions.areas > 0))
    assert seen.points.max() <= 12 and (torch.bincount(seen.owner) > 0).all()
    border = seen.touch.sum(1)
    assert ((border - 1).abs() < 1e-5).logical_or(border == 0).all()
    largest = regions.areas[seen.regions].argmax()
    assert seen.shape[:, 2].argmax() == largest


def test_a_picture_matches_itself_region_by_region(memory, scene):
    with torch.inference_mode():
        match = match_regions(memory, view(memory, scene, 0), view(memory, scene, 0), LOCAL)
    assert (match.sum(1) <= 1 + 1e-5).all()
    big = view(memory, scene, 0).points >= 8
    assert (match.argmax(1) == torch.arange(len(match)))[big].float().mean() > 0.8


def test_history_is_bounded_and_holds_the_last_frame_whole(memory, matcher, scene):
    bank = RegionMemory(memory, matcher, global_regions=20)
    for index in range(0, 40, 4):
        seen = view(memory, scene, index)
        labels = torch.eye(6)[torch.arange(len(seen)) % 6]
        bank.add_frame(seen, bank.look(seen), bank.known(labels))
    assert len(bank.local.view) == len(view(memory, scene, 36))
    assert 0 < len(bank.past.view) <= 20


def test_regions_remember_their_sheet_through_a_checkpoint(memory, matcher, scene):
    def bank():
        made = RegionMemory(memory, matcher)
        for index, label in ((0, 0), (20, 3)):
            seen = view(memory, scene, index)
            made.add_reference(seen, torch.eye(6)[label + torch.arange(len(seen)) % 3], SHEET, torch.ones(6))
        return made

    first, second = bank(), bank()
    for index in (8, 16):
        seen = view(memory, scene, index)
        found = first.read(seen, first.look(seen))
        assert found.shape == (len(seen), 3, 6)
        torch.testing.assert_close(found.sum((1, 2)), torch.ones(len(seen)))
        first.add_frame(seen, first.look(seen), found)
        first.settle()
    assert first.local.sources.shape == (len(seen), 3) and first.local.sources[:, 1:].sum() > 0
    second.history_from_tensors(first.history_to_tensors())
    seen = view(memory, scene, 24)
    found, again = first.read(seen, first.look(seen)), second.read(seen, second.look(seen))
    assert torch.equal(found, again)
    for bank, shares in ((first, found), (second, again)):
        bank.add_frame(seen, bank.look(seen), shares)
    assert torch.equal(first.settle()[0], second.settle()[0])


def test_the_past_keeps_what_is_new_and_not_what_references_show(memory, matcher, scene):
    seen = view(memory, scene, 0)
    labels = torch.eye(4)[torch.arange(len(seen)) % 4]
    bank = RegionMemory(memory, matcher, novelty=0.99999)  # untrained, all regions look much alike
    bank.add_reference(seen, labels, KEY_FRAME, torch.ones(4))
    for _ in range(2):
        bank.add_frame(seen, bank.look(seen), bank.known(labels))
    assert bank.past is None, "the reference shows all of it"
    other = torch.eye(4)[(torch.arange(len(seen)) + 1) % 4]
    for _ in range(2):
        bank.add_frame(seen, bank.look(seen), bank.known(other))
    assert bank.past is not None


def test_traces_of_a_drawing_have_a_say_if_a_reference_shows_both_tones(memory, matcher):
    scene = next(s for seed in range(40) if (s := Scene.random(seed, size=SIZE, frames=40)).shadow_of is not None)
    model = window(memory, matcher)

    def remembered(frame, traces):
        _, state = colour(model, scene, ())
        model.colour([LineDrawing(frame.lines, traces, frame.ink)], state, segment=None)
        return state.bank.local.labels

    frames = [scene.render(index) for index in range(4, 40, 6)]
    told = [remembered(frame, frame.traces) for frame in frames]
    untold = [remembered(frame, np.zeros(SIZE, bool)) for frame in frames]
    assert any(not torch.equal(a, b) for a, b in zip(told, untold, strict=True))


def test_no_history_no_memory_of_frames(memory, matcher, scene):
    _, state = colour(window(memory, matcher, history=False), scene, (0, 4, 8))
    assert state.bank.local is None and state.bank.past is None


def test_a_key_frame_keeps_its_colours_and_others_get_colours_of_the_reference(memory, matcher, scene):
    model = window(memory, matcher)
    frames, _ = colour(model, scene, (0, 5))
    key = scene.render(0)
    paint = key.lines == 255
    wrong = (np.abs(frames[0].astype(int) - scene.painted(key)).max(-1) > 8) & paint
    assert wrong.sum() < 0.02 * paint.sum()
    bare = scene.render(5).ink[..., 3] == 0
    assert {tuple(c) for c in frames[1][bare]} <= {tuple(c) for c in model._palette.colors}


def test_a_drawing_without_lines_has_the_colour_at_the_edge_of_the_key_frames(memory, matcher, scene):
    reference = np.full((*SIZE, 3), (20, 160, 60), np.uint8)
    reference[:8] = reference[-8:] = reference[:, :8] = reference[:, -8:] = (30, 90, 200)
    sheet = np.full_like(reference, (250, 240, 20))
    sheet[30:60, 40:80] = (200, 30, 30)
    drawing, blank = drawing_of(scene, 0), np.full(SIZE, 255, np.uint8)
    nothing = LineDrawing(blank, np.zeros(SIZE, np.uint8), np.zeros((*SIZE, 4), np.uint8))
    for references, expected in (
        ([Reference(reference, drawing, 3, "key"), Reference(sheet, nothing, None, "sheet")], (30, 90, 200)),
        ([Reference(sheet, nothing, None, "sheet")], (250, 240, 20)),
    ):
        model = window(memory, matcher)
        frames, _ = model.colour([drawing, nothing], model.begin(references, size=SIZE), segment=None)
        assert (np.abs(frames[1].astype(int) - expected) <= 2).all()


def test_a_state_from_a_checkpoint_goes_on_with_the_same_bytes(memory, matcher, scene):
    straight = window(memory, matcher)
    _, state = colour(straight, scene, range(0, 30, 6))
    tensors = straight.state_to_tensors(state)
    expected, _ = colour(straight, scene, range(30, 40, 3), state)
    again = window(memory, matcher)
    again.begin([Reference(scene.painted(scene.render(0)), drawing_of(scene, 0), 0, "key")], size=SIZE)
    frames, _ = colour(again, scene, range(30, 40, 3), again.state_from_tensors(tensors))
    for one, other in zip(expected, frames, strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_matcher_is_another_model(memory, matcher):
    torch.manual_seed(1)
    other = RegionMatcher(key_dim=8, dim=16, num_heads=2, context_layers=1, match_layers=1, label_dim=4)
    prints = [window(memory, part).fingerprint()["weights"] for part in (None, matcher, other)]
    assert len(set(prints)) == 3


def drawing_of(scene, index):
    frame = scene.render(index)
    return LineDrawing(frame.lines, frame.traces, frame.ink)


def read_references(model, image, lines):
    drawing = LineDrawing(lines, np.zeros(lines.shape, bool), np.zeros((*lines.shape, 4), np.uint8))
    state = model.begin([Reference(image, drawing, None, "picture")], size=image.shape[:2])
    _, state = model.colour([drawing], state, segment=None)
    return state.bank.references[0]


@pytest.mark.parametrize("paper", [(255, 255, 255), (230, 190, 200)])
def test_a_picture_with_one_colour_all_around_is_a_sheet_on_paper_of_any_colour(memory, matcher, paper):
    image, lines = np.full((*SIZE, 3), paper, np.uint8), np.full(SIZE, 255, np.uint8)
    lines[20:80, 40:42] = lines[20:80, 90:92] = lines[20:22, 40:92] = lines[78:80, 40:92] = 0
    image[22:78, 42:90] = (200, 40, 40)
    image[lines == 0] = 0
    assert read_references(window(memory, matcher), image, lines).kind == SHEET
    ground = image.min(2) > 180
    image[ground & (np.arange(SIZE[1]) < 66)] = (250, 220, 10)
    image[ground & (np.arange(SIZE[1]) >= 66)] = (30, 90, 200)
    assert read_references(window(memory, matcher), image, lines).kind == KEY_FRAME


def test_a_small_region_of_a_reference_has_the_colour_in_its_middle(memory, matcher):
    """Around the white of an eye most pixels are the soft fringe of the line."""
    image, lines = np.full((*SIZE, 3), 255, np.uint8), np.full(SIZE, 255, np.uint8)
    for y in range(20, 80, 12):
        for x in range(20, 140, 12):
            lines[y - 3 : y + 4, x - 3 : x + 4] = 0
            lines[y - 2 : y + 3, x - 2 : x + 3] = 235
            image[y - 3 : y + 4, x - 3 : x + 4] = 20
            image[y - 1 : y + 2, x - 1 : x + 2] = (60, 200, 90)
    image[3:14, 5:150], image[84:92, 5:150] = (60, 200, 90), 20
    model = window(memory, matcher)
    held = read_references(model, image, lines)
    small = held.view.shape[:, 2] < held.view.shape[:, 2].max() - 2
    assert small.sum() >= 40
    assert (model._palette.colors[held.labels[small].argmax(1)] == (60, 200, 90)).all()


def box_painted_and_drawn(hole):
    """A picture of a box, and a drawing of it with a hole in one wall that no bridge closes. hole: in the picture's
    wall as well."""
    image, lines = np.full((360, 640, 3), 200, np.uint8), np.full((360, 640), 255, np.uint8)
    cv2.rectangle(lines, (200, 100), (400, 250), 0, 3)
    image[100:250, 200:400] = (200, 40, 40)
    if not hole:
        image[lines == 0] = 0
    lines[120:230, 395:405] = 255
    image[lines == 0] = 0
    return image, lines


def test_a_reference_with_an_open_outline_is_remembered_as_it_is_painted(memory, matcher):
    image, lines = box_painted_and_drawn(hole=True)
    assert segment(lines).count == 1
    model = window(memory, matcher)
    held = read_references(model, image, lines)
    assert len(held.view) == 2 and held.labels.amax(1).min() == 1
    colors = model._palette.colors[held.labels.argmax(1)]
    assert sorted(colors.tolist()) == [[200, 40, 40], [200, 200, 200]]


@pytest.mark.parametrize("traces", [False, True])
def test_a_key_frame_drawn_in_crumbs_is_read_by_its_own_lines_unless_they_lack_the_traces(memory, matcher, traces):
    image, lines = box_painted_and_drawn(hole=False)
    cv2.line(image, (300, 100), (300, 250), (0, 0, 0), 2)  # the drawing has lost it
    lines[300:310:4, 20:600:8] = 0  # crumbs
    drawing = LineDrawing(lines, np.zeros(lines.shape, bool), np.zeros((*lines.shape, 4), np.uint8))
    drawing.traces[5, 5] = traces
    model = window(memory, matcher)
    state = model.begin([Reference(image, drawing, 0, "key")], size=lines.shape)
    _, state = model.colour([drawing], state, segment=None)
    held = state.bank.references[0]
    ink = (model._palette.colors[held.labels.argmax(1)] == 0).all(1)
    assert len(held.view) == 3 + traces and ink.sum() == traces, "a line that is not drawn is painted black"


def test_an_outline_open_in_one_drawing_is_closed_as_in_the_drawing_before(memory, matcher):
    drawings = []
    for x, missing in ((300, 0), (306, 80)):
        lines = np.full((360, 640), 255, np.uint8)
        cv2.ellipse(lines, (x, 180), (60, 60), 0, missing / 2, 360 - missing / 2, 0, 2)
        if missing:  # a stick across the gap, so that no bridge closes it
            cv2.line(lines, (x + 20, 180), (x + 85, 180), 0, 2)
        ink = np.dstack([np.zeros((360, 640, 3), np.uint8), 255 - lines])
        drawings.append(LineDrawing(lines, np.zeros(lines.shape, bool), ink))
    painted = np.full((360, 640, 3), 200, np.uint8)
    cv2.circle(painted, (300, 180), 60, (250, 30, 30), -1)
    painted[drawings[0].lines < 128] = 0
    regions = []
    for shown in (drawings, drawings[1:]):
        model = window(memory, matcher)
        state = model.begin([Reference(painted, drawings[0], 0, "key")], size=(360, 640))
        _, state = model.colour(shown, state, segment=None)
        regions.append(len(state.bank.local.view))
    assert regions == [2, 1]

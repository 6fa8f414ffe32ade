from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from longanimation.data.synth import Scene
from longanimation.errors import InputError
from longanimation.lines.drawing import LineDrawing
from longanimation.lines.paper import blank_paper
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.pipeline.correspondence import CorrespondenceSettings, CorrespondenceWindow
from longanimation.pipeline.framing import frame_content
from longanimation.presets import correspondence_folder
from longanimation.shot.window import Reference

SIZE = (96, 160)


@pytest.fixture(scope="module")
def memory():
    torch.manual_seed(0)
    memory = CorrespondenceMemory(channels=(4, 8, 8, 12), layers=(1, 1, 1), num_heads=2, key_dim=8)
    memory.log_scale.data.fill_(7.0)  # untrained keys are much alike: look at them closely
    return memory


@pytest.fixture(scope="module")
def scene():
    return Scene.random(5, size=SIZE, frames=12)


def as_drawing(frame):
    return LineDrawing(frame.lines, frame.traces, frame.ink)


def key_frame(scene, index=0):
    frame = scene.render(index)
    return Reference(scene.painted(frame), as_drawing(frame), index, f"key@{index}")


def window(memory, **settings):
    return CorrespondenceWindow(memory, CorrespondenceSettings(**{"side": 160, **settings}))


def colour(model, scene, frames, state=None):
    state = state or model.begin([key_frame(scene)], size=SIZE)
    return model.colour([as_drawing(scene.render(i)) for i in frames], state, segment=None)


@pytest.mark.parametrize("finish", ["cel", "none"])
def test_every_drawing_gives_a_frame_of_its_size(memory, scene, finish):
    frames, _ = colour(window(memory, finish=finish), scene, range(3))
    assert [frame.shape for frame in frames] == [(*SIZE, 3)] * 3
    assert all(frame.dtype == np.uint8 for frame in frames)


def test_cel_paints_only_colours_of_the_references(memory, scene):
    model = window(memory, finish="cel")
    frames, _ = colour(model, scene, [3])
    ink = scene.render(3).ink[..., 3] == 0
    painted = {tuple(color) for color in frames[0][ink]}
    assert painted <= {tuple(color) for color in model._palette.colors}
    assert len(painted) > 1


def test_the_artists_line_is_not_altered(memory, scene):
    frame = scene.render(2)
    ink = np.zeros((*SIZE, 4), np.uint8)
    ink[frame.lines < 128] = (40, 30, 20, 255)
    drawing = LineDrawing(frame.lines, frame.traces, ink)
    model = window(memory, finish="cel")
    frames, _ = model.colour([drawing], model.begin([key_frame(scene)], size=SIZE), segment=None)
    full = drawing.ink[..., 3] == 255
    assert full.any()
    np.testing.assert_array_equal(frames[0][full], drawing.ink[full][:, :3])


def test_only_painted_pictures_with_extracted_lines_get_the_soft_finish(memory, scene):
    key = key_frame(scene)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    shaded = np.stack([x * 255 // SIZE[1], y * 255 // SIZE[0], (x + y) % 256], -1).astype(np.uint8)
    painted = Reference(shaded, key.drawing, 0, "painted")
    for reference, extracted, finish in (
        (key, False, "cel"), (key, True, "cel"), (painted, False, "cel"), (painted, True, "none"),
    ):  # fmt: skip
        drawing = replace(as_drawing(scene.render(1)), extracted=extracted)
        model = window(memory)
        _, state = model.colour([drawing], model.begin([reference], size=SIZE), segment=None)
        assert state.finish == finish


@pytest.mark.parametrize("finish", ["cel", "none"])
def test_a_state_from_a_checkpoint_goes_on_with_the_same_bytes(memory, scene, finish):
    straight = window(memory, finish=finish)
    _, state = colour(straight, scene, range(4))
    tensors = straight.state_to_tensors(state)
    expected, _ = colour(straight, scene, range(4, 7), state)
    again = window(memory, finish=finish)
    again.begin([key_frame(scene)], size=SIZE)
    frames, _ = colour(again, scene, range(4, 7), again.state_from_tensors(tensors))
    for one, other in zip(expected, frames, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("finish", ["cel", "none"])
def test_a_key_frame_of_the_shot_keeps_its_colours(memory, scene, finish):
    key = key_frame(scene, 6)
    model = window(memory, finish=finish)
    frames, _ = colour(model, scene, (5, 6), model.begin([key], size=SIZE))
    paint = scene.render(6).lines == 255
    wrong = (np.abs(frames[1].astype(int) - key.image).max(-1) > 8) & paint
    assert wrong.sum() < 0.02 * paint.sum()


def test_history_is_remembered_only_if_asked_for(memory, scene):
    for history in (True, False):
        model = window(memory, finish="cel", history=history)
        start = model.begin([key_frame(scene)], size=SIZE)
        _, state = colour(model, scene, [1], start)
        references = len(state.bank)
        _, state = colour(model, scene, [5, 9], state)
        assert (len(state.bank) > references) == history


def test_settings_and_weights_show_in_the_fingerprint(memory):
    same = window(memory, finish="cel").fingerprint()
    assert same == window(memory, finish="cel").fingerprint()
    assert same != window(memory, finish="none").fingerprint()
    other = CorrespondenceMemory.from_config(memory.config)
    assert same != window(other, finish="cel").fingerprint()


def test_a_shot_without_reference_is_refused(memory):
    with pytest.raises(InputError, match="no reference"):
        window(memory).begin([], size=SIZE)


def test_a_small_figure_on_a_large_page_fills_the_view():
    page = np.full((540, 960), 255, np.uint8)
    page[200:300, 400:520] = 0
    framing = frame_content([page], side=512)
    y0, x0, y1, x1 = framing.box
    assert y0 <= 200 and x0 <= 400 and y1 >= 300 and x1 >= 520
    assert framing.scale > 1
    whole = np.zeros((540, 960), np.uint8)
    assert frame_content([whole], side=512).box == (0, 0, 540, 960)


def test_a_thin_line_stays_dark_when_the_page_shrinks():
    page = np.full((1080, 1920), 255, np.uint8)
    page[:, 1000] = 0
    page[0] = page[-1] = page[:, 0] = page[:, -1] = 0
    look = frame_content([page], side=480).look(page)
    assert look.shape == (270, 480)
    assert look[100, 240:260].min() < 150, "averaging alone would leave 191"


def test_soft_colours_of_drawn_lines_do_not_drag_the_reference_s_lines_along():
    scene = Scene.random(1, frames=12, size=(216, 384), look="painted", finish="soft", references=[("key_frame", 0)])
    frames = [scene.render(index) for index in range(12)]
    window = CorrespondenceWindow.from_pretrained(correspondence_folder(), finish="none")
    found = {}
    for extracted in (False, True):
        drawings = [LineDrawing(f.lines, f.traces, f.ink, extracted=extracted) for f in frames]
        references = [Reference(scene.painted(frames[0]), drawings[0], 0, "key")]
        state = window.begin(references, size=(216, 384))
        drafts = [colors for colors, _ in window.draft(drawings, state)]
        line = (frames[-1].lines < 250).astype(np.uint8)
        beside = (cv2.dilate(line, np.ones((9, 9), np.uint8)) > 0) & (line == 0)
        found[extracted] = np.abs(drafts[-1][beside].astype(float) - frames[-1].colour[beside]).mean()
        again = window.state_from_tensors(window.state_to_tensors(state))
        assert again.inked is (not extracted)
    assert found[False] < 0.95 * found[True]


def test_the_blank_paper_of_a_sheet_tells_nothing_of_the_background():
    scene = Scene.random(3, frames=2, size=(144, 256), look="painted", references=[("sheet", 0)])
    frame, sheet = scene.render(1), next(r for r in scene.references if r.kind == "sheet")
    drawing = LineDrawing(frame.lines, frame.traces, frame.ink)
    lines = LineDrawing(sheet.lines, np.zeros(sheet.lines.shape, bool), np.zeros((*sheet.lines.shape, 4), np.uint8))
    window = CorrespondenceWindow.from_pretrained(correspondence_folder(), finish="none")
    tinted = np.where(blank_paper(sheet.image)[..., None], np.uint8(200), sheet.image)
    sure = {}
    for name, image in (("blank", sheet.image), ("tinted", tinted)):
        state = window.begin([Reference(image, lines, None, "sheet")], size=(144, 256))
        sure[name] = window.draft([drawing], state)[0][1].astype(float)
    assert sure["blank"].mean() < 0.6 * sure["tinted"].mean()


def test_a_background_picture_shows_where_nothing_of_a_sheet_stands():
    scene = Scene.random(3, frames=2, size=(144, 256), look="painted", references=[("sheet", 0), ("background", 1)])
    frame = scene.render(1)
    drawing = LineDrawing(frame.lines, frame.traces, frame.ink)
    references = []
    for item in scene.references:
        lines = LineDrawing(item.lines, np.zeros(item.lines.shape, bool), np.zeros((*item.lines.shape, 4), np.uint8))
        references.append(Reference(item.image, lines, None, item.kind, background=item.kind == "background"))
    behind = references[1].image.astype(float)
    window = CorrespondenceWindow.from_pretrained(correspondence_folder(), finish="none")
    ground = frame.labels == 0
    apart = {}
    for given in (references, references[:1]):
        state = window.begin(given, size=(144, 256))
        colours, sure = window.draft([drawing], state)[0]
        off = np.abs(colours - behind).mean(-1)
        apart[len(given)] = off[ground].mean()
        surest = sure[ground].mean()
    assert apart[2] < 0.2 * apart[1]
    assert np.median(off[~ground]) > 10 and surest < 128


def test_blank_paper_reaches_the_edge_of_the_picture():
    picture = np.full((20, 30, 3), 255, np.uint8)
    picture[5:15, 5:15] = 0
    picture[8:12, 8:12] = 255
    blank = blank_paper(picture)
    assert blank[0, 0] and not blank[6, 6] and not blank[9, 9] and blank.sum() == 20 * 30 - 100

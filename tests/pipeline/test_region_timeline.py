import pytest
import torch

from longanimation.cel import segment
from longanimation.data.synth import Scene
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.pipeline.framing import frame_content
from longanimation.pipeline.region_timeline import STEPS, RegionTimeline
from longanimation.pipeline.region_view import view_regions
from longanimation.presets import find_model

COLORS = 4


@pytest.fixture(scope="module")
def memory():
    return CorrespondenceMemory.from_pretrained(find_model("mini") / "correspondence").eval()


@pytest.fixture(scope="module")
def views(memory):
    scene = Scene.random(5, size=(180, 320), frames=40, line_style="thin")

    def view(index):
        lines = scene.render(index).lines
        with torch.inference_mode():
            return view_regions(memory, lines, segment(lines), frame_content([lines], side=320), 12)

    return [view(index) for index in range(6)]


def reading(view, wrong=()):
    """Shares [N, 2, COLORS]: every region is surely of colour 0, those in `wrong` rather of colour 1."""
    shares = torch.zeros(len(view), 2, COLORS)
    shares[:, 0, 0] = 1
    for row in wrong:
        shares[row, 0] = torch.tensor([0.4, 0.6, 0, 0])
    return shares


def largest(view):
    return int(view.shape[:, 2].argmax())


def test_one_drawing_alone_keeps_what_was_read(memory, views):
    timeline = RegionTimeline(memory)
    shares = reading(views[0], wrong=[0])
    timeline.add(views[0], shares)
    assert torch.equal(timeline.settle(1)[0], shares)


def test_a_slip_in_one_drawing_is_mended_by_those_before_and_after(memory, views):
    for slip in (0, 2, 5):
        timeline = RegionTimeline(memory)
        row = largest(views[slip])
        for index, view in enumerate(views):
            timeline.add(view, reading(view, wrong=[row] if index == slip else []))
        settled = timeline.settle(len(views))
        assert settled[slip].shape == (len(views[slip]), 2, COLORS)
        torch.testing.assert_close(settled[slip].sum((1, 2)), torch.ones(len(views[slip])))
        assert settled[slip][row, 0].argmax() == 0


def test_what_most_drawings_say_stays(memory, views):
    timeline = RegionTimeline(memory)
    for view in views:
        timeline.add(view, reading(view, wrong=[largest(view)]))
    assert all(shares[largest(view), 0].argmax() == 1 for view, shares in zip(views, timeline.settle(6), strict=True))


def test_windows_are_told_of_the_drawings_before_and_no_more_than_that_is_held(memory, views):
    timeline = RegionTimeline(memory)
    for _ in range(8):
        for view in views[:5]:
            timeline.add(view, reading(view))
        timeline.settle(5)
    assert len(timeline.readings) == max(STEPS)
    row = largest(views[5])
    timeline.add(views[5], reading(views[5], wrong=[row]))
    assert timeline.settle(1)[0][row, 0].argmax() == 0


def test_a_checkpoint_holds_all_that_later_drawings_are_told(memory, views):
    first, second = RegionTimeline(memory), RegionTimeline(memory)
    for view in views[:4]:
        first.add(view, reading(view, wrong=[largest(view)]))
    first.settle(4)
    second.from_tensors(first.to_tensors())
    for timeline in (first, second):
        timeline.add(views[4], reading(views[4]))
    assert torch.equal(first.settle(1)[0], second.settle(1)[0])

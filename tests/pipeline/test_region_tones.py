import cv2
import numpy as np
import pytest
import torch

from longanimation.cel import segment
from longanimation.lines import read_lines
from longanimation.pipeline.region_tones import agree_on_tones, are_tones, touching_labels, traced_borders

RED, DARK_RED, BLUE, WHITE, BLUISH_GREY, PALE_RED, FUR, PALE_FUR = (
    (200, 60, 50),
    (145, 40, 36),
    (50, 70, 200),
    (250, 250, 250),
    (200, 204, 222),
    (200, 190, 188),
    (222, 154, 92),
    (230, 194, 150),
)


@pytest.fixture
def drawing():
    """A box that a red trace divides, beside one that ink divides."""
    picture = np.full((120, 220, 3), 255, np.uint8)
    for left in (10, 120):
        cv2.rectangle(picture, (left, 10), (left + 90, 110), (0, 0, 0), 2)
    cv2.line(picture, (50, 12), (50, 108), (230, 0, 0), 2)
    cv2.line(picture, (160, 12), (160, 108), (0, 0, 0), 2)
    return read_lines(picture, "drawn")


def test_regions_with_a_trace_between_them_are_found(drawing):
    regions = segment(drawing.lines)
    ids = np.arange(regions.count)
    pairs = ids[traced_borders(regions, drawing.traces, ids).numpy()]
    assert {frozenset(pair) for pair in pairs.tolist()} == {frozenset((regions.ids[60, 30], regions.ids[60, 80]))}


def test_regions_that_are_not_looked_at_are_left_out(drawing):
    regions = segment(drawing.lines)
    ids = np.flatnonzero(np.arange(regions.count) != regions.ids[60, 30])
    assert traced_borders(regions, drawing.traces, ids).shape == (0, 2)
    assert traced_borders(regions, np.zeros_like(drawing.traces), np.arange(regions.count)).shape == (0, 2)


def test_a_paint_and_its_shade_are_tones():
    tones = are_tones(np.array([RED, DARK_RED, BLUE, WHITE, BLUISH_GREY, PALE_RED, FUR, PALE_FUR], np.uint8))
    assert torch.equal(tones, tones.T)
    found = {tuple(pair) for pair in tones.nonzero().tolist() if pair[0] < pair[1]}
    assert {(0, 1), (3, 4), (6, 7)} <= found
    assert not found & {(0, 2), (1, 2), (0, 3), (0, 5)}, "other hues, or as light"
    assert not tones.diag().any()


def test_labels_side_by_side():
    labels = torch.eye(4)[[0, 1, 2]]
    touch = torch.tensor([[0, 1.0, 0], [0.5, 0, 0.01], [0, 0.01, 0]])
    assert touching_labels(labels, touch).nonzero().tolist() == [[0, 1], [1, 0]]


def test_a_doubtful_region_takes_the_tone_of_what_lies_beyond_the_trace():
    tones = torch.zeros(3, 3, dtype=torch.bool)
    tones[0, 1] = tones[1, 0] = True
    labels = torch.tensor([[0.4, 0.1, 0.5], [0.04, 0.95, 0.01], [0.4, 0.1, 0.5]])
    shares = torch.stack([0.7 * labels, 0.3 * labels], dim=1)
    agreed = agree_on_tones(shares, torch.tensor([[0, 1]]), tones)
    torch.testing.assert_close(agreed.sum((1, 2)), torch.ones(3))
    assert agreed.sum(1).argmax(1).tolist() == [0, 1, 2], "the third touches no trace"
    torch.testing.assert_close(agreed[2], shares[2])
    torch.testing.assert_close(agreed[0, 0] / agreed[0, 1], torch.full((3,), 7 / 3))  # of the same sources as before


def test_without_traces_or_tones_nothing_changes():
    shares = torch.tensor([[[0.4, 0.6]], [[0.9, 0.1]]])
    tones = torch.tensor([[False, True], [True, False]])
    assert agree_on_tones(shares, torch.zeros(0, 2, dtype=torch.int64), tones) is shares
    assert agree_on_tones(shares, torch.tensor([[0, 1]]), torch.zeros(2, 2, dtype=torch.bool)) is shares

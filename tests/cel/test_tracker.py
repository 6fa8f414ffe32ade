import cv2
import numpy as np
import pytest
from cel_drawings import paper

from longanimation.cel import RegionTracker, decide, segment
from longanimation.errors import InputError


def two_discs(shift=0):
    lines = paper()
    cv2.circle(lines, (50 + shift, 60), 20, 0, 1)
    cv2.circle(lines, (110 + shift, 60), 20, 0, 1)
    regions = segment(lines)
    return regions, [int(regions.ids[60, x + shift]) for x in (50, 110)], int(regions.ids[5, 5])


def votes_for(regions, discs, ground, labels, *, share, points=16):
    votes = np.full((regions.count, 4), points * (1 - share) / 3, np.float32)
    for region, label in zip((*discs, ground), labels, strict=True):
        votes[region, label] = points * share
    return votes


def run(tracker, shift, labels, share):
    regions, discs, ground = two_discs(shift)
    votes = votes_for(regions, discs, ground, labels, share=share)
    decision = decide(votes, regions, prior=tracker.prior(regions))
    tracker.update(regions, votes)
    return [int(decision.labels[region]) for region in (*discs, ground)]


def test_a_region_keeps_its_colour_through_a_frame_of_weak_contrary_evidence_though_it_moves():
    tracker = RegionTracker()
    for frame in range(4):
        assert run(tracker, 4 * frame, (1, 2, 0), 0.9) == [1, 2, 0]
    assert run(tracker, 16, (2, 1, 0), 0.5) == [1, 2, 0]


def test_a_region_lets_go_of_its_colour_when_the_evidence_stays_changed():
    tracker = RegionTracker()
    for _ in range(4):
        run(tracker, 0, (1, 2, 0), 0.9)
    answers = [run(tracker, 0, (3, 2, 0), 0.7)[0] for _ in range(5)]
    assert answers[-1] == 3


def test_overwhelming_evidence_wins_at_once():
    tracker = RegionTracker()
    for _ in range(10):
        run(tracker, 0, (1, 2, 0), 0.9)
    assert run(tracker, 0, (3, 2, 0), 0.999) == [3, 2, 0]


def test_a_new_region_has_no_prior():
    tracker = RegionTracker()
    blank = segment(paper())
    tracker.update(blank, np.array([[9, 0, 0, 0]], np.float32))
    regions, discs, ground = two_discs()
    prior = tracker.prior(regions)
    assert np.abs(prior[discs]).max() < 0.8 < np.abs(prior[ground]).max()


def test_the_first_frame_has_no_prior():
    assert RegionTracker().prior(segment(paper())) is None


def test_the_state_is_small_arrays_and_goes_on_exactly():
    tracker = RegionTracker()
    for frame in range(3):
        run(tracker, 2 * frame, (1, 2, 0), 0.8)
    state = tracker.state()
    assert all(isinstance(values, (np.ndarray, np.generic)) for values in state.values())
    assert sum(values.nbytes for values in state.values()) < 200_000
    restored = RegionTracker.from_state(state)
    regions, *_ = two_discs(8)
    assert np.array_equal(tracker.prior(regions), restored.prior(regions))
    empty = RegionTracker.from_state(RegionTracker().state())
    assert empty.prior(regions) is None


def test_a_different_number_of_labels_is_refused():
    tracker = RegionTracker()
    blank = segment(paper())
    tracker.update(blank, np.ones((1, 3), np.float32))
    with pytest.raises(InputError, match="labels"):
        tracker.update(blank, np.ones((1, 4), np.float32))

import numpy as np
import pytest
from cel_drawings import box_with_gap, paper

from longanimation.cel import decide, sample_points, segment, vote
from longanimation.errors import InputError


@pytest.fixture
def regions():
    return segment(box_with_gap(0))


def evidence(regions, labels, *, labels_in_all=3, share=0.8):
    points, region = sample_points(regions)
    probabilities = np.full((len(points), labels_in_all), (1 - share) / (labels_in_all - 1), np.float32)
    probabilities[np.arange(len(points)), np.asarray(labels)[region]] = share
    return points, probabilities


def test_the_label_with_the_most_evidence_wins(regions):
    decision = decide(vote(regions, *evidence(regions, [2, 1])), regions)
    assert decision.labels.tolist() == [2, 1]
    assert (decision.confidence > 0.7).all()


def test_weights_count(regions):
    points = np.array([[60, 70], [61, 70], [62, 70]])
    probabilities = np.eye(3, dtype=np.float32)[[0, 0, 1]]
    votes = vote(regions, points, probabilities, np.array([0.1, 0.1, 1.0]))
    assert decide(votes, regions).labels[regions.ids[60, 70]] == 1


def test_votes_sum_over_the_points_of_a_region(regions):
    points, probabilities = evidence(regions, [0, 1])
    votes = vote(regions, points, probabilities)
    assert votes.shape == (2, 3)
    assert np.allclose(votes.sum(1), np.bincount(regions.ids[points[:, 0], points[:, 1]]))


def test_a_region_without_evidence_takes_the_label_of_the_neighbour_it_touches_most():
    lines = paper()
    lines[:, 50] = 0
    lines[60:80, 50:60] = 0
    lines[62:78, 52:58] = 255
    regions = segment(lines, gap=0)
    small, right = regions.ids[70, 55], regions.ids[70, 120]
    votes = np.zeros((regions.count, 4), np.float32)
    votes[:, 1] = 5
    votes[right] = [0, 0, 0, 5]
    votes[small] = 0
    decision = decide(votes, regions)
    assert decision.labels[small] == 3 and decision.confidence[small] == 0


def test_a_prior_tips_the_balance_of_weak_evidence_only(regions):
    prior = np.array([[0, -1.5, -1.5], [0, -1.5, -1.5]], np.float32)
    weak = vote(regions, *evidence(regions, [1, 1], share=0.45))
    strong = vote(regions, *evidence(regions, [1, 1], share=0.95))
    assert decide(weak, regions, prior=prior).labels.tolist() == [0, 0]
    assert decide(strong, regions, prior=prior).labels.tolist() == [1, 1]


def test_without_any_evidence_there_is_still_a_label(regions):
    decision = decide(np.zeros((2, 3), np.float32), regions)
    assert decision.labels.tolist() == [0, 0] and decision.confidence.tolist() == [0, 0]


def test_sizes_that_do_not_fit_are_refused(regions):
    with pytest.raises(InputError, match="outside"):
        vote(regions, np.array([[500, 0]]), np.ones((1, 3)))
    with pytest.raises(InputError, match="votes"):
        decide(np.ones((5, 3)), regions)
    with pytest.raises(InputError, match="points"):
        vote(regions, np.zeros((2, 2), int), np.ones((1, 3)))

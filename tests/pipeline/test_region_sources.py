"""Neighbouring regions agree on the character sheet they are painted from."""

import torch

from longanimation.pipeline.region_sources import agree, same_character

PAPER = [2]


def shares(*rows):
    """float [N, 3, 3] with label 0 for source 1 and label 1 for source 2; rows: (no sheet, first, second)."""
    found = torch.zeros(len(rows), 3, 3)
    for region, (none, first, second) in enumerate(rows):
        found[region, 0], found[region, 1, 0], found[region, 2, 1] = none / 2, first, second
    return found


def chain(count):
    """Each region borders on the one before and the one after."""
    touch = torch.diag(torch.ones(count - 1), 1)
    return touch + touch.T


def test_a_region_in_doubt_follows_its_neighbours():
    rows = [(0.0, 0.95, 0.05)] * 2 + [(0.0, 0.4, 0.6)] + [(0.0, 0.95, 0.05)] * 2
    found = agree(shares(*rows), chain(5), PAPER)
    assert torch.allclose(found.sum((1, 2)), torch.ones(5))
    assert (found.sum(2).argmax(1) == 1).all()
    assert found[2].sum(0).argmax() == 0


def test_a_region_that_is_sure_stays_and_so_does_another_character():
    rows = [(0.0, 0.95, 0.05)] * 2 + [(0.0, 0.001, 0.999)] * 3
    found = agree(shares(*rows), chain(5), PAPER)
    assert found.sum(2).argmax(1).tolist() == [1, 1, 2, 2, 2]


def test_what_is_painted_from_no_sheet_has_no_say():
    rows = [(0.98, 0.01, 0.01), (0.0, 0.45, 0.55), (0.98, 0.01, 0.01)]
    found = agree(shares(*rows), chain(3), PAPER)
    assert found.sum(2).argmax(1).tolist() == [0, 2, 0]


def test_the_paper_of_a_sheet_has_no_say():
    rows = shares((0.0, 0.45, 0.55), (0.0, 0.45, 0.55), (0.0, 0.05, 0.95))
    rows[0] = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 0.99], [0.0, 0.0, 0.01]])
    touch = torch.tensor([[0.0, 1.0, 0.0], [0.9, 0.0, 0.1], [0.0, 1.0, 0.0]])
    assert agree(rows, touch, PAPER).sum(2)[1].argmax() == 2
    assert agree(rows, touch, []).sum(2)[1].argmax() == 1


def test_small_parts_within_a_large_one_say_whose_it_is():
    """Four eyes' worth of border is little to the face, but it is all that the eyes have."""
    rows = [(0.0, 0.4, 0.6), (0.0, 0.2, 0.8)] + [(0.0, 0.98, 0.02)] * 4
    touch = torch.zeros(6, 6)
    touch[0, 1], touch[0, 2:] = 0.8, 0.05
    touch[1:, 0] = 1.0
    assert agree(shares(*rows), touch, PAPER).sum(2)[0].argmax() == 1


def test_one_sheet_changes_nothing():
    one = shares((0.5, 0.5, 0.0), (0.1, 0.9, 0.0))[:, :2]
    assert agree(one, chain(2), PAPER) is one


def test_sheets_of_one_character_share_their_colours():
    front = torch.eye(6)[[0, 1, 2, 3, 1]]
    back = torch.eye(6)[[0, 1, 2, 4]]
    other = torch.eye(6)[[0, 5, 4]]
    assert same_character(front, back)
    assert not same_character(front, other)

import pytest
import torch

from longanimation.models.memory_bank import KEY_FRAME, LOCAL, SHEET
from longanimation.models.region_matcher import RegionBatch, RegionMatcher, RegionTokens, compare, label_codes

SETTINGS = {"key_dim": 6, "dim": 16, "num_heads": 2, "context_layers": 1, "match_layers": 2, "label_dim": 4}


@pytest.fixture
def matcher():
    torch.manual_seed(0)
    matcher = RegionMatcher(**SETTINGS).eval()
    with torch.no_grad():  # a trained network: every part has a say
        for parameter in matcher.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return matcher


def regions(count, seed=1):
    generator = torch.Generator().manual_seed(seed)
    touch = torch.rand(1, count, count, generator=generator)
    return RegionBatch(
        torch.randn(1, count, 6, generator=generator),
        torch.randn(1, count, 5, generator=generator),
        touch / touch.sum(-1, keepdim=True),
        torch.ones(1, count, dtype=torch.bool),
    )


def ask(matcher, target, known, matches, kind=LOCAL, labels=None):
    seen = matcher.look(known)
    labels = torch.eye(seen.tokens.shape[1])[None] if labels is None else labels
    kinds = torch.full(seen.tokens.shape[:2], kind)
    return matcher.match(matcher.look(target), seen, kinds, labels, matches)


def test_untrained_it_trusts_the_matches_of_the_points():
    matcher = RegionMatcher(**SETTINGS)
    with torch.no_grad():
        matcher.query.weight.zero_()
        matcher.query.bias.zero_()
        matcher.nothing.weight.zero_()
        matches = torch.tensor([[[0.9, 0.0, 0.1], [0.1, 0.6, 0.2]]])
        shares, _ = ask(matcher, regions(2), regions(3), matches)
    torch.testing.assert_close(
        shares / shares.sum(-1, keepdim=True), (matches + 1e-3) / (matches + 1e-3).sum(-1, keepdim=True)
    )


def test_shares_and_nothing_sum_to_one(matcher):
    shares, nothing = ask(matcher, regions(4), regions(5), torch.rand(1, 4, 5))
    torch.testing.assert_close(shares.sum(-1) + nothing, torch.ones(1, 4))


def test_the_order_of_regions_does_not_matter(matcher):
    target, known, matches = regions(4), regions(5, 2), torch.rand(1, 4, 5)
    expected, _ = ask(matcher, target, known, matches)
    order = torch.tensor([2, 0, 3, 1])
    turned = RegionBatch(
        target.appearance[:, order], target.shape[:, order], target.touch[:, order][:, :, order], target.present
    )
    shares, _ = ask(matcher, turned, known, matches[:, order])
    torch.testing.assert_close(shares, expected[:, order])


def test_padding_changes_nothing(matcher):
    target, known, matches = regions(4), regions(5, 2), torch.rand(1, 4, 5)
    expected, sceptical = ask(matcher, target, known, matches)

    def padded(batch, more):
        grow = torch.nn.functional.pad
        return RegionBatch(
            grow(batch.appearance, (0, 0, 0, more), value=3.0),
            grow(batch.shape, (0, 0, 0, more), value=1.0),
            grow(batch.touch, (0, more, 0, more)),
            grow(batch.present, (0, more)),
        )

    labels = torch.nn.functional.pad(torch.eye(5)[None], (0, 0, 0, 3))
    shares, nothing = ask(
        matcher, padded(target, 2), padded(known, 3), torch.nn.functional.pad(matches, (0, 3, 0, 2)), labels=labels
    )
    torch.testing.assert_close(shares[:, :4], expected)
    torch.testing.assert_close(nothing[:, :4], sceptical)


def test_neighbours_decide_along(matcher):
    target, known, matches = regions(4), regions(5, 2), torch.rand(1, 4, 5)
    before, _ = ask(matcher, target, known, matches)
    target.appearance[:, 3] += 2
    after, _ = ask(matcher, target, known, matches)
    assert (after[:, :3] - before[:, :3]).abs().max() > 1e-4


def test_places_mean_nothing_on_a_sheet(matcher):
    target, known, matches = regions(3), regions(4, 2), torch.rand(1, 3, 4)
    seen = matcher.look(known)
    moved = RegionTokens(seen.tokens, seen.bias, seen.shape + torch.tensor([0.5, -0.3, 0, 0, 0]), seen.present)
    for kind, same in ((SHEET, True), (KEY_FRAME, False)):
        kinds = torch.full((1, 4), kind)
        one, other = (
            matcher.match(matcher.look(target), side, kinds, torch.eye(4)[None], matches)[0] for side in (seen, moved)
        )
        assert torch.allclose(one, other, atol=1e-6) == same


def test_pairs_know_offset_distance_border_and_size():
    shape = torch.tensor([[[0.0, 0.0, 1.0, 0.0, 0.0], [3.0, 4.0, 2.0, 1.0, 0.0]]])
    touch = torch.tensor([[[0.0, 0.7], [0.2, 0.0]]])
    pair = compare(shape, shape, touch)[0, 1, 0]
    torch.testing.assert_close(pair, torch.tensor([3.0, 4.0, 5.0, 0.2, 0.25, 0.5]), atol=1e-4, rtol=1e-4)


def test_codes_are_the_same_each_time_unless_drawn():
    torch.testing.assert_close(label_codes(5, 4), label_codes(5, 4))
    assert not torch.equal(label_codes(5, 4), label_codes(5, 4, torch.Generator().manual_seed(3)))


def test_saved_and_loaded_it_says_the_same(matcher, tmp_path):
    matcher.save_pretrained(tmp_path)
    again = RegionMatcher.from_pretrained(tmp_path).eval()
    matches = torch.rand(1, 3, 4)
    torch.testing.assert_close(
        ask(again, regions(3), regions(4), matches), ask(matcher, regions(3), regions(4), matches)
    )

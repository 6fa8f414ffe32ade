import numpy as np
import pytest
import torch

from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.models.memory_bank import MemoryBank


@pytest.fixture(scope="module")
def memory():
    torch.manual_seed(0)
    return CorrespondenceMemory(channels=(4, 8, 8, 12), layers=(1, 1, 1), num_heads=2, key_dim=8).eval()


def drawing(seed=0, height=32, width=48):
    return (torch.rand(1, 1, height, width, generator=torch.Generator().manual_seed(seed)) > 0.2).float()


def test_one_key_for_each_cell(memory):
    keys = memory.keys(drawing(height=30, width=45).expand(2, -1, -1, -1))
    rows, columns = memory.grid(30, 45)
    assert (rows, columns) == (8, 12)
    assert keys.shape == (2, rows * columns, memory.dim)
    assert keys.dtype == torch.float32


def test_grey_and_rgb_drawings_give_the_same_keys(memory):
    lines = drawing()
    torch.testing.assert_close(memory.keys(lines), memory.keys(lines.expand(-1, 3, -1, -1)))


def test_appearance_is_of_unit_length_and_positions_are_where_the_cells_are(memory):
    keys = memory.keys(drawing(height=32, width=64)).detach()
    torch.testing.assert_close(keys[..., :8].norm(dim=-1), torch.ones(1, 8 * 16))
    x, y = keys[0, :, 8], keys[0, :, 9]
    assert x[0] == pytest.approx((2 - 32) / 32) and y[0] == pytest.approx((2 - 16) / 32)
    assert x[-1] == pytest.approx((62 - 32) / 32) and y[-1] == pytest.approx((30 - 16) / 32)


def test_empty_page_keys_do_not_depend_on_padding_to_a_multiple_of_sixteen(memory):
    features = memory.encode(torch.ones(1, 1, 20, 20))
    points = torch.tensor([[[0.5, 0.5]]])
    assert memory.keys_at(features, points).shape == (1, 1, memory.dim)


def test_a_drawing_reads_its_own_colours_back(memory):
    keys = memory.keys(drawing())[0]
    labels = torch.eye(len(keys))
    sharp = CorrespondenceMemory.from_config(memory.config).eval()
    sharp.load_state_dict(memory.state_dict())
    sharp.log_scale.data.fill_(8.0)
    bank = sharp.new_bank()
    bank.add(keys, labels, permanent=True)
    values, confidence = sharp.read(keys, bank)
    assert (values.argmax(1) == torch.arange(len(keys))).float().mean() > 0.9
    assert values.shape == labels.shape and confidence.shape == (len(keys),)
    assert ((confidence >= 0) & (confidence <= 1)).all()


def test_values_are_a_mean_of_what_was_added_whatever_it_is(memory):
    keys = memory.keys(drawing())[0]
    bank = memory.new_bank()
    bank.add(keys, torch.full((len(keys), 48), 0.25), permanent=True)
    values, _ = memory.read(keys[:5], bank)
    torch.testing.assert_close(values, torch.full((5, 48), 0.25))


def test_reading_is_scored_as_documented(memory):
    keys = memory.keys(drawing())[0]
    bank = memory.new_bank()
    bank.add(keys[:6], torch.eye(6), permanent=True)
    bank.add(keys[6:9], torch.eye(6)[:3])
    values, confidence = memory.read(keys[20:22], bank)
    rows, _, kinds = bank.rows()
    for query, value, sure in zip(keys[20:22], values, confidence, strict=True):
        weight = torch.nn.functional.softplus(query[10:13])
        logits = []
        for row, kind in zip(rows, kinds, strict=True):
            near = {0: weight[0], 1: 0.0, 2: weight[1], 3: weight[2]}[int(kind)]
            logits.append(
                memory.log_scale.exp() * query[:8] @ row[:8]
                - near * (query[8:10] - row[8:10]).square().sum()
                + memory.kind_bias[kind]
            )
        nothing = query[13] + memory.nothing + np.log(len(rows) / memory.config.typical_rows)
        attention = torch.stack([*logits, nothing]).softmax(0)
        assert sure.item() == pytest.approx(1 - attention[-1].item(), abs=1e-4)
        expected = (attention[:-1] / attention[:-1].sum()) @ bank.rows()[1]
        torch.testing.assert_close(value, expected, atol=1e-4, rtol=1e-3)


def test_references_stay_and_history_is_bounded():
    bank = MemoryBank(4, local_frames=2, global_rows=50)
    reference = torch.nn.functional.normalize(torch.randn(10, 9, generator=torch.Generator().manual_seed(1)), dim=1)
    bank.add(reference, torch.eye(10), permanent=True)
    sizes = []
    for frame in range(60):
        keys = torch.randn(20, 9, generator=torch.Generator().manual_seed(frame))
        keys[:, :4] = torch.nn.functional.normalize(keys[:, :4], dim=1)
        bank.add(keys, torch.nn.functional.one_hot(torch.arange(20) % 10, 10).float())
        sizes.append(len(bank))
    assert max(sizes) <= 10 + 2 * 20 + 50
    keys, values, _ = bank.rows()
    torch.testing.assert_close(keys[:10], reference)
    torch.testing.assert_close(values[:10], torch.eye(10))


def test_only_what_is_new_enters_the_global_memory():
    bank = MemoryBank(2, local_frames=1, global_rows=100)
    known = torch.tensor([[1.0, 0, 0, 0]])
    bank.add(known, torch.tensor([[1.0, 0]]), permanent=True)
    same, other_colour = torch.tensor([[1.0, 0]]), torch.tensor([[0.0, 1]])
    bank.add(known, same)
    bank.add(known, other_colour)
    bank.add(torch.tensor([[0.0, 1, 0, 0]]), same)
    bank.add(known, same)
    _, values, kinds = bank.rows()
    assert (kinds == 3).sum() == 2, "the repeated cell stays out; a new colour and a new look come in"


def test_newest_of_twins_survives_when_the_global_memory_is_full():
    bank = MemoryBank(2, local_frames=0, global_rows=4, novelty=2.0)
    angles = torch.tensor([0.0, 0.01, 1.0, 2.0, 3.0])
    for index, angle in enumerate(angles):
        bank.add(torch.tensor([[angle.cos(), angle.sin(), float(index), 0]]), torch.tensor([[1.0]]))
    assert 0.0 not in bank.rows()[0][:, 2].tolist() and len(bank) <= 4


def test_history_survives_a_checkpoint():
    bank = MemoryBank(2, local_frames=1)
    bank.add(torch.tensor([[1.0, 0, 0, 0]]), torch.tensor([[1.0]]), permanent=True)
    for frame in range(3):
        bank.add(torch.tensor([[0.0, 1, frame, 0]]), torch.tensor([[float(frame)]]))
    again = MemoryBank(2, local_frames=1)
    again.add(torch.tensor([[1.0, 0, 0, 0]]), torch.tensor([[1.0]]), permanent=True)
    again.history_from_tensors(bank.history_to_tensors())
    for one, other in zip(bank.rows(), again.rows(), strict=True):
        torch.testing.assert_close(one, other)


def test_keys_without_values_are_refused():
    with pytest.raises(ValueError, match="3 keys but 2 values"):
        MemoryBank(2).add(torch.zeros(3, 4), torch.zeros(2, 1))


def test_saved_and_loaded_memory_gives_the_same_keys(memory, tmp_path):
    memory.save_pretrained(tmp_path)
    again = CorrespondenceMemory.from_pretrained(tmp_path).eval()
    torch.testing.assert_close(again.keys(drawing()), memory.keys(drawing()))

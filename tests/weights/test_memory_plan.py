"""Will it fit: activations counted on the meta device, the fastest placement for a GPU, and carrying it out."""

import numpy as np
import pytest
import torch
from torch import nn

from longanimation.errors import InputError
from longanimation.weights import memory_plan, working_memory
from longanimation.weights.load import load_parts
from longanimation.weights.memory_plan import GIB, memory_plans, plan_memory
from longanimation.weights.meta_memory import peak_bytes
from longanimation.weights.placement import PLACEMENTS, Residence

MEGA = 2**20


def meta(*shape, dtype=torch.float32):
    return torch.empty(shape, device="meta", dtype=dtype)


def test_the_peak_is_the_most_that_is_alive_at_a_time():
    big = meta(256, 1024)  # 1 MiB, made outside: not counted

    def compute():
        a = big + 1
        b = a * 2  # two alive
        del a
        c = b - 1  # again two
        return c

    assert peak_bytes(compute) == 2 * MEGA
    assert peak_bytes(lambda: big.view(-1)[:5].t()) == 0  # views are free


def test_weights_are_not_counted_and_attention_does_not_make_its_score_matrix():
    with torch.device("meta"):
        layer = nn.Linear(1024, 1024)
    assert peak_bytes(lambda: layer(meta(256, 1024))) == 2 * MEGA  # the input and the output
    query = meta(1, 1, 4096, 64)
    attend = nn.functional.scaled_dot_product_attention
    assert peak_bytes(lambda: attend(query, query, query)) == MEGA  # its output; the scores would be 64 MiB


def test_picture_memory_grows_with_the_pixels_of_the_autoencoder():
    vae = working_memory.empty_parts("5b")["vae"].to(torch.bfloat16)
    latents = [meta(1, 16, 2, side, side, dtype=torch.bfloat16) for side in (8, 16)]
    small, large = (peak_bytes(lambda size=size: vae.decode(size).sample) for size in latents)
    assert large == pytest.approx(4 * small, rel=0.01)


@pytest.fixture(scope="module")
def plans():
    return {size: memory_plans("5b", size=size) for size in ((576, 1024), (768, 1360))}


def test_the_published_weights_take_the_published_bytes():
    parts = working_memory.empty_parts("5b")
    counts = {name: working_memory.weight_bytes(part) for name, part in parts.items()}
    assert counts == {
        "transformer": 2 * 5_571_594_880,
        "sketch_dit": 2 * 818_359_808,
        "memory": 2 * 402_782_208,
        "vae": 2 * 215_583_907,
        "text_encoder": 2 * 4_762_310_656,
        "line_network": 2 * 4_290_945,
        "memory_encoder": 2 * 7_053_479_936,
    }
    eight = working_memory.weight_bytes(parts["transformer"], eight_bits=True)
    assert 0.5 < eight / counts["transformer"] < 0.6  # modulation layers stay in 16 bits


def test_every_usual_gpu_has_a_placement_at_both_published_sizes(plans, monkeypatch):
    monkeypatch.setattr(memory_plan, "memory_plans", lambda model, size, **_: plans[size])
    chosen = {
        (size[0], vram): plan_memory("5b", size=size, vram=vram, ram=64).placement.name
        for size in plans
        for vram in (80, 48, 24, 16, 12)
    }
    assert chosen == {
        (576, 80): "resident",
        (576, 48): "by phase",
        (576, 24): "by phase, tiles",
        (576, 16): "by phase, 8 bits, tiles",
        (576, 12): "by block, 8 bits, tiles",
        (768, 80): "by phase",
        (768, 48): "by phase, tiles",
        (768, 24): "by phase, tiles",
        (768, 16): "by block, 8 bits, tiles",
        (768, 12): "by block, 8 bits, tiles",
    }


def test_placements_go_from_most_to_least_gpu_memory(plans):
    for size in plans:
        needed = [plan.vram for plan in plans[size]]
        assert needed == sorted(needed, reverse=True) and len(needed) == len(PLACEMENTS)


def test_what_does_not_fit_is_one_clear_line(plans, monkeypatch):
    monkeypatch.setattr(memory_plan, "memory_plans", lambda model, size, **_: plans[size])
    with pytest.raises(
        InputError, match=r"5b at 768x1360 needs \d+\.\d GB of GPU memory at least .* 8.0 GB may be used"
    ):
        plan_memory("5b", size=(768, 1360), vram=8, ram=64)
    with pytest.raises(InputError, match=r"needs 26.\d GB of RAM on a GPU of 12.0 GB .* 16.0 GB may be used"):
        plan_memory("5b", size=(576, 1024), vram=12, ram=16)
    monkeypatch.setattr(memory_plan, "free_vram", lambda: None)
    with pytest.raises(InputError, match="there is none; use --model mini"):
        plan_memory("5b", size=(576, 1024), ram=64)


def test_a_size_that_cannot_be_generated_is_refused():
    with pytest.raises(InputError, match="multiples of 16"):
        memory_plans("5b", size=(540, 960))


def test_a_small_model_folder_fits_a_small_gpu(root):
    plan = plan_memory(root, size=(64, 96), frames=9, vram=2, ram=4)
    assert plan.placement.name == "resident"
    assert plan.content()["phases"].keys() == {"text", "encode", "memory", "denoise", "decode"}
    assert plan.vram < GIB


@pytest.mark.parametrize("placement", PLACEMENTS, ids=lambda placement: placement.name)
def test_every_placement_computes_the_same(root, placement):
    def outputs(parts):
        generator = torch.Generator().manual_seed(0)
        latents = torch.randn(1, 2, 32, 4, 4, generator=generator)
        text = parts["text_encoder"](torch.arange(16)[None] % 30)[0]
        frames = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), dtype=np.uint8)
        memory = parts["memory_encoder"].encode(frames)
        control = parts["sketch_dit"](latents, text, 500, 2.0)
        control = control + parts["memory"](memory, memory, control)
        noise = parts["transformer"](latents, text, 500, ofs=2.0, control=control, return_dict=False)[0]
        return memory, noise, parts["vae"].decode(noise.transpose(1, 2)).sample

    parts = load_parts(root, torch_dtype=torch.float32)
    with torch.no_grad():
        wanted = outputs(parts)
        Residence(parts, placement, "cpu", torch.float32)
        found = outputs(parts)
        again = outputs(parts)
    for want, got, second in zip(wanted, found, again, strict=True):
        # 8 bits round weights to 3 binary digits
        bound = 0.2 * want.std() if placement.eight_bits else 1e-6
        assert (got - want).abs().mean() <= bound and torch.equal(got, second)


def test_only_the_networks_of_the_running_phase_are_on_the_device(root):
    parts = load_parts(root, parts=["text_encoder", "vae", "sketch_dit", "transformer", "memory"])
    residence = Residence(parts, PLACEMENTS[1], "cpu")
    with torch.no_grad():
        parts["text_encoder"](torch.zeros(1, 16, dtype=torch.int64))
        assert residence._here == {"text_encoder"}
        latents = torch.zeros(1, 2, 32, 4, 4, dtype=torch.bfloat16)
        parts["sketch_dit"](latents, torch.zeros(1, 16, 24, dtype=torch.bfloat16), 500, 2.0)
        assert residence._here == {"transformer", "sketch_dit"}
        parts["vae"].decode(torch.zeros(1, 16, 2, 2, 2, dtype=torch.bfloat16))
        assert residence._here == {"vae"}

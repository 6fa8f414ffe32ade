"""The published networks as building blocks: size, stock weights, gradients, bad input."""

import pytest
import torch
from diffusers import CogVideoXTransformer3DModel

from longanimation.models import ControlledTransformer3D, DynamicGlobalLocalMemory, LineNetwork, SketchDiT
from longanimation.models.rotary import apply_rotary, rotary_tables

TINY = {
    "num_attention_heads": 2,
    "attention_head_dim": 16,
    "in_channels": 8,
    "out_channels": 4,
    "time_embed_dim": 16,
    "ofs_embed_dim": 16,
    "text_embed_dim": 12,
    "num_layers": 3,
    "sample_width": 40,
    "sample_height": 40,
    "sample_frames": 81,
    "patch_size_t": 2,
    "max_text_seq_length": 6,
    "use_rotary_positional_embeddings": True,
}
TABLES = rotary_tables(4, 8, 12, 16)


@pytest.fixture
def inputs():
    generator = torch.Generator().manual_seed(0)
    return {
        "hidden_states": torch.randn(2, 4, 8, 8, 12, generator=generator),
        "encoder_hidden_states": torch.randn(2, 6, 12, generator=generator),
        "timestep": 500,
        "ofs": 2.0,
        "image_rotary_emb": TABLES,
    }


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        (ControlledTransformer3D, 5_571_594_880),
        (SketchDiT, 818_359_808),
        (DynamicGlobalLocalMemory, 402_782_208),
        (LineNetwork, 4_290_945),
    ],
)
def test_default_sizes_are_the_published_ones(network, parameters):
    with torch.device("meta"):
        model = network()
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters


def test_parts_of_the_published_sizes_match():
    with torch.device("meta"):
        sketch, memory = SketchDiT(num_layers=8), DynamicGlobalLocalMemory()

    def size(module):
        return sum(parameter.numel() for parameter in module.parameters())

    assert size(sketch) == 1_082_755_072
    assert size(sketch.transformer_blocks[0]) == 132_197_632
    assert size(memory.layers) == 339_793_920


@torch.no_grad()
def test_a_stock_cogvideox_folder_loads_unchanged_and_computes_the_same(tmp_path, inputs):
    torch.manual_seed(0)
    stock = CogVideoXTransformer3DModel(**TINY, patch_bias=False).eval()
    stock.save_pretrained(tmp_path, max_shard_size="50KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    ours, report = ControlledTransformer3D.from_pretrained(tmp_path, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    assert {key: ours.config[key] for key in TINY} == TINY
    plain = {**inputs, "timestep": torch.tensor([500, 500]), "ofs": torch.tensor([2.0])}
    torch.testing.assert_close(ours(**plain).sample, stock(**plain).sample, rtol=0, atol=1e-6)


@torch.no_grad()
def test_saved_models_load_again_with_the_same_numbers(tmp_path, inputs):
    torch.manual_seed(0)
    sketch = SketchDiT(**TINY).eval()
    torch.nn.init.normal_(sketch.zero_conv.weight)
    memory = DynamicGlobalLocalMemory(dim=32, dim_head=8, heads=2, output_dim=32, memory_dim=10, mapping_dims=(12,))
    torch.nn.init.normal_(memory.proj_out)
    tokens = torch.randn(1, 2, 3, 5, 10)
    control = sketch(**inputs)
    for name, model in (("sketch", sketch), ("memory", memory)):
        model.save_pretrained(tmp_path / name)
    # Weights read from a file lie elsewhere in memory; some CPUs then round otherwise.
    torch.testing.assert_close(SketchDiT.from_pretrained(tmp_path / "sketch")(**inputs), control)
    again = DynamicGlobalLocalMemory.from_pretrained(tmp_path / "memory")
    torch.testing.assert_close(again(tokens, None, control), memory(tokens, None, control))
    assert all(torch.equal(value, memory.state_dict()[name]) for name, value in again.state_dict().items())


@torch.no_grad()
def test_untrained_control_and_memory_change_nothing(inputs):
    control = SketchDiT(**TINY).eval()(**inputs)
    assert control.shape == (2, 48, 32) and not control.any()
    memory = DynamicGlobalLocalMemory(dim=32, dim_head=8, heads=2, output_dim=32, memory_dim=10, mapping_dims=(12,))
    assert not memory(torch.randn(1, 2, 3, 5, 10), None, torch.randn(2, 48, 32)).any()


@torch.no_grad()
def test_control_enters_after_every_second_block_only(inputs):
    torch.manual_seed(0)
    model = ControlledTransformer3D(**{**TINY, "num_layers": 2}).eval()
    control = torch.randn(2, 48, 32)
    received = []
    for block in model.transformer_blocks:
        block.register_forward_pre_hook(lambda _, __, kwargs: received.append(kwargs["control"]), with_kwargs=True)
    controlled = model(**inputs, control=control, control_scale=0.5).sample
    assert torch.equal(received[0], 0.5 * control) and received[1] is None
    assert (controlled - model(**inputs).sample).abs().max() > 0.01
    assert torch.equal(model(**inputs, control=control, control_scale=0.0).sample, model(**inputs).sample)


@torch.no_grad()
def test_each_sample_of_a_batch_reads_its_own_memory():
    torch.manual_seed(0)
    model = DynamicGlobalLocalMemory(dim=32, dim_head=8, heads=2, output_dim=32, memory_dim=10, mapping_dims=(12,))
    torch.nn.init.normal_(model.proj_out)
    tokens, control = torch.randn(2, 2, 3, 5, 10), torch.randn(4, 6, 32)
    together = model(tokens[:, :, :, :3], tokens[:, :, :, 3:], control)  # both guidance halves of two samples
    for index in range(4):
        alone = model(tokens[index % 2 : index % 2 + 1], None, control[index : index + 1])
        torch.testing.assert_close(together[index : index + 1], alone, rtol=0, atol=1e-5)


def test_gradient_checkpointing_gives_the_same_gradients(inputs):
    torch.manual_seed(0)
    sketch, model = SketchDiT(**TINY), ControlledTransformer3D(**TINY)
    memory = DynamicGlobalLocalMemory(dim=32, dim_head=8, heads=2, output_dim=32, memory_dim=10, mapping_dims=(12,))
    for parameter in (sketch.zero_conv.weight, memory.proj_out):
        torch.nn.init.normal_(parameter, std=0.1)
    tokens = torch.randn(1, 2, 3, 5, 10)
    gradients = []
    for checkpointing in (False, True):
        for network in (sketch, model, memory):
            network.train().zero_grad()
            if checkpointing:
                network.enable_gradient_checkpointing()
        control = sketch(**inputs)
        model(**inputs, control=control + memory(tokens, None, control)).sample.square().mean().backward()
        gradients.append([p.grad.clone() for network in (sketch, model, memory) for p in network.parameters()])
    for plain, checkpointed in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, checkpointed, rtol=1e-4, atol=1e-7)


def test_rotary_keeps_lengths_and_depends_on_distance_only():
    cos, sin = rotary_tables(2, 2, 32, 16)
    query, key = torch.randn(1, 1, 1, 16).expand(1, 16, 1, 16), torch.randn(1, 1, 1, 16).expand(1, 16, 1, 16)
    turned = apply_rotary(query, (cos, sin))
    torch.testing.assert_close(turned.norm(dim=-1), query.norm(dim=-1))
    product = torch.einsum("bnhd,bmhd->nm", turned, apply_rotary(key, (cos, sin)))
    torch.testing.assert_close(product[3, 7], product[8, 12], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 3, 8, 8, 12), (1, 4, 8, 7, 12), (1, 4, 7, 8, 12)])
def test_latents_that_cannot_be_cut_into_patches_are_refused_in_words(shape, inputs):
    with pytest.raises(ValueError, match="SketchDiT: "):
        SketchDiT(**TINY)(**{**inputs, "hidden_states": torch.zeros(shape)})


def test_misshapen_memory_is_refused_in_words():
    model = DynamicGlobalLocalMemory(dim=32, dim_head=8, heads=2, output_dim=32, memory_dim=10, mapping_dims=(12,))
    with pytest.raises(ValueError, match=r"expected \[B, 2, 3, N, 10\]"):
        model.project_memory(torch.zeros(1, 2, 2, 5, 10))
    with pytest.raises(ValueError, match="global or a local"):
        model(None, None, torch.zeros(1, 4, 32))


@torch.no_grad()
def test_fused_projections_compute_the_same(inputs):
    torch.manual_seed(0)
    model = ControlledTransformer3D(**TINY).eval()
    plain = model(**inputs).sample
    model.fuse_qkv_projections()
    assert hasattr(model.transformer_blocks[0].attn1, "to_qkv")
    torch.testing.assert_close(model(**inputs).sample, plain, rtol=0, atol=1e-5)

"""Writes a tiny model in exactly the published layout: the stock libraries' own classes save the base release."""

import json
from functools import lru_cache
from io import BytesIO

import sentencepiece
import torch
from diffusers import AutoencoderKLCogVideoX, CogVideoXDPMScheduler, CogVideoXTransformer3DModel
from safetensors.torch import save_file
from transformers import T5Config, T5EncoderModel
from video_xl_folder import write_video_xl

from longanimation.models import DynamicGlobalLocalMemory, LineNetwork, SketchDiT

TRUNK = dict(
    num_attention_heads=2,
    attention_head_dim=16,
    in_channels=32,
    time_embed_dim=32,
    ofs_embed_dim=32,
    text_embed_dim=24,
    sample_width=300,
    sample_height=300,
    sample_frames=81,
    patch_size=2,
    patch_size_t=2,
    max_text_seq_length=16,
    use_rotary_positional_embeddings=True,
    use_learned_positional_embeddings=False,
    spatial_interpolation_scale=1.875,
    temporal_interpolation_scale=1.0,
)

SCHEDULER = dict(
    beta_start=0.00085,
    beta_end=0.012,
    beta_schedule="scaled_linear",
    prediction_type="v_prediction",
    rescale_betas_zero_snr=True,
    snr_shift_scale=1.0,
    timestep_spacing="trailing",
    clip_sample=False,
    set_alpha_to_one=True,
    steps_offset=0,
)


@lru_cache(maxsize=1)
def _sentencepiece_model() -> bytes:
    """A small unigram model with T5's special ids (pad 0, eos 1, unk 2)."""
    model = BytesIO()
    sentences = ["a girl with red hair runs along the beach", "best quality anime, high details, sharp lines"] * 4
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=model,
        vocab_size=40,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    return model.getvalue()


def write_base(folder):
    """CogVideoX1.5-5B-I2V: transformer and text encoder in shards with an index, VAE in one file."""
    torch.manual_seed(1)
    CogVideoXTransformer3DModel(**TRUNK, num_layers=3).to(torch.bfloat16).save_pretrained(
        folder / "transformer", max_shard_size="60KB"
    )
    AutoencoderKLCogVideoX(
        block_out_channels=(8, 8, 8, 8),
        norm_num_groups=2,
        layers_per_block=1,
        scaling_factor=0.7,
        invert_scale_latents=True,
    ).to(torch.bfloat16).save_pretrained(folder / "vae")
    text = T5Config(
        vocab_size=150,
        d_model=24,
        d_kv=8,
        d_ff=32,
        num_layers=2,
        num_heads=3,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
    )
    T5EncoderModel(text).to(torch.bfloat16).save_pretrained(folder / "text_encoder", max_shard_size="15KB")
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer" / "spiece.model").write_bytes(_sentencepiece_model())
    settings = {"tokenizer_class": "T5Tokenizer", "model_max_length": 226, "extra_ids": 100, "legacy": True}
    settings |= {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    (folder / "tokenizer" / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "scheduler").mkdir()
    scheduler = dict(CogVideoXDPMScheduler(**SCHEDULER).config) | {"_class_name": "CogVideoXDDIMScheduler"}
    scheduler.pop("_use_default_values", None)
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(scheduler, default=str))
    index = {
        "_class_name": "CogVideoXImageToVideoPipeline",
        "_diffusers_version": "0.32.0.dev0",
        "scheduler": ["diffusers", "CogVideoXDDIMScheduler"],
        "text_encoder": ["transformers", "T5EncoderModel"],
        "tokenizer": ["transformers", "T5Tokenizer"],
        "transformer": ["diffusers", "CogVideoXTransformer3DModel"],
        "vae": ["diffusers", "AutoencoderKLCogVideoX"],
    }
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def random_state(module, seed):
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(value.shape, generator=generator).to(torch.bfloat16) * 0.1
        for name, value in module.state_dict().items()
    }


def write_published(root, *, memory=True):
    """The three releases side by side, and the line network."""
    write_base(root / "CogVideoX1.5-5B-I2V")
    release = root / "longanimation"
    release.mkdir()
    save_file(random_state(SketchDiT(**TRUNK, num_layers=2), 2), release / "control_module.safetensors")
    torch.save(LineNetwork(width=4, residual_blocks=3).state_dict(), root / "sk_model.pth")
    if memory:
        module = DynamicGlobalLocalMemory(
            dim=32, depth=3, dim_head=96, heads=2, output_dim=32, ff_mult=4, memory_dim=24, mapping_dims=(32, 40)
        )
        save_file(random_state(module, 3), release / "glm_module.safetensors")
        write_video_xl(root / "Video_XL" / "VideoXL_weight_8")
    return root

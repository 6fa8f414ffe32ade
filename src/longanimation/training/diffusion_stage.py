"""Stages `sketch` and `memory`: the denoising loss, with the control of SketchDiT and what the memory adds to it."""

from __future__ import annotations

import numpy as np
import torch

from longanimation.pipeline.latents import decode, to_frames
from longanimation.training.clips import ClipPlan
from longanimation.training.conditions import Conditions, make_conditions, prompt_texts, tokenize
from longanimation.training.model_parts import StartingPoint
from longanimation.training.stage import Batch, Stage, clip_noise, clip_numbers, side_by_side
from longanimation.training.stage_config import DiffusionConfig, MemoryConfig

_TIME, _NOISE, _START, _FORGET, _STEPS = 31, 32, 33, 34, 1000

_TEXTS_KEPT = 64
"""Embeddings of this many texts are kept (1.8 MB each at 5b)."""

Memories = tuple[torch.Tensor, torch.Tensor] | None
"""Global and local memory of a batch, [B, 2, layers, N, kv_dim] each."""


class SketchStage(Stage):
    """v-prediction (CogVideoX): the network says sqrt(a) noise - sqrt(1 - a) clean; mean squared error, which equals
    the weighting 1 / (1 - a) of the error of the clean clip that CogVideoX's own trainer uses."""

    config: DiffusionConfig
    uses = ("vae", "text_encoder", "transformer", "sketch_dit")
    through = ("transformer",)

    def __init__(self, start: StartingPoint, config: DiffusionConfig):
        super().__init__(start, config)
        self._encoded: dict[str, torch.Tensor] = {}

    @classmethod
    def plan(cls, config: DiffusionConfig) -> ClipPlan:
        return ClipPlan(
            frames=config.frames,
            size=config.size,
            batch_size=config.batch_size,
            seed=config.seed,
            history=getattr(config, "history", 0),
            reference=config.reference,
            sheet_share=config.sheet_share,
            prompt_dropout=config.prompt_dropout,
            flip=config.flip,
            recolour=config.recolour,
            distinct=config.distinct,
            draft_side=config.draft_side if config.drafts else 0,
        )

    def losses(self, batch: Batch) -> dict[str, torch.Tensor]:
        conditions = self.conditions(batch)
        return {"loss": self.denoising_loss(conditions, self.memories(batch))}

    # ------------------------------------------------------------------ pieces

    def network(self, name: str, *args, **kwargs):
        """Run a part, trained or frozen."""
        if name in self.trained:
            return self.trained[name](*args, **kwargs)
        with self.frozen.use(name) as part:
            if name == "memory_encoder":  # casts by itself, after it has scaled the pictures
                return part(*args, **kwargs)
            return part(*_typed(args, part.dtype), **_typed(kwargs, part.dtype))

    def encode_prompts(self, prompts: list[str]) -> torch.Tensor:
        """[B, L, E]; with gradients where the text encoder is trained. A frozen one encodes each text once, on the CPU
        if it is offloaded."""
        texts = prompt_texts(self.start.settings, prompts)
        if "text_encoder" in self.trained:
            return self.trained["text_encoder"](self._tokens(texts).to(self.device))[0].float()
        kept = {text: self._encoded.pop(text) for text in texts if text in self._encoded}
        for text in dict.fromkeys(texts):
            if text not in kept:
                with self.frozen.use("text_encoder", move=False) as encoder, torch.no_grad():
                    kept[text] = encoder(self._tokens([text]).to(encoder.device))[0]
        self._encoded |= kept  # the latest behind
        while len(self._encoded) > max(_TEXTS_KEPT, len(kept)):
            self._encoded.pop(next(iter(self._encoded)))
        return torch.cat([self._encoded[text] for text in texts]).to(self.device).float()

    def _tokens(self, texts: list[str]) -> torch.Tensor:
        return tokenize(self.start.parts["tokenizer"], texts, self.transformer_config.max_text_seq_length)

    def conditions(self, batch: Batch) -> Conditions:
        prompts = self.encode_prompts(batch["prompt"])
        with self.frozen.use("vae") as vae:
            return make_conditions(
                batch,
                vae,
                self.transformer_config,
                self.start.settings,
                prompts,
                seed=self.config.seed,
                image_noise=self.config.image_noise,
            )

    def memories(self, batch: Batch) -> Memories:
        """None: this stage knows no history."""
        return None

    def control(self, conditions: Conditions, times: torch.Tensor, memories: Memories) -> torch.Tensor:
        """[B, N, dim] for time steps [B]."""
        return self.network(
            "sketch_dit",
            hidden_states=torch.cat([conditions.sketch, conditions.image, *conditions.hints], dim=2),
            encoder_hidden_states=conditions.prompts,
            timestep=times,
            ofs=self.loop.ofs,
            image_rotary_emb=conditions.tables,
        )

    def predict(
        self, conditions: Conditions, latents: torch.Tensor, times: torch.Tensor, control: torch.Tensor
    ) -> torch.Tensor:
        """v-prediction, float32."""
        draft, alpha = conditions.draft, self.alphas.to(latents.device)[times].float().view(-1, 1, 1, 1, 1)
        noisy = latents if draft is None else draft.subtract(latents, alpha)
        prediction = self.network(
            "transformer",
            hidden_states=torch.cat([noisy, conditions.image], dim=2),
            encoder_hidden_states=conditions.prompts,
            timestep=times,
            ofs=self.loop.ofs,
            image_rotary_emb=conditions.tables,
            control=control,
            control_scale=self.loop.control_scale,
            return_dict=False,
        )[0]
        prediction = prediction.float()
        return prediction if draft is None else draft.restore(prediction, noisy, alpha)

    def denoising_loss(self, conditions: Conditions, memories: Memories) -> torch.Tensor:
        """One time step per clip, spread evenly over the clips of a step (stratified), so that the loss is calm."""
        indices, config = conditions.indices, self.config
        place = indices.double() % config.batch_size + clip_numbers(config.seed, indices, _TIME).to(indices.device)
        times = self.times(place / config.batch_size).to(self.device)
        clean = conditions.clean
        noise = clip_noise(config.seed, indices, _NOISE, tuple(clean.shape[1:])).to(clean)
        alpha = self.alphas.to(clean.device)[times].float().view(-1, 1, 1, 1, 1)
        noisy = alpha.sqrt() * clean + (1 - alpha).sqrt() * noise
        target = alpha.sqrt() * noise - (1 - alpha).sqrt() * clean
        prediction = self.predict(conditions, noisy, times, self.control(conditions, times, memories))
        return ((prediction - target) ** 2).mean()

    def times(self, place: torch.Tensor) -> torch.Tensor:
        """Time steps int64 for places float64 in [0, 1) of the noise schedule, or of the sampler's own times."""
        chosen = torch.arange(self.alphas.numel())
        if self.config.sampled_times:
            scheduler = self.start.parts["scheduler"]
            scheduler.set_timesteps(self.config.sampled_times)
            chosen = scheduler.timesteps.flip(0).cpu()
        return chosen[(place * len(chosen)).long().clamp(max=len(chosen) - 1)]

    def denoise(self, conditions: Conditions, memories: Memories, steps: int, stop: int) -> tuple:
        """Latents before step `stop` of `steps` steps from pure noise, and the clean clip that the step before
        predicted (None if stop is 0). Sampler of the pipeline, without guidance and without gradients."""
        shape, seed, scheduler = tuple(conditions.clean.shape[1:]), self.config.seed, self.start.parts["scheduler"]
        scheduler.set_timesteps(steps)
        latents = clip_noise(seed, conditions.indices, _START, shape).to(conditions.clean)
        clean = None
        with torch.no_grad():
            for index in range(stop):
                times = self.step_times(index, conditions)
                prediction = self.predict(conditions, latents, times, self.control(conditions, times, memories))
                noise = clip_noise(seed, conditions.indices, _STEPS + index, shape).to(latents)
                latents, clean = scheduler.advance(index, prediction, latents, noise, clean, aligned=True)
        return latents, clean

    def step_times(self, index: int, conditions: Conditions) -> torch.Tensor:
        """Time of denoising step `index`, int64 [B]."""
        time = int(self.start.parts["scheduler"].timesteps[index])
        return torch.full((len(conditions.clean),), time, device=self.device)

    def pictures(self, batch: Batch) -> np.ndarray:
        """Rows: lines, the truth, what a few denoising steps make of it; the reference in front."""
        first = {name: value[:1] for name, value in batch.items()}
        conditions, steps = self.conditions(first), self.config.sample_denoising_steps
        _, clean = self.denoise(conditions, self.memories(first), steps, steps)
        with self.frozen.use("vae") as vae:
            found = to_frames(decode(vae, clean, padding_frames=conditions.padding))[0]
        chosen = [0, len(found) // 2, len(found) - 1]
        reference, lines = (first[name][0].numpy() for name in ("reference", "reference_lines"))
        truth = first["colour"][0, chosen].cpu().numpy()
        drawn = first["lines"][0, chosen].cpu().numpy()
        return side_by_side(
            [[lines, *drawn], [reference, *truth], [np.full_like(reference, 255), *found[chosen].cpu().numpy()]]
        )

    @property
    def loop(self):
        return self.start.settings.denoising

    @property
    def alphas(self) -> torch.Tensor:
        return self.start.parts["scheduler"].alphas_cumprod

    @property
    def transformer_config(self):
        return self.start.parts["transformer"].config


class MemoryStage(SketchStage):
    """The same loss with memory of the frames before the clip: global of all of them, local of the last ones."""

    config: MemoryConfig
    uses = (*SketchStage.uses, "memory", "memory_encoder")

    def memories(self, batch: Batch) -> Memories:
        frames = batch["history"].permute(0, 1, 4, 2, 3).float() / 255
        with torch.set_grad_enabled("memory_encoder" in self.trained and torch.is_grad_enabled()):
            whole = self.network("memory_encoder", frames)
            recent = self.network("memory_encoder", frames[:, -self.config.local_frames :])
        return whole.float(), recent.float()

    def control(self, conditions: Conditions, times: torch.Tensor, memories: Memories) -> torch.Tensor:
        """SketchDiT's, and the memory's term on top, except for the clips that go without."""
        control = super().control(conditions, times, memories)
        told = clip_numbers(self.config.seed, conditions.indices, _FORGET) >= self.config.history_dropout
        return control + self.network("memory", *memories, control=control) * told.to(control).view(-1, 1, 1)


def _typed(values, dtype: torch.dtype):
    """Floating-point tensors in the number format of a frozen part; rotary tables stay in float32."""
    if isinstance(values, dict):
        return {name: value if name == "image_rotary_emb" else _typed(value, dtype) for name, value in values.items()}
    if isinstance(values, (tuple, list)):
        return type(values)(_typed(value, dtype) for value in values)
    if isinstance(values, torch.Tensor) and values.is_floating_point():
        return values.to(dtype)
    return values

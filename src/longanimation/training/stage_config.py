"""What decides a training run: one dataclass per stage, all of it written into the run folder."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from longanimation.errors import InputError

RUNTIME = (
    "output steps micro_batch workers log_steps save_steps keep_checkpoints sample_steps trackers limit_seconds "
    "checkpointing offload link_unchanged"
).split()
"""Fields that a resumed run may change: they do not alter what is computed, `steps` only how long."""


@dataclass
class StageConfig:
    """What all stages have.

    Attributes:
        output: run folder. In it: config.json, log.jsonl, tensorboard/, checkpoints/, samples/, model/ (hub layout).
        start_from: model folder (ours or the published layout), the `model/` of an earlier stage, "tiny" for random
            weights at toy size, or None.
        model: config of each part that `start_from` lacks; such a part begins at random (SketchDiT, if its width is
            the transformer's and no config is given: from the transformer's first blocks).
        train: the parts that are trained; all others stay as they are.
        data: sources, see `shots.open_shots`.
        size: height and width that clips are cropped and scaled to, multiples of 16.
        frames: frames per clip, 8k + 1; the autoencoder and the text encoder may learn from stills (1).
        recolour: share of clips whose colours are changed at random (all pictures of a clip alike).
        flip: share of clips that are mirrored.
        batch_size: clips per optimizer step, over all processes. micro_batch: clips that one process handles at a
            time; None: as many as fall on it. What lies between is made up by gradient accumulation.
        precision: "no" (float32), "bf16" (autocast), or "auto": bf16 on a GPU.
        frozen_dtype: number format of the parts that are not trained, "float32" or "bfloat16".
        optimizer: "adamw" (fused on a GPU) or "adamw8bit" (needs bitsandbytes).
        schedule: learning rate after the warm-up: "constant" or "cosine" (to a fiftieth at `steps`).
        ema_decay: 0 for none. The averaged weights are what `model/` holds.
        lora_rank: 0 trains the weights themselves; otherwise only low-rank additions (needs peft).
        checkpointing: recompute activations in the backward pass.
        tiling: the frozen autoencoder works in tiles: less memory, slightly other colours where tiles meet.
        offload: frozen parts that wait in RAM while they are not used (the text encoder even runs there; every text
            is encoded once).
        link_unchanged: parts that are not trained become links in `model/`, not copies.
        distinct: at most so many different clips; they are mirrored, cut and recoloured anew each time. 0: no limit.
            For what is dear to make, such as drafts.
        limit_seconds: save and stop after this long.
    """

    output: str = ""
    start_from: str | None = None
    model: dict = field(default_factory=dict)
    train: tuple[str, ...] = ()
    data: tuple = ()
    cache: str | None = None
    size: tuple[int, int] = (576, 1024)
    frames: int = 81
    recolour: float = 0.0
    flip: float = 0.5
    distinct: int = 0
    steps: int = 10000
    batch_size: int = 6
    micro_batch: int | None = None
    learning_rate: float = 1e-5
    warmup_steps: int = 200
    schedule: str = "constant"
    weight_decay: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.95)
    clip_norm: float = 1.0
    ema_decay: float = 0.999
    seed: int = 0
    precision: str = "auto"
    frozen_dtype: str = "float32"
    optimizer: str = "adamw"
    lora_rank: int = 0
    checkpointing: bool = False
    tiling: bool = False
    offload: tuple[str, ...] = ()
    link_unchanged: bool = False
    workers: int = 2
    log_steps: int = 10
    save_steps: int = 500
    keep_checkpoints: int = 2
    sample_steps: int = 1000
    trackers: tuple[str, ...] = ("tensorboard",)
    limit_seconds: float | None = None

    def __post_init__(self):
        for name in ("train", "data", "size", "betas", "offload", "trackers"):
            setattr(self, name, tuple(getattr(self, name)))
        self._one_of("precision", "auto", "no", "bf16")
        self._one_of("frozen_dtype", "float32", "bfloat16")
        self._one_of("optimizer", "adamw", "adamw8bit")
        self._one_of("schedule", "constant", "cosine")
        for name in ("steps", "batch_size", "log_steps", "save_steps", "keep_checkpoints"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if len(self.size) != 2 or any(side < 16 or side % 16 for side in self.size):
            raise InputError(f"size is {list(self.size)}; give height and width as multiples of 16")
        if self.frames % 8 != 1:
            raise InputError(f"frames is {self.frames}; the model takes 8k + 1 frames, such as 81, 17 or 9")

    def _one_of(self, name: str, *allowed: str) -> None:
        if getattr(self, name) not in allowed:
            raise InputError(f"{name} is {getattr(self, name)!r}; choose one of {', '.join(allowed)}")


@dataclass
class AutoencoderConfig(StageConfig):
    """Stage `autoencoder`: pictures to latents and back (for a model of our own; 5b keeps the published one).

    lines_share: share of clips that are shown as line maps, which the same autoencoder encodes. kl_weight: of the
    distance between the posterior and a normal distribution. edge_weight: of the difference between neighbouring
    pixels, which keeps edges sharp. scale_clips: clips over which the latents' spread is measured at the end, for
    `scaling_factor`; 0 keeps the factor.
    """

    train: tuple[str, ...] = ("vae",)
    lines_share: float = 0.25
    kl_weight: float = 1e-6
    edge_weight: float = 1.0
    scale_clips: int = 16


@dataclass
class TextConfig(StageConfig):
    """Stage `text`: what colours a sentence stands for (for a text encoder of our own; 5b keeps the published one).

    grid: rows and columns of the picture whose mean colours are asked for. text_length: tokens of a sentence, those of
    the transformer that is to listen.
    """

    train: tuple[str, ...] = ("text_encoder",)
    text_length: int = 226
    grid: tuple[int, int] = (4, 4)

    def __post_init__(self):
        super().__post_init__()
        self.grid = tuple(self.grid)


@dataclass
class DiffusionConfig(StageConfig):
    """What the stages with a denoising loss have.

    prompt_dropout: share of clips trained without their prompt, for guidance. reference: which picture the clip is
    given, see `clips.REFERENCES`. sheet_share: share of clips whose reference is a character sheet where the shot has
    one. drafts: folder of a correspondence memory ("mini": the one in the package), whose drafts SketchDiT is given as
    hints and the networks start from, see `pipeline.draft`; it becomes a part of the model. draft_side: longer side in
    pixels at which it looks at drawings. image_noise: add a little noise to the reference picture, as CogVideoX's
    training does.
    sampled_times: train only at the times that a sampler of so many steps visits; 0: at all 1000. A few times are
    learned sooner, for a model that will always take as few steps. sample_denoising_steps: of the sample pictures.
    """

    train: tuple[str, ...] = ("sketch_dit",)
    prompt_dropout: float = 0.1
    reference: str = "earlier"
    sheet_share: float = 0.2
    drafts: str | None = None
    draft_side: int = 256
    image_noise: bool = True
    sampled_times: int = 0
    sample_denoising_steps: int = 8

    def __post_init__(self):
        super().__post_init__()
        self._one_of("reference", "earlier", "first", "window", "mixed")


@dataclass
class SketchConfig(DiffusionConfig):
    """Stage `sketch`: SketchDiT (paper section 3.2), with or without the base transformer."""


@dataclass
class MemoryConfig(DiffusionConfig):
    """Stage `memory`: the global-local memory (paper section 3.3).

    A window is `history` frames and then the target; between 1 and `history` of them, a number drawn anew for each
    step, are what the memory is made from. The reference is the first frame of the window (the published reader).
    local_frames: of the local memory. history_dropout: share of clips that the memory says nothing about, where more
    than the memory is trained: a shot's first window has none.
    """

    train: tuple[str, ...] = ("memory",)
    reference: str = "first"
    sheet_share: float = 0.0
    history: int = 160
    history_dropout: float = 0.0
    local_frames: int = 20


@dataclass
class RewardConfig(MemoryConfig):
    """Stage `reward`: Colour Consistency Reward (paper section 3.4).

    A clip is denoised from noise without gradients up to one of the last `last_steps` of `denoising_steps` steps; from
    there the clean clip is predicted with gradients, `decoded_latents` latent frames of it are decoded, and their
    colour features in the long-video model are compared with those of the ground truth.

    color_terms: cosine terms per picture axis that count as colour (4: a quarter of the picture and coarser);
    time_terms: the same over time. reward_weight, diffusion_weight: of the two losses.
    """

    train: tuple[str, ...] = ("sketch_dit", "memory")
    denoising_steps: int = 20
    last_steps: int = 4
    decoded_latents: int = 3
    color_terms: int = 6
    time_terms: int = 2
    reward_weight: float = 0.1
    diffusion_weight: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        if not 1 <= self.last_steps <= self.denoising_steps:
            raise InputError(f"last_steps is {self.last_steps}; give 1 to {self.denoising_steps} (denoising_steps)")


STAGES: dict[str, type[StageConfig]] = {
    "autoencoder": AutoencoderConfig,
    "text": TextConfig,
    "sketch": SketchConfig,
    "memory": MemoryConfig,
    "reward": RewardConfig,
}


def field_names(stage: str) -> list[str]:
    """The settings that a stage has."""
    return [entry.name for entry in fields(STAGES[stage])]

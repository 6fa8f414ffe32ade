"""Training of the correspondence memory (`longanimation train correspondence`): resumable, CPU or GPU.

longanimation train correspondence --output runs/correspondence --steps 20000
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from longanimation.errors import InputError
from longanimation.media.atomic import atomic_path
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.pipeline.precision import has_fast_bfloat16
from longanimation.training.clip_store import ClipStore
from longanimation.training.correspondence_loss import episode_loss
from longanimation.training.episodes import EpisodeConfig, make_episode
from longanimation.training.journal import Journal, RunClock, write_json
from longanimation.training.sample_pictures import sample_picture


@dataclass
class CorrespondenceTrainConfig:
    """Everything that decides a run; written to `config.json` in the output folder.

    clips: distinct drawn clips; they are drawn once and kept in `cache` (none: drawn anew each time).
    save_seconds: a checkpoint at least this often. limit_seconds: stop (with a checkpoint) after this long.
    """

    output: str
    cache: str | None = None
    clips: int = 8000
    render_size: tuple[int, int] = (256, 448)
    steps: int = 20000
    batch_size: int = 8
    learning_rate: float = 8e-4
    warmup_steps: int = 300
    weight_decay: float = 0.02
    ema_decay: float = 0.999
    seed: int = 0
    device: str = "auto"
    workers: int = 1
    precision: str = "auto"
    save_seconds: float = 300
    limit_seconds: float | None = None
    log_steps: int = 20
    validate_steps: int = 1000
    validation_clips: int = 64
    start_from: str | None = None
    episode: EpisodeConfig = field(default_factory=EpisodeConfig)
    model: dict = field(default_factory=dict)


class EpisodeDataset(Dataset):
    """Episode `index` is a pure function of (seed, index): any step can be resumed exactly."""

    def __init__(self, config: CorrespondenceTrainConfig, split: str, length: int):
        self.config, self.split, self.length = config, split, length
        self.store = ClipStore(config.cache, split, config.render_size)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict:
        training = self.split == "train"
        rng = np.random.default_rng((self.config.seed, index, training))
        clip = self.store.get(int(rng.integers(self.config.clips)) if training else index)
        return make_episode(clip, self.config.episode, rng, augment=training)


def train(config: CorrespondenceTrainConfig, progress=None) -> dict:
    """Run or resume. `progress(step, metrics)` is called each `log_steps`. Returns the last validation metrics."""
    if config.start_from and not (Path(config.start_from) / "config.json").is_file():
        raise InputError(f"{config.start_from} is no model folder: there is no config.json in it")
    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    device = _device(config.device)
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=_use_bf16(config.precision, device))
    torch.manual_seed(config.seed)
    model = CorrespondenceMemory(**config.model)
    if config.start_from:
        model = CorrespondenceMemory.from_pretrained(config.start_from)
    model = model.to(device, memory_format=torch.channels_last).train()
    ema = {name: value.detach().clone().float() for name, value in model.state_dict().items()}
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}],
        lr=config.learning_rate,
        betas=(0.9, 0.99),
    )
    step, seconds = _restore(output, model, ema, optimizer, device)
    write_json(output / "config.json", asdict(config))
    loader = _loader(EpisodeDataset(config, "train", config.steps * config.batch_size), config, step, device)
    log = Journal(output)
    clock = RunClock(seconds, limit=config.limit_seconds, save_every=config.save_seconds)
    metrics: dict = {}
    totals = torch.zeros(5, device=device)
    for batch in loader:
        for group in optimizer.param_groups:
            group["lr"] = _learning_rate(config, step)
        batch = {name: value.to(device, non_blocking=True) for name, value in batch.items()}
        with autocast:
            result = episode_loss(model, batch)
        optimizer.zero_grad(set_to_none=True)
        result.loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        _update_ema(ema, model, min(config.ema_decay, (1 + step) / (10 + step)))
        counts = (result.region_right, result.region_known, result.point_right, result.point_known)
        totals += torch.stack([result.loss.detach(), *[count.sum() for count in counts]])
        if step % config.log_steps == 0:
            loss, right, known, points_right, points_known = totals.tolist()
            totals.zero_()
            metrics = {
                "loss": loss / config.log_steps,
                "regions_right": right / max(known, 1),
                "points_right": points_right / max(points_known, 1),
                "seconds": clock.seconds,
                "learning_rate": _learning_rate(config, step),
            }
            log.write(step, metrics)
            if progress:
                progress(step, metrics)
        last = step >= config.steps or clock.over
        if last or step % config.validate_steps == 0:
            averaged = _with_ema(model, ema)
            metrics = validate(averaged, config, device)
            log.write(step, metrics)
            log.write_picture(step, _samples(averaged, config))
            if progress:
                progress(step, metrics)
        if last or clock.save_due():
            _save(output, model, ema, optimizer, step, clock.seconds)
        if last:
            break
    return metrics


@torch.no_grad()
def validate(model: CorrespondenceMemory, config: CorrespondenceTrainConfig, device) -> dict:
    """Share of regions and points coloured right on held-out shapes and motions, without augmentation."""
    dataset = EpisodeDataset(config, "test", config.validation_clips)
    counts = torch.zeros(5)
    batches = 0
    for batch in DataLoader(dataset, batch_size=config.batch_size):
        result = episode_loss(model, {name: value.to(device) for name, value in batch.items()})
        rows = (result.region_right, result.region_known, result.point_right, result.point_known)
        counts += torch.stack([result.loss, *[row.sum() for row in rows]]).cpu()
        batches += 1
    loss, right, known, points_right, points_known = counts.tolist()
    return {
        "validation/loss": loss / max(batches, 1),
        "validation/regions_right": right / max(known, 1),
        "validation/points_right": points_right / max(points_known, 1),
    }


def _samples(model: CorrespondenceMemory, config: CorrespondenceTrainConfig) -> np.ndarray:
    store = ClipStore(config.cache, "test", config.render_size)
    return np.concatenate([sample_picture(model, store.get(i)) for i in range(min(4, config.validation_clips))])


def _loader(dataset, config, step, device):
    indices = range(step * config.batch_size, len(dataset))
    return DataLoader(
        dataset,
        batch_size=config.batch_size,
        sampler=indices,
        num_workers=config.workers,
        pin_memory=device.type == "cuda",
        persistent_workers=config.workers > 0,
    )


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def _use_bf16(precision: str, device: torch.device) -> bool:
    if precision == "auto":
        return device.type == "cuda" or has_fast_bfloat16()
    return precision == "bf16"


def _learning_rate(config, step: int) -> float:
    warm = min(1.0, (step + 1) / config.warmup_steps)
    done = min(1.0, step / config.steps)
    return float(config.learning_rate * warm * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * done))))


@torch.no_grad()
def _update_ema(ema, model, decay):
    for name, value in model.state_dict().items():
        ema[name].lerp_(value.float(), 1 - decay)


def _with_ema(model, ema):
    averaged = CorrespondenceMemory.from_config(model.config).to(next(model.parameters()).device)
    averaged.load_state_dict(ema)
    return averaged.eval()


def _save(output, model, ema, optimizer, step, seconds):
    with atomic_path(output / "checkpoint.pt") as path:
        torch.save(
            {
                "model": model.state_dict(),
                "ema": ema,
                "optimizer": optimizer.state_dict(),
                "step": step,
                "seconds": seconds,
            },
            path,
        )
    _with_ema(model, ema).cpu().save_pretrained(output / "correspondence")


def _restore(output, model, ema, optimizer, device):
    path = output / "checkpoint.pt"
    if not path.exists():
        return 0, 0.0
    checkpoint = torch.load(path, map_location=device, weights_only=True)
    model.load_state_dict(checkpoint["model"])
    ema.update(checkpoint["ema"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    return checkpoint["step"], checkpoint["seconds"]

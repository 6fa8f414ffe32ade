"""Training of the region matcher (`longanimation train regions`), on top of a trained correspondence memory.

The memory stays as it is, so its pictures are looked at once and kept; a step is cheap.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch

from longanimation.errors import InputError
from longanimation.media.atomic import atomic_path
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.models.memory_bank import GLOBAL, LOCAL
from longanimation.models.region_matcher import RegionBatch, RegionMatcher, RegionTokens, label_codes
from longanimation.pipeline.precision import has_fast_bfloat16
from longanimation.training.journal import Journal, RunClock, write_json
from longanimation.training.region_clips import MOMENTS, RegionClipStore

MOST = 128
"""Regions of one picture in training; of a fuller picture a random part."""


@dataclass
class RegionTrainConfig:
    """clips: shots in `cache`, drawn on first use with the memory in the folder `memory`. guesses: share of episodes
    whose history is coloured by references alone (mistakes included) rather than truly, in whole or in part."""

    output: str
    memory: str
    cache: str
    clips: int = 2000
    steps: int = 4000
    batch_size: int = 8
    learning_rate: float = 1e-3
    warmup_steps: int = 100
    weight_decay: float = 0.02
    seed: int = 0
    save_seconds: float = 300
    limit_seconds: float | None = None
    log_steps: int = 20
    validate_steps: int = 500
    validation_clips: int = 40
    model: dict = field(default_factory=dict)


def make_region_episode(clip: dict, rng: np.random.Generator, *, augment: bool = True) -> dict:
    """One drawing to colour, and what is remembered: references, mostly the frame before, sometimes an older frame.

    The labels of history are true or guesses, region by region. Returns arrays: "target" with truth (-1: nowhere
    remembered) and weight, "remembered" a list of pictures with labels [n, K] and matches [n, N].
    """
    kinds = list(clip["kinds"])
    count, colors = len(kinds), int(clip["colors"])
    moment = int(rng.integers(MOMENTS))
    before, now = count + 2 * moment, count + 2 * moment + 1
    pictures = list(zip(range(count), kinds, strict=True))
    if rng.random() < 0.85 or not augment:
        pictures.append((before, LOCAL))
    if rng.random() < 0.5:
        other = int(rng.choice([m for m in range(MOMENTS) if m != moment]))
        pictures.append((count + 2 * other + 1, GLOBAL))
    if augment and count > 1 and rng.random() < 0.3:
        del pictures[int(rng.integers(count))]
    guessed = rng.choice([0.0, 0.0, 0.3, 0.7, 1.0])
    target = _picture(clip, now, MOST, rng)
    noise = 0.3 if augment else 0.0
    remembered = []
    for picture, kind in pictures:
        part = _picture(clip, picture, MOST, rng)
        part["labels"] = np.eye(colors, dtype=np.float32)[part["label"]]
        if kind in (LOCAL, GLOBAL):
            part["labels"] = _as_coloured(clip, picture, part["rows"], part["labels"], guessed, rng)
        if kind == GLOBAL and augment:  # only some of the past is kept
            part = _some(part, rng.random(len(part["rows"])) < rng.uniform(0.2, 1))
        part["matches"] = clip[f"match.{now}.{picture}"][np.ix_(target["rows"], part["rows"])].T
        part["kinds"] = np.full(len(part["rows"]), kind)
        part["appearance"] = _noisy(part["appearance"], noise, rng)
        remembered.append(part)
    # A colour that is nowhere remembered: the answer is "nothing like it".
    on_offer = np.concatenate([part["labels"] for part in remembered]).max(0) > 0.5
    target["truth"] = np.where(on_offer[target["label"]], target["label"].astype(np.int64), -1)
    target["weight"] = np.where(target["area"] > 10, 1.0, 0.3)
    target["appearance"] = _noisy(target["appearance"], noise, rng)
    return {"target": target, "remembered": remembered}


def collate(episodes: list[dict], num_labels: int = 64) -> dict[str, torch.Tensor]:
    """Padded tensors: `target.*` [B, N, ...] and `remembered.*` [B, pictures, n, ...], each with `present`."""
    rows = max(len(episode["target"]["rows"]) for episode in episodes)
    columns = max(len(part["rows"]) for episode in episodes for part in episode["remembered"])
    pictures = max(len(episode["remembered"]) for episode in episodes)
    empty = _some(episodes[0]["remembered"][0], np.zeros(len(episodes[0]["remembered"][0]["rows"]), bool))
    batch: dict[str, list] = {}
    for episode in episodes:
        for name, value in _padded(episode["target"], rows, {}).items():
            batch.setdefault(f"target.{name}", []).append(value)
        parts = episode["remembered"] + [empty] * (pictures - len(episode["remembered"]))
        parts = [_padded(part, columns, {"labels": num_labels, "matches": rows}) for part in parts]
        for name in parts[0]:
            batch.setdefault(f"remembered.{name}", []).append(np.stack([part[name] for part in parts]))
    return {name: torch.from_numpy(np.stack(values)) for name, values in batch.items()}


def region_loss(model: RegionMatcher, batch: dict[str, torch.Tensor], generator=None) -> tuple[torch.Tensor, dict]:
    """Cross-entropy of each region's label, where none is remembered of "nothing like it"; and counts of right and
    known regions over 10 pixels, for the model and for the plain votes of the points."""
    labels = batch["remembered.labels"].flatten(1, 2)
    matches = batch["remembered.matches"].flatten(1, 2).transpose(1, 2)
    codes = label_codes(labels.shape[-1], model.config.label_dim, generator)
    target = model.look(_regions(batch, "target", None))
    seen = model.look(_regions(batch, "remembered", 2))
    pictures = batch["remembered.kinds"].shape[:2]
    tokens, shape, present = (
        value.unflatten(0, pictures).flatten(1, 2) for value in (seen.tokens, seen.shape, seen.present)
    )
    known = RegionTokens(tokens, target.bias, shape, present)
    shares, nothing = model.match(target, known, batch["remembered.kinds"].flatten(1, 2), labels, matches, codes)
    truth, present = batch["target.truth"], batch["target.present"]
    chance = shares.gather(-1, truth.clamp(min=0)[..., None])[..., 0]
    chance = torch.where(truth >= 0, chance, nothing)
    weight = batch["target.weight"] * present
    loss = (-chance.clamp(min=1e-5).log() * weight).sum() / weight.sum()
    with torch.no_grad():
        counted = present & (truth >= 0) & (batch["target.weight"] == 1)
        right = (shares.argmax(-1) == truth) & counted
        plain = ((matches @ labels).argmax(-1) == truth) & counted
    return loss, {"known": counted.sum().item(), "right": right.sum().item(), "plain": plain.sum().item()}


def _regions(batch: dict[str, torch.Tensor], side: str, flatten: int | None) -> RegionBatch:
    values = [batch[f"{side}.{name}"] for name in ("appearance", "shape", "touch", "present")]
    return RegionBatch(*[value.flatten(0, flatten - 1) if flatten else value for value in values])


def _some(part: dict[str, np.ndarray], kept: np.ndarray) -> dict[str, np.ndarray]:
    return {name: value[kept][:, kept] if name == "touch" else value[kept] for name, value in part.items()}


def _padded(part: dict[str, np.ndarray], rows: int, width: dict[str, int]) -> dict[str, np.ndarray]:
    """Rows and pairs padded with zeros (truth with -1), float32 and int64; `present` added."""
    part = {name: value for name, value in part.items() if name not in ("rows", "label", "area")}
    count = len(part["shape"])
    result = {"present": np.arange(rows) < count}
    for name, value in part.items():
        kind = np.int64 if name in ("truth", "kinds") else np.float32
        shape = [rows, *value.shape[1:]]
        if name == "touch":
            shape[1] = rows
        elif name in width:
            shape[1] = width[name]
        result[name] = np.full(shape, -1 if name == "truth" else 0, kind)
        result[name][tuple(slice(0, size) for size in value.shape)] = value
    return result


class RegionEpisodes(torch.utils.data.Dataset):
    """Episode `index` is a pure function of (seed, index)."""

    def __init__(self, config: RegionTrainConfig, store: RegionClipStore, length: int, *, training: bool):
        self.config, self.store, self.length, self.training = config, store, length, training

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict:
        rng = np.random.default_rng((self.config.seed, index, self.training))
        clip = int(rng.integers(self.config.clips)) if self.training else index % self.config.validation_clips
        return make_region_episode(self.store.get(clip), rng, augment=self.training)


def train_regions(config: RegionTrainConfig, progress=None) -> dict:
    """Run or resume. `progress(step, metrics)` is called each `log_steps`. Returns the last validation metrics.

    Leaves `correspondence/` (the memory as it came) and `region_matcher/` side by side, a model like `mini`.
    """
    if not (Path(config.memory) / "config.json").is_file():
        raise InputError(f"{config.memory} is no correspondence memory; name the folder `correspondence` of its run")
    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    memory = CorrespondenceMemory.from_pretrained(config.memory).float().eval()
    torch.manual_seed(config.seed)
    model = RegionMatcher(key_dim=memory.config.key_dim, **config.model).train()
    optimizer = torch.optim.AdamW(
        model.parameters(), config.learning_rate, (0.9, 0.98), weight_decay=config.weight_decay
    )
    checkpoint, step, seconds = output / "checkpoint.pt", 0, 0.0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        step, seconds = saved["step"], saved["seconds"]
    write_json(output / "config.json", asdict(config))
    store = RegionClipStore(config.cache, memory, "train")
    episodes = RegionEpisodes(config, store, config.steps * config.batch_size, training=True)
    loader = torch.utils.data.DataLoader(
        episodes, config.batch_size, sampler=range(step * config.batch_size, len(episodes)), collate_fn=collate
    )
    log = Journal(output)
    clock = RunClock(seconds, limit=config.limit_seconds, save_every=config.save_seconds)
    totals = {"loss": 0.0, "known": 0, "right": 0, "plain": 0}
    metrics: dict = {}
    for batch in loader:
        for group in optimizer.param_groups:
            group["lr"] = _learning_rate(config, step)
        with torch.autocast("cpu", torch.bfloat16, enabled=has_fast_bfloat16()):
            loss, counts = region_loss(model, batch, torch.Generator().manual_seed(config.seed + step))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        for name, value in {"loss": loss.item() / config.log_steps, **counts}.items():
            totals[name] += value
        if step % config.log_steps == 0:
            metrics = _shares(totals) | {"seconds": clock.seconds}
            totals = dict.fromkeys(totals, 0)
            log.write(step, metrics)
            if progress:
                progress(step, metrics)
        last = step >= config.steps or clock.over
        if last or step % config.validate_steps == 0:
            metrics = validate_regions(model, config, memory)
            log.write(step, metrics)
            if progress:
                progress(step, metrics)
        if last or clock.save_due():
            with atomic_path(checkpoint) as path:
                state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
                torch.save(state | {"step": step, "seconds": clock.seconds}, path)
            memory.save_pretrained(output / "correspondence")
            model.save_pretrained(output / "region_matcher")
        if last:
            break
    return metrics


@torch.no_grad()
def validate_regions(model: RegionMatcher, config: RegionTrainConfig, memory) -> dict:
    """Shares of regions over 10 pixels right on held-out shapes and motions: the matcher, and plain votes."""
    store = RegionClipStore(config.cache, memory, "test")
    episodes = RegionEpisodes(config, store, 2 * config.validation_clips, training=False)
    model.eval()
    totals = {"loss": 0.0, "known": 0, "right": 0, "plain": 0}
    loader = torch.utils.data.DataLoader(episodes, config.batch_size, collate_fn=collate)
    for batch in loader:
        loss, counts = region_loss(model, batch)
        for name, value in {"loss": loss.item() / len(loader), **counts}.items():
            totals[name] += value
    model.train()
    return {f"validation/{name}": value for name, value in _shares(totals).items()}


def _shares(totals: dict) -> dict:
    known = max(totals["known"], 1)
    return {"loss": totals["loss"], "regions_right": totals["right"] / known, "votes_right": totals["plain"] / known}


def _picture(clip: dict, name: int, most: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    rows = np.arange(len(clip[f"label.{name}"]))
    if len(rows) > most:
        rows = np.sort(rng.choice(rows, most, replace=False))
    part = {field: clip[f"{field}.{name}"][rows] for field in ("appearance", "shape", "label", "area")}
    return part | {"touch": clip[f"touch.{name}"][np.ix_(rows, rows)], "rows": rows}


def _as_coloured(clip, picture, rows, shares, guessed, rng) -> np.ndarray:
    """Shares of labels as a program would remember them: partly guesses, some plain mistakes, mostly some doubt.

    For a frame whose votes by the references are known (every target and the frame before it) the guess is theirs.
    """
    votes = np.full(shares.shape, 1e-3, np.float32)
    for reference in range(len(clip["kinds"])):
        name = f"match.{picture}.{reference}"
        known = np.eye(shares.shape[1], dtype=np.float32)[clip[f"label.{reference}"]]
        votes += clip[name][rows].astype(np.float32) @ known
    votes /= votes.sum(1, keepdims=True)
    if rng.random() < 0.5:
        votes = np.eye(shares.shape[1], dtype=np.float32)[votes.argmax(1)]
    result = np.where(rng.random((len(rows), 1)) < guessed, votes, shares)
    wrong = rng.random(len(rows)) < 0.03
    result[wrong] = np.eye(shares.shape[1], dtype=np.float32)[rng.integers(shares.shape[1], size=wrong.sum())]
    doubt = rng.uniform(0, 0.2)
    return ((1 - doubt) * result + doubt * votes).astype(np.float32)


def _noisy(values: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    return values.astype(np.float32) + amount * rng.standard_normal(values.shape).astype(np.float32)


def _learning_rate(config: RegionTrainConfig, step: int) -> float:
    warm = min(1.0, (step + 1) / config.warmup_steps)
    return float(config.learning_rate * warm * (0.02 + 0.49 * (1 + np.cos(np.pi * min(1.0, step / config.steps)))))

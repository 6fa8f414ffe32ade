"""Recipes: YAML or JSON files that hold the settings of every stage at one scale."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import yaml

from longanimation.errors import InputError
from longanimation.training.stage_config import RUNTIME, STAGES, StageConfig, field_names

_FOLDER = Path(__file__).parent / "presets"


def presets() -> list[str]:
    """Names of the recipes in the package."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def read_recipe(stage: str, recipe: str | Path, **changes) -> StageConfig:
    """The config of a stage.

    recipe: a preset's name, a recipe file, or the config.json of a run. A recipe file has one section per stage and
    `all` for what the stages share; `preset: NAME` takes the rest from a preset. changes: settings that win; None is
    no change. Raises InputError for a file that cannot be read and for settings that do not exist.
    """
    values = _sections(stage, recipe)
    values |= {name: value for name, value in changes.items() if value is not None}
    unknown = sorted(set(values) - set(field_names(stage)))
    if unknown:
        raise InputError(f"{recipe}: stage {stage} has no setting {', '.join(unknown)}")
    try:
        return STAGES[stage](**values)
    except TypeError as error:
        raise InputError(f"{recipe}: a setting of {stage} has the wrong kind of value ({error})") from error


def parse_changes(texts: list[str]) -> dict:
    """`name=value` texts, values as YAML."""
    changes = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise InputError(f"{text!r} is not a setting; write name=value, such as learning_rate=1e-4")
        changes[name.strip()] = _number(yaml.safe_load(value))
    return changes


def save_config(config: StageConfig, stage: str) -> dict:
    """As JSON values; `read_recipe` reads it back."""
    return json.loads(json.dumps({"stage": stage, **dataclasses.asdict(config)}))


def check_same_run(stage: str, config: StageConfig, saved: dict, where: Path) -> None:
    """Refuse to go on with a run that was begun with other settings."""
    now = save_config(config, stage)
    for name in sorted(set(now) | set(saved)):
        if name not in RUNTIME and now.get(name) != saved.get(name):
            raise InputError(
                f"{where} holds a run with {name} {saved.get(name)!r}, now {now.get(name)!r}; choose another --output"
            )


def _sections(stage: str, recipe: str | Path) -> dict:
    content = _read(recipe)
    if "stage" in content:
        if content.pop("stage") != stage:
            raise InputError(f"{recipe} is the config of another stage, not of {stage}")
        return content
    base = _sections(stage, content.pop("preset")) if "preset" in content else {}
    unknown = sorted(set(content) - {"all", *STAGES})
    if unknown:
        raise InputError(f"{recipe}: unknown section {', '.join(unknown)}; sections are all, {', '.join(STAGES)}")
    if not base and stage not in content:
        raise InputError(f"{recipe} has no stage {stage}; it has {', '.join(set(content) - {'all'}) or 'none'}")
    shared = {name: value for name, value in (content.get("all") or {}).items() if name in field_names(stage)}
    everywhere = {name for other in STAGES for name in field_names(other)}
    wrong = sorted(set(content.get("all") or {}) - everywhere)
    if wrong:
        raise InputError(f"{recipe}: no stage has a setting {', '.join(wrong)}")
    return {**base, **shared, **(content.get(stage) or {})}


def _read(recipe: str | Path) -> dict:
    path = Path(recipe)
    if not path.is_file():
        path = _FOLDER / f"{recipe}.yaml"
        if not path.is_file():
            raise InputError(f"no recipe {recipe}: no such file, and the presets are {', '.join(presets())}")
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read as YAML or JSON ({' '.join(str(error).split())[:200]})") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is not a recipe: it holds no sections")
    return _numbers(content)


def _numbers(value):
    """YAML reads 1e-4 as text (its numbers need a point): make it a number."""
    if isinstance(value, dict):
        return {key: _numbers(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_numbers(entry) for entry in value]
    return _number(value)


def _number(value):
    if isinstance(value, str) and value[:1] in "+-.0123456789" and "e" in value.lower():
        try:
            return float(value)
        except ValueError:
            return value
    return value

"""Prompts: who is seen, in front of what."""

from __future__ import annotations

import colorsys
import itertools
import re

import numpy as np

from longanimation.data.synth.backdrop.light import LIGHTS
from longanimation.data.synth.backdrop.vocabulary import PLACES, WEATHERS, phrases
from longanimation.data.synth.creatures import Creature
from longanimation.data.synth.effects import Effect
from longanimation.data.synth.figures import Person
from longanimation.data.synth.held import NAMES
from longanimation.data.synth.props import Prop
from longanimation.data.synth.quadrupeds import Quadruped
from longanimation.data.synth.robots import Robot

_HUES = ((0.035, "red"), (0.105, "orange"), (0.185, "yellow"), (0.45, "green"), (0.53, "turquoise"), (0.7, "blue"),
         (0.8, "purple"), (0.94, "pink"), (1.01, "red"))  # fmt: skip
_HAIR = {
    "short": "short {} hair", "bob": "{} bobbed hair", "long": "long {} hair", "ponytail": "a {} ponytail",
    "spiky": "spiky {} hair", "curly": "curly {} hair", "twintails": "{} twintails", "bun": "{} hair in a bun",
}  # fmt: skip
_GIRLS = ("long", "bob", "ponytail", "twintails", "bun")
_BOTH = ("{who} in front of {where}", "{who}, {where}", "{who}. Background: {where}.", "{who} with {where} behind",
         "anime scene of {who}, {where} in the background", "{where}, {who}")  # fmt: skip
_THINGS = (
    "a boy, an animal on four legs, creature, robot, girl with hair in a shirt and coat, cape, poncho, vest, holding "
    "cloud of smoke, flower in a pot, ball, box, car, flag, umbrella, kite, character"
)
_ONLY = ("{where}", "background: {where}", "{where} in the background", "a scene with {where}")


def colour_name(rgb) -> str:
    """A plain word for a colour (RGB, 0 to 255)."""
    h, s, v = colorsys.rgb_to_hsv(*(float(c) / 255 for c in rgb))
    if v < 0.24:
        return "black"
    if s < 0.14:
        return "white" if v > 0.86 else "grey"
    if 0.02 < h < 0.12 and (v < 0.62 or (s < 0.55 and v < 0.8)):
        return "brown"
    if 0.1 < h < 0.17 and s < 0.6:
        return "blond" if v > 0.6 else "brown"
    return next(name for limit, name in _HUES if h < limit)


def _cloth(rgb) -> str:
    return colour_name(rgb).replace("blond", "beige")


def _one(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def subject(actor, palette: np.ndarray) -> str:
    """A noun phrase for a character or a thing."""
    if isinstance(actor, Person):
        shirt = _cloth(palette[actor.top.shirt])
        if actor.families["actor"] == "beast":
            fur = colour_name(palette[actor.skin]).replace("blond", "golden")
            who = f"{_one(fur)} animal in {_one(shirt)} shirt"
        else:
            kind = actor.families["hair"]
            noun = "girl" if kind in _GIRLS else "boy"
            hair = _HAIR[kind].format(colour_name(palette[actor.head.hair.colour])).replace("a orange", "an orange")
            who = f"a {noun} with {hair} in {_one(shirt)} shirt"
        if actor.layer is not None:
            who += f" and {_one(_cloth(palette[actor.layer.colour]))} {actor.layer.kind}"
        return who + (f", holding {NAMES[actor.held.kind]}," if actor.held is not None else "")
    if isinstance(actor, Quadruped):
        return _one(f"{_cloth(palette[actor.fur])} animal on four legs")
    if isinstance(actor, Creature):
        return _one(f"{_cloth(palette[actor.body])} creature")
    if isinstance(actor, Robot):
        return "a robot"
    if isinstance(actor, Effect):
        return f"a cloud of {_cloth(palette[actor.tones[0]])} smoke"
    if isinstance(actor, Prop):
        return "a flower in a pot" if actor.kind == "pot" else _one(actor.kind)
    return "a character"


def vocabulary() -> list[str]:
    """All words and signs of all sentences, sorted."""
    colours = "black white grey brown blond beige golden " + " ".join(name for _, name in _HUES)
    parts = [_THINGS, colours, *_HAIR.values(), *NAMES.values(), *_BOTH, *_ONLY]
    for place, light, weather in itertools.product(PLACES, LIGHTS, WEATHERS):
        parts += phrases(place, light, weather)
    return sorted(set(re.findall(r"[a-z]+|[.,:]", " ".join(parts).lower())) - {"who", "where"})


def prompts(actors, palette: np.ndarray, places: list[str], rng) -> list[str]:
    """All that is used for one scene: the first is the prompt, the others say the same in other words."""
    who = " and ".join(subject(actor, palette) for actor in actors[:2])
    who = who.rstrip(",") if len(actors) == 1 else who
    out = []
    for _ in range(6):
        where = places[int(rng.integers(0, len(places)))]
        patterns = _ONLY if rng.random() < 0.3 or not who else _BOTH
        text = patterns[int(rng.integers(0, len(patterns)))].format(who=who, where=where)
        text = text.replace(",,", ",").replace(",.", ".").strip(" ,")
        if text not in out:
            out.append(text)
    return out

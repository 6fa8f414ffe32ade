"""Which places there are in which light and weather, and the sentences for them."""

from __future__ import annotations

from longanimation.data.synth.backdrop import built, nature

PLACES = {
    "sky": nature.open_sky,
    "sea": nature.sea,
    "forest": nature.forest,
    "city": built.city,
    "room": built.room,
    "desert": nature.desert,
    "snow": nature.snow,
    "meadow": nature.meadow,
    "mountains": nature.mountains,
    "plain": built.plain,
}
WEATHERS = ("clear", "rain", "snow")

_NAMES = {
    "sea": ("the sea", "the ocean", "a sea with gentle waves"),
    "forest": ("a forest", "the woods", "a forest of tall trees"),
    "city": ("a city", "a city street", "a street with tall buildings"),
    "room": ("a room", "a cosy room with a window", "a room with a bookshelf"),
    "desert": ("a desert", "sand dunes", "a sandy desert"),
    "snow": ("a snowy landscape", "snow-covered hills", "snowy hills with fir trees"),
    "meadow": ("a meadow", "a green meadow", "a grassy field"),
    "mountains": ("mountains", "snow-capped mountains", "high mountains"),
}
_SKIES = {
    "day": ("a blue sky", "a bright blue sky with white clouds", "a clear day sky"),
    "sunset": ("a sunset sky", "an orange sunset", "a glowing evening sky"),
    "night": ("a night sky", "a starry night sky", "a dark sky full of stars"),
    "cloudy": ("a grey sky", "a cloudy sky", "an overcast sky"),
    "dawn": ("a pink morning sky", "the sky at dawn", "a pale sunrise"),
    "dusk": ("a violet sky at dusk", "the sky at dusk", "a purple twilight sky"),
}
_LIGHTS = {
    "day": ("{} by day", "{} on a sunny day", "{} in bright daylight", "{} under a blue sky"),
    "sunset": ("{} at sunset", "{} in the evening glow", "{} under an orange sunset sky", "{}, sunset"),
    "night": ("{} at night", "{} under a starry night sky", "{} by night", "{}, night"),
    "cloudy": ("{} on a cloudy day", "{} under a grey sky", "{} in dull weather"),
    "dawn": ("{} at dawn", "{} in the pink light of the morning", "{} at sunrise"),
    "dusk": ("{} at dusk", "{} in violet twilight", "{} under a purple evening sky"),
}
_WEATHERS = {
    "clear": ("{}",),
    "rain": ("{} in the rain", "{}, rain falls", "{} with heavy rain", "rain over {}"),
    "snow": ("{} in falling snow", "{}, snow falls", "{} while it snows"),
}


def phrases(place: str, light: str, weather: str, colour: str | None = None) -> list[str]:
    """Everything the vocabulary can say of a background, in a fixed order. colour: of a plain one."""
    if place == "plain":
        return [f"a plain {colour} background", f"a simple {colour} background", f"a {colour} backdrop"]
    if place == "sky":
        lit = list(_SKIES[light])
    else:
        lit = [pattern.format(name) for name in _NAMES[place] for pattern in _LIGHTS[light]]
    if place == "sea" and light == "sunset":
        lit.append("a sunset sea")
    return [pattern.format(text) for text in lit for pattern in _WEATHERS[weather]]

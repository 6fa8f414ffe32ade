"""Painted scenes: repeatable, true to their prompt, labels and lines; the background moves with the camera."""

import json

import cv2
import numpy as np
import pytest

from longanimation.data.synth import PaintedScene, Scene, write_dataset
from longanimation.data.synth.backdrop import Backdrop
from longanimation.data.synth.backdrop.light import LIGHTS
from longanimation.data.synth.backdrop.vocabulary import PLACES, WEATHERS, phrases
from longanimation.data.synth.families import FAMILIES, chosen_families
from longanimation.errors import InputError

SIZE = (72, 128)
WHOLE = (0.0, 0.0, 1.0)


def painted(seed: int, **options) -> PaintedScene:
    return PaintedScene.random(seed, **{"frames": 30, "size": SIZE} | options)


def backdrop(place: str, light: str, weather: str = "clear", seed: int = 3) -> np.ndarray:
    return Backdrop(seed, place, light, weather, aspect=16 / 9).picture(SIZE, WHOLE, 0).astype(float)


def test_a_painted_scene_gives_the_same_bytes_again_in_any_order():
    for seed in (0, 3, 12):
        one, two = painted(seed), painted(seed)
        first = {i: one.render(i) for i in (0, 17)}
        for i in (17, 0):
            again = two.render(i)
            for name in ("lines", "labels", "parts", "ink", "colour"):
                assert np.array_equal(getattr(first[i], name), getattr(again, name)), name
        assert one.prompts == two.prompts


def test_mixed_holds_painted_scenes_and_the_very_flat_ones_of_the_default():
    assert Scene.random(3, look="painted", frames=5, size=SIZE).prompt == painted(3, frames=5).prompt
    kinds = {seed: Scene.random(seed, look="mixed", frames=5, size=SIZE) for seed in range(6)}
    flat = [seed for seed, scene in kinds.items() if not isinstance(scene, PaintedScene)]
    assert 0 < len(flat) < 6
    a, b = kinds[flat[0]].render(2), Scene.random(flat[0], frames=5, size=SIZE).render(2)
    assert np.array_equal(a.lines, b.lines) and np.array_equal(a.labels, b.labels)
    with pytest.raises(InputError, match="look"):
        Scene.random(0, look="oil")
    with pytest.raises(InputError, match="place"):
        painted(0, backdrop=("moon", "day", "clear"))


def test_what_the_prompt_says_can_be_measured_in_the_picture():
    warmth = {
        key: (backdrop(*key)[..., 0] - backdrop(*key)[..., 2]).mean()
        for key in (("sea", "sunset"), ("desert", "day"), ("snow", "day"), ("sea", "day"))
    }
    assert warmth["sea", "sunset"] > warmth["snow", "day"] + 40
    assert warmth["desert", "day"] > warmth["sea", "day"] + 20
    for place in PLACES:
        if place not in ("plain", "room"):
            assert backdrop(place, "night").mean() < 0.6 * backdrop(place, "day").mean(), place
    forest, snow = backdrop("forest", "day"), backdrop("snow", "day")
    assert (forest[..., 1] - forest[..., [0, 2]].mean(-1)).mean() > 15
    assert snow[-15:].mean() > 200


def test_rain_and_snow_fall():
    for weather in ("rain", "snow"):
        behind = Backdrop(3, "city", "cloudy", weather, aspect=16 / 9)
        frames = [behind.picture(SIZE, WHOLE, i).astype(float) for i in (0, 1)]
        assert (np.abs(frames[0] - frames[1]).max(-1) > 8).mean() > 0.01


def test_every_place_light_and_weather_has_several_sentences_that_name_it():
    words = {"sea": ("sea", "ocean"), "forest": ("forest", "woods"), "city": ("city", "street"), "room": ("room",)}
    for place in PLACES:
        for light in LIGHTS:
            for weather in WEATHERS:
                said = phrases(place, light, weather, "blue")
                assert len(set(said)) >= 3
                assert all(any(w in s for w in words.get(place, ("",))) for s in said)
                if place != "plain" and weather != "clear":
                    assert all(weather in s for s in said)
    scene = painted(4, backdrop=("sea", "sunset", "clear"))
    assert scene.prompts and all("sea" in p or "ocean" in p for p in scene.prompts)


def test_the_same_cast_stands_in_front_of_another_background():
    one = painted(9, backdrop=("sea", "sunset", "clear"), finish="flat", sketched=False)
    two = painted(9, backdrop=("snow", "day", "clear"), finish="flat", sketched=False)
    a, b = one.render(4), two.render(4)
    assert np.array_equal(a.lines, b.lines) and np.array_equal(a.parts, b.parts)
    who = a.parts > 0
    assert who.any() and np.array_equal(a.colour[who], b.colour[who])
    assert np.abs(a.colour[~who].astype(int) - b.colour[~who]).mean() > 20


def test_the_background_moves_with_the_pan():
    scene = painted(2, camera="pan", shakes=False, backdrop=("city", "day", "clear"), frames=40, size=(96, 168))
    (start, x0), (stop, x1) = scene.camera[0]
    a, b = int(start + 0.5 * (stop - start)), int(start + 0.5 * (stop - start)) + 2
    moved = (scene.view(b)[0] - scene.view(a)[0]) * 96
    street = [
        cv2.cvtColor(scene.backdrop.picture(scene.size, scene.view(i), 0), cv2.COLOR_RGB2GRAY)[60:].astype(np.float32)
        for i in (a, b)
    ]
    (dx, _), _ = cv2.phaseCorrelate(*street)
    assert abs(moved) > 0.7 and abs(dx + moved) < max(0.35 * abs(moved), 0.6)


def test_labels_and_lines_agree_with_the_colours():
    for seed in range(4):
        for finish, near in (("flat", 0), ("two_tone", 0), ("soft", 110)):
            scene = painted(seed, finish=finish, backdrop=("meadow", "day", "clear"))
            drawn = scene.render(5)
            who = drawn.parts > 0
            assert (drawn.labels[~who] == 0).all() and (drawn.labels[who] > 0).all()
            off = np.abs(drawn.colour.astype(int) - scene.palette[drawn.labels])[who]
            assert off.size == 0 or off.max(-1).mean() <= near
            image = scene.painted(drawn)
            clear = drawn.ink[..., 3] == 0
            assert np.array_equal(image[clear], drawn.colour[clear])
            opaque = (drawn.ink[..., 3] == 255) & who
            assert np.array_equal(image[opaque], drawn.ink[opaque][:, :3])


def test_soft_paint_has_gradients_that_flat_paint_lacks():
    flat, soft = (painted(14, finish=finish, backdrop=("plain", "day", "clear")) for finish in ("flat", "soft"))
    a, b = flat.render(3), soft.render(3)
    assert np.array_equal(a.labels, b.labels)
    who = a.parts > 0
    assert len(np.unique(b.colour[who], axis=0)) > 5 * len(np.unique(a.colour[who], axis=0))


def test_layout_lines_are_drawn_only_where_the_background_is_seen():
    with_lines = painted(14, sketched=True, line_style="thin", backdrop=("city", "day", "clear"))
    without = painted(14, sketched=False, line_style="thin", backdrop=("city", "day", "clear"))
    a, b = with_lines.render(6), without.render(6)
    assert np.array_equal(a.lines[a.parts > 0], b.lines[a.parts > 0])
    assert (a.lines < b.lines)[a.parts == 0].mean() > 0.02


def test_references_are_one_to_three_of_all_kinds():
    kinds, counts = set(), set()
    for seed in range(24):
        scene = painted(seed, split="test", size=(36, 64), frames=12)
        plan = scene.reference_plan
        counts.add(len(plan))
        kinds |= {kind for kind, _ in plan}
    assert kinds == {"key_frame", "sheet", "background"} and counts == {1, 2, 3}
    scene = painted(1, references=[("background", 3), ("key_frame", 2)])
    behind, key = scene.references
    assert behind.frame is None and not behind.parts.any()
    assert np.array_equal(key.image, scene.painted(scene.render(2)))


def test_held_out_places_lights_and_clothes_stay_held_out():
    seen = {"train": set(), "test": set()}
    for split, other in (("train", "test"), ("test", "train")):
        for seed in range(40):
            for slot, names in chosen_families(painted(seed, split=split, size=(36, 64), frames=8)).items():
                assert not set(names) & set(FAMILIES[slot][other])
                seen[split] |= {(slot, name) for name in names}
    for slot in ("place", "light", "pattern", "layer", "held"):
        for split in ("train", "test"):
            assert {(slot, name) for name in FAMILIES[slot][split]} & seen[split], (slot, split)


def test_shakes_and_fast_scenes_move_more():
    still = painted(5, camera="still", shakes=False)
    shaken = painted(5, camera="still", shakes=True)
    assert {still.view(i) for i in range(30)} == {WHOLE}
    assert len({shaken.view(i) for i in range(30)}) > 4
    assert {painted(seed, size=(36, 64)).tempo > 1 for seed in range(12)} == {True, False}


def test_another_size_shows_the_same_scene():
    scene = painted(8, backdrop=("mountains", "day", "clear"))
    large = scene.resized((144, 256)).render(3).colour
    small = cv2.resize(large, SIZE[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - scene.render(3).colour).mean() < 8


def test_a_painted_data_set_says_its_prompt(tmp_path):
    write_dataset(tmp_path, clips=1, frames=2, size=(36, 64), look="painted", seed=3)
    told = json.loads((tmp_path / "00000" / "scene.json").read_text())
    scene = Scene.random(3, look="painted", frames=2, size=(36, 64))
    assert told["prompt"] == scene.prompt and told["prompt"] in told["prompts"]
    assert set(told["background"]) == {"place", "light", "weather"}
    colour = cv2.imread(str(tmp_path / "00000/colour/0001.png"))[..., ::-1]
    assert np.array_equal(colour, scene.painted(scene.render(1)))
    with pytest.raises(InputError, match="other settings"):
        write_dataset(tmp_path, clips=1, frames=2, size=(36, 64), seed=3)

"""The check that prompts change the background and not the character."""

import numpy as np
import pytest

from longanimation.evaluation.prompt_effect import measure_prompt_effect


def paint(background, character):
    """A painter that gives every prompt its own colour in the background or in the character."""

    def colour(shot, prompt):
        for index in range(len(shot)):
            drawn = shot.frame(index)
            level = 40 if "night" in prompt or "sunset" in prompt or "evening" in prompt else 200
            frame = np.full((*shot.scene.size, 3), 128, np.uint8)
            frame[drawn.parts == 0] = level if background else 128
            frame[drawn.parts > 0] = level if character else 90
            yield frame

    return colour


def truth(shot, prompt):
    """What a perfect painter does for the first prompt, and for the second one too."""
    for index in range(len(shot)):
        yield shot.truth(index).truth


@pytest.mark.parametrize(
    ("background", "character", "passed"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_only_a_changed_background_passes(background, character, passed):
    effect = measure_prompt_effect(paint(background, character), [0], frames=3, size=(72, 128))
    assert (effect.background > 5) == background and (effect.character > 5) == character
    assert effect.passed == (passed and effect.understood >= 0.75)


def test_a_painter_that_ignores_the_prompt_is_right_half_of_the_time():
    effect = measure_prompt_effect(truth, [0, 1], frames=3, size=(72, 128))
    assert effect.background == effect.character == 0
    assert effect.understood == 0.5 and not effect.passed

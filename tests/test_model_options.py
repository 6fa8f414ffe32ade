import math

import pytest

from longanimation.errors import InputError
from longanimation.model_options import ModelOptions


def test_only_what_was_set_counts_as_given():
    assert ModelOptions().given == [] and ModelOptions(vram="auto").given == []
    given = ModelOptions(steps=4, size="768x1360", vram="24", memory=False, prompts=((3, "night"),))
    assert given.given == ["steps", "size", "memory", "vram", "prompts"]
    assert given.size == (768, 1360) and given.vram == 24.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"steps": 1001},
        {"guidance": -1},
        {"guidance": math.nan},
        {"size": "large"},
        {"size": "1x1024"},
        {"size": (576,)},
        {"vram": "much"},
        {"vram": 0},
        {"dtype": "fp16"},
        {"compat": "thesis"},
    ],
)
def test_values_that_no_model_could_use_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong)) + "|steps"):
        ModelOptions(**wrong)

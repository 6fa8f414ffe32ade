import numpy as np
import torch

from longanimation.training.model_parts import open_parts
from longanimation.training.recipes import read_recipe
from longanimation.training.text_stage import TextStage


def batch(words: list[str]) -> dict:
    colours = {"red": (230, 20, 20), "blue": (20, 20, 230)}
    frames = np.array([colours[next(c for c in colours if c in text)] for text in words], np.uint8)
    return {
        "prompt": words,
        "colour": torch.from_numpy(frames)[:, None, None, None].expand(-1, 1, 16, 24, -1),
        "index": torch.arange(len(words)),
    }


def test_every_token_of_a_sentence_learns_to_name_its_colours():
    config = read_recipe("text", "debug", text_length=24)
    stage = TextStage(open_parts("text", config), config)
    optimizer = torch.optim.AdamW(stage.parameters(), lr=3e-3)
    seen = batch(["a red sky", "the blue sea", "red", "blue hills at noon"])
    for _ in range(60):
        loss = stage.losses(seen)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        said = stage._read(["the blue sea", "red"]).unflatten(2, (3, *config.grid)).mean((3, 4))
    bluer = (said[..., 2] > said[..., 0]).float().mean(1)
    assert bluer[0] > 0.9 and bluer[1] < 0.1
    picture = stage.pictures(seen)
    assert picture.shape == (3 * 16, 4 * 24, 3) and picture[20, 5, 0] > 200
    assert not any("reading" in name for name in stage.trained.state_dict())

import os

import cv2
import numpy as np
import pytest

SIZE = (48, 64)


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Tiny pictures gain nothing from threads, and a busy machine loses much by them."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    yield
    del os.environ["OMP_NUM_THREADS"]
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """Folder of a correspondence memory with random weights."""
    import torch

    from longanimation.models.correspondence_memory import CorrespondenceMemory

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("model") / "tiny"
    CorrespondenceMemory(channels=(4, 8, 8, 12), layers=(1, 1, 1), num_heads=2, key_dim=8).save_pretrained(folder)
    return folder


def draw(number: int, painted: bool = False) -> np.ndarray:
    """uint8 [H, W, 3] BGR: a head with two eyes that moves with the number."""
    frame = np.full((*SIZE, 3), 255, np.uint8)
    x, y = 20 + number * 3 % 24, 22 + number % 5
    if painted:
        frame[:] = (220, 190, 120)
        cv2.circle(frame, (x, y), 14, (170, 200, 250), -1)
    cv2.circle(frame, (x, y), 14, (0, 0, 0), 1)
    for dx in (-5, 5):
        cv2.circle(frame, (x + dx, y - 3), 3, (0, 0, 0), 1)
    return frame


@pytest.fixture
def make_shot(tmp_path, monkeypatch):
    """make_shot(count, hold=1) writes in/shot_0101.png... and key.png (frame 101 painted); tests run beside them."""
    monkeypatch.chdir(tmp_path)

    def make(count, hold=1):
        (tmp_path / "in").mkdir()
        for k in range(count):
            cv2.imwrite(str(tmp_path / "in" / f"shot_{101 + k:04d}.png"), draw(k // hold))
        cv2.imwrite(str(tmp_path / "key.png"), draw(0, painted=True))
        return tmp_path

    return make

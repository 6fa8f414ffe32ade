import cv2
import numpy as np
import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    if torch.cuda.is_available():
        pytest.skip("compares processes on the CPU; hide the GPU with CUDA_VISIBLE_DEVICES=")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def shot(tmp_path, monkeypatch):
    """in/0000.png ... 0019.png and key.png (frame 0 painted); the test runs beside them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    for k in range(20):
        frame = np.full((44, 60, 3), 255, np.uint8)
        cv2.circle(frame, (20 + k, 22), 14, (0, 0, 0), 1)
        cv2.imwrite(str(tmp_path / "in" / f"{k:04d}.png"), frame)
        if k == 0:
            cv2.circle(frame, (20, 22), 13, (170, 200, 250), -1)
            cv2.imwrite(str(tmp_path / "key.png"), frame)
    return tmp_path

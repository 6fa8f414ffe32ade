"""The published folder, written once for all tests of this folder; nobody may change it."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Networks this small run faster on one thread, many times so when the machine is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    from published_folder import write_published

    return write_published(tmp_path_factory.mktemp("published"))

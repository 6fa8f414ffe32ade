"""Fetching from a hub (a small one on this machine): choice of files, checksums, continuing, plain errors."""

import json

import numpy as np
import pytest
from small_hub import REVISION, SmallHub

from longanimation.errors import InputError
from longanimation.weights import sources
from longanimation.weights.fetching import fetch
from longanimation.weights.sources import Source

BIG = np.random.default_rng(0).bytes(50_000)
SOURCE = Source("video_xl", "some/Video_XL", "Video_XL", 0, "", ("*.json", "*.safetensors"), prefer="weights_8")


@pytest.fixture
def hub():
    files = {"weights_8/model.safetensors": BIG, "weights_8/config.json": b"{}", "other/model.safetensors": b"no"}
    hub = SmallHub({"some/Video_XL": files | {"weights_8/picture.png": b"png"}})
    yield hub
    hub.close()


def downloads(hub):
    return [path for method, path, _ in hub.requests if method == "GET" and "/resolve/" in path]


def test_the_wanted_files_are_fetched_with_their_checksums_on_record(hub, tmp_path):
    seen = []
    (folder,) = fetch(tmp_path, [SOURCE], endpoint=hub.endpoint, progress=lambda *step: seen.append(step))
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert [name for name in found if not name.startswith(".")] == [
        "fetched.json",
        "weights_8/config.json",
        "weights_8/model.safetensors",
    ]
    assert (folder / "weights_8/model.safetensors").read_bytes() == BIG
    record = json.loads((folder / "fetched.json").read_text())
    assert record["repo"] == "some/Video_XL" and record["revision"] == REVISION
    assert record["files"]["weights_8/model.safetensors"]["checksum"].startswith("sha256:")
    assert record["files"]["weights_8/config.json"]["checksum"].startswith("git:")
    assert seen[0][0] == "fetch video_xl" and seen[-1][1] == seen[-1][2]


def test_a_second_run_fetches_only_what_is_missing_or_torn(hub, tmp_path):
    (folder,) = fetch(tmp_path, [SOURCE], endpoint=hub.endpoint)
    hub.requests.clear()
    fetch(tmp_path, [SOURCE], endpoint=hub.endpoint)
    assert downloads(hub) == []
    (folder / "weights_8/model.safetensors").write_bytes(BIG[:-1])
    fetch(tmp_path, [SOURCE], endpoint=hub.endpoint)
    assert downloads(hub) == [f"some/Video_XL/resolve/{REVISION}/weights_8/model.safetensors"]
    assert (folder / "weights_8/model.safetensors").read_bytes() == BIG


def test_a_file_with_the_wrong_checksum_is_fetched_once_more(hub, tmp_path):
    path = f"some/Video_XL/resolve/{REVISION}/weights_8/model.safetensors"
    hub.spoil[path] = BIG[::-1]
    (folder,) = fetch(tmp_path, [SOURCE], endpoint=hub.endpoint)
    assert (folder / "weights_8/model.safetensors").read_bytes() == BIG
    assert downloads(hub).count(path) == 2


def test_a_file_that_stays_wrong_is_an_error_and_not_on_record(hub, tmp_path):
    path = f"some/Video_XL/resolve/{REVISION}/weights_8/model.safetensors"

    class Always(dict):
        def pop(self, key):
            return self[key]

    hub.spoil = Always({path: BIG[::-1]})
    with pytest.raises(InputError, match="differs from the hub's checksum"):
        fetch(tmp_path, [SOURCE], endpoint=hub.endpoint)
    assert "weights_8/model.safetensors" not in json.loads((tmp_path / "Video_XL/fetched.json").read_text())["files"]


def test_no_hub_no_repository_and_no_room_are_one_line_each(hub, tmp_path):
    unknown = Source("x", "some/nothing", "x", 0, "", ("*",))
    with pytest.raises(InputError, match="cannot fetch some/nothing") as caught:
        fetch(tmp_path, [unknown], endpoint=hub.endpoint)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"has none of \*.gguf"):
        fetch(tmp_path, [Source("x", "some/Video_XL", "x", 0, "", ("*.gguf",))], endpoint=hub.endpoint)
    with pytest.raises(InputError, match=r"GB free but 10000000000.0 GB are to be fetched"):
        hub.describe = describe_huge
        fetch(tmp_path, [SOURCE], endpoint=hub.endpoint)


def describe_huge(repo, files):
    entry = {"rfilename": "weights_8/huge.safetensors", "size": 10**19, "blobId": "0" * 40}
    entry["lfs"] = {"size": 10**19, "sha256": "0" * 64, "pointerSize": 134}
    return {"_id": "1", "id": repo, "modelId": repo, "sha": REVISION, "siblings": [entry], "tags": []}


def test_the_published_sources_choose_weights_and_leave_the_rest():
    base = sources.BASE.choose(
        ["README.md", "model_index.json", "transformer/config.json", "vae/x.safetensors", "assets/a.mp4", "LICENSE"]
    )
    assert base == ["LICENSE", "model_index.json", "transformer/config.json", "vae/x.safetensors"]
    names = ["a/VideoXL_weight_8/c.json", "VideoXL_weight_8/config.json", "VideoXL_weight_8/m.safetensors"]
    assert sources.VIDEO_XL.choose([*names, "VideoXL_weight_8/pytorch_model.bin"]) == names[1:]
    assert sources.VIDEO_XL.choose(["config.json", "pytorch_model.bin"]) == ["config.json", "pytorch_model.bin"]
    assert sum(source.bytes for source in sources.MODELS["5b"]) == pytest.approx(40.4e9, rel=0.02)

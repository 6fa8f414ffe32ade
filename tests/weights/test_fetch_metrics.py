"""Fetching single files (from a server on this machine): checksums, continuing, plain errors."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from longanimation.errors import InputError
from longanimation.weights.file_fetching import fetch_files
from longanimation.weights.metric_files import METRIC_FILES, MetricFile

DATA = bytes(range(256)) * 40


@pytest.fixture
def server():
    ranges = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked = self.headers.get("Range")
            ranges.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            found = self.path == "/file"
            self.send_response(404 if not found else 416 if start >= len(DATA) else 206 if asked else 200)
            body = DATA[start:] if found else b""
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", ranges
    server.shutdown()
    server.server_close()


def file_at(url, sha256=""):
    return MetricFile("net.pth", url, len(DATA), ("fid",), "", sha256)


def test_a_file_is_fetched_once_and_checked(server, tmp_path):
    address, ranges = server
    file = file_at(f"{address}/file", hashlib.sha256(DATA).hexdigest()[:8])
    (path,) = fetch_files(tmp_path, [file])
    assert path.read_bytes() == DATA
    fetch_files(tmp_path, [file])
    assert ranges == [None]
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.pth"]


@pytest.mark.parametrize("have", [1000, len(DATA)])
def test_a_stopped_download_goes_on_where_it_was(server, tmp_path, have):
    address, ranges = server
    (tmp_path / "net.pth.part").write_bytes(DATA[:have])
    (path,) = fetch_files(tmp_path, [file_at(f"{address}/file", hashlib.sha256(DATA).hexdigest())])
    assert path.read_bytes() == DATA and ranges == [f"bytes={have}-"]


def test_a_wrong_checksum_and_an_absent_file_are_one_line_and_nothing_stays(server, tmp_path):
    address, _ = server
    with pytest.raises(InputError, match="not 7be5be79"):
        fetch_files(tmp_path, [file_at(f"{address}/file", "7be5be79")])
    with pytest.raises(InputError, match="404.*put the file into") as caught:
        fetch_files(tmp_path, [file_at(f"{address}/nothing")])
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_every_metric_has_its_files_and_checksums_are_those_of_the_names():
    assert {metric for file in METRIC_FILES for metric in file.metrics} == {"lpips", "fid", "fvd"}
    for file in METRIC_FILES:
        assert file.url.startswith("https://")
        if 0 < len(file.sha256) < 64:
            assert file.name.rsplit("-", 1)[1].startswith(file.sha256)

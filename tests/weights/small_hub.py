"""A model hub for tests: an HTTP server on this machine that speaks as much of the hub's protocol as fetching needs."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

REVISION = "0123456789abcdef0123456789abcdef01234567"


class SmallHub:
    """repos: name -> {file name: bytes}. Files over 100 bytes are "large" (sha256), others have a git object id.

    `spoil[path] = data` sends other bytes for a file, once. `requests`: (method, path, range) of what was asked.
    """

    def __init__(self, repos):
        self.repos, self.spoil, self.requests = repos, {}, []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                hub.answer(self, body=True)

            def do_HEAD(self):
                hub.answer(self, body=False)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request, body):
        path = unquote(urlsplit(request.path).path).strip("/")
        self.requests.append((request.command, path, request.headers.get("Range")))
        for repo, files in self.repos.items():
            if path in (f"api/models/{repo}", f"api/models/{repo}/revision/{REVISION}"):
                return self.send(request, 200, json.dumps(self.describe(repo, files)).encode(), body)
            prefix = f"{repo}/resolve/{REVISION}/"
            if path.startswith(prefix) and path.removeprefix(prefix) in files:
                return self.send_file(request, path, files[path.removeprefix(prefix)], body)
        self.send(request, 404, b'{"error": "not found"}', body, {"X-Error-Code": "RepoNotFound"})

    def describe(self, repo, files):
        siblings = []
        for name, data in files.items():
            entry = {"rfilename": name, "size": len(data), "blobId": git_id(data)}
            if len(data) > 100:
                entry["lfs"] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "pointerSize": 134}
            siblings.append(entry)
        return {"_id": "1", "id": repo, "modelId": repo, "sha": REVISION, "siblings": siblings, "tags": []}

    def send_file(self, request, path, data, body):
        etag = hashlib.sha256(data).hexdigest() if len(data) > 100 else git_id(data)
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": REVISION, "Accept-Ranges": "bytes"}
        if body and path in self.spoil:
            data = self.spoil.pop(path)
        asked = request.headers.get("Range")
        if asked and body:
            start = int(asked.removeprefix("bytes=").split("-")[0])
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            return self.send(request, 206, data[start:], body, headers)
        self.send(request, 200, data, body, headers)

    def send(self, request, status, data, body, headers=()):
        request.send_response(status)
        for name, value in dict(headers).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        if body:
            request.wfile.write(data)


def git_id(data):
    return hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()

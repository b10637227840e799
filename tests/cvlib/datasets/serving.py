"""A web server with faults, and a small dataset to fetch from it."""

import hashlib
import re
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import numpy as np

from cvlib._opencv import cv2
from cvlib.datasets.catalogue import Card, File


class Server(ThreadingHTTPServer):
    """Serves `files`; `fault(path, number)` says what to do with the n-th request for a path.

    None: answer well. An int: a status. "break": send the first half and hang up. "hang up": send nothing.
    "wrong": other bytes of the same length. "longer", "shorter": other lengths. "endless": no length, no end.
    "no range": the whole file whatever was asked. "other range": another part than was asked.
    "page": a web page, as a login screen sends it.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, files, fault):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.fault = files, fault
        self.log, self.lock = [], threading.Lock()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        path = unquote(self.path.lstrip("/"))
        asked = self.headers.get("Range")
        with self.server.lock:
            number = sum(entry[0] == path for entry in self.server.log)
            self.server.log.append((path, asked))
        fault = self.server.fault(path, number)
        data = self.server.files.get(path)
        if data is None:
            return self.answer(404, b"no such file")
        if isinstance(fault, int):
            return self.answer(fault, b"not now", {"Retry-After": "0"})
        if fault == "hang up":
            return self.hang_up()
        if fault == "page":
            return self.answer(200, b"<html>please log in</html>")
        if fault == "wrong":
            data = bytes(255 - byte for byte in data)
        if fault == "longer":
            data += b"more"
        if fault == "shorter":
            data = data[:-1]
        status, headers = 200, {}
        if asked and fault != "no range":
            start = int(re.match(r"bytes=(\d+)-", asked)[1])
            if start >= len(data):
                return self.answer(416, b"")
            start += fault == "other range"
            status, headers = 206, {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
            data = data[start:]
        if fault == "break":
            self.answer(status, data[: len(data) // 2], headers, length=len(data))
            return self.hang_up()
        if fault == "endless":
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            for _ in range(10_000):
                self.wfile.write(bytes(1000))
            return self.hang_up()
        return self.answer(status, data, headers)

    def answer(self, status, data, headers=None, length=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)

    def hang_up(self):
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving(files, fault=lambda path, number: None):
    """A server on a free port of this machine."""
    server = Server(files, fault)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def content(count=12):
    """Dict from path to bytes: small noise pictures in two classes, one with a name that needs quoting."""
    rng = np.random.default_rng(0)
    files = {}
    for index in range(count):
        name = f"data/{('cat', 'dog')[index % 2]}/{'an odd #name ' if index == 3 else ''}{index}.png"
        image = rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)
        files[name] = cv2.imencode(".png", image)[1].tobytes()
    return files


def card(files, url="http://127.0.0.1:9", simulator=None):
    """The card of a dataset with these files."""
    splits = ("train", "train", "validation", "validation", "test", "test")
    return Card(
        name="pets",
        title="Pets",
        task="classification",
        classes=("cat", "dog"),
        licence="none",
        citation="none",
        about="Noise.",
        url=url,
        mirror="pets",
        simulator=simulator,
        files=tuple(
            File(path, len(data), hashlib.sha256(data).hexdigest(), path.split("/")[1], splits[index % 6])
            for index, (path, data) in enumerate(files.items())
        ),
    )

"""Browsers' connections without a browser: plain sockets that ask for one address after another and keep open."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count

#: Three maps at once: a browser opens six to one host.
CONNECTIONS = 18
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers by small letters, body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Browser:
    """Connections to one server of this machine, with one cookie; close it in the end."""

    def __init__(self, port: int, *, cookie: str = "") -> None:
        """All connections are open from here on."""
        self.head = f"Host: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n"
        self._sockets = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(CONNECTIONS)]
        for one in self._sockets:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pool = ThreadPoolExecutor(CONNECTIONS)

    def ask(self, paths: Sequence[str], *, times: int = 1) -> tuple[float, list[Answer]]:
        """Seconds for all of these addresses, so many times over; and the answers to the first time.

        Raises OSError where the server closes a connection.
        """
        sent = [f"GET {path} HTTP/1.1\r\n{self.head}".encode("ascii") for path in paths]
        turns, answers = count(), dict[int, Answer]()

        def work(at: socket.socket) -> None:
            for turn in turns:
                if turn >= len(sent) * times:
                    return
                at.sendall(sent[turn % len(sent)])
                answer = _read(at)
                if turn < len(sent):
                    answers[turn] = answer

        begun = time.perf_counter()
        for done in [self._pool.submit(work, one) for one in self._sockets]:
            done.result()
        return time.perf_counter() - begun, [answers[number] for number in range(len(sent))]

    def close(self) -> None:
        """Hang up."""
        self._pool.shutdown()
        for one in self._sockets:
            one.close()


def _read(at: socket.socket) -> Answer:
    read = b""
    while _END not in read:
        read += _more(at)
    head, _, body = read.partition(_END)
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    parts, missing = [body], int(headers.get("content-length", "0")) - len(body)
    while missing > 0:
        parts.append(_more(at))
        missing -= len(parts[-1])
    return Answer(int(first.split()[1]), headers, b"".join(parts))


def _more(at: socket.socket) -> bytes:
    found = at.recv(1 << 18)
    if not found:
        raise OSError("the server closed the connection")
    return found

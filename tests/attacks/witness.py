"""A listener that nobody should reach, and remembers who did."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Witness:
    """Listens on loopback by TCP and UDP, and on a path and an abstract name; remembers who came.

    `words` is what was sent, by the way it came.
    """

    folder: Path
    abstract: str
    words: list[tuple[str, bytes]] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)
    _sockets: list[socket.socket] = field(default_factory=list)
    _over: bool = False

    def open(self) -> None:
        """Begin to listen, in threads that die with the process."""
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        path = socket.socket(socket.AF_UNIX)
        path.bind(os.fspath(self.folder / "door.sock"))
        (self.folder / "door.sock").chmod(0o666)
        abstract = socket.socket(socket.AF_UNIX)
        abstract.bind(f"\0{self.abstract}")
        self.ports = {"tcp": tcp.getsockname()[1], "udp": udp.getsockname()[1]}
        for way, listener in (("tcp", tcp), ("path", path), ("abstract", abstract)):
            listener.listen()
            threading.Thread(target=self._streams, args=(way, listener), daemon=True).start()
        threading.Thread(target=self._datagrams, args=(udp,), daemon=True).start()
        self._sockets = [tcp, udp, path, abstract]

    def close(self) -> None:
        """Listen no more."""
        self._over = True
        for one in self._sockets:
            one.close()

    def _streams(self, way: str, listener: socket.socket) -> None:
        while not self._over:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            self.words.append((way, b""))
            with closing(caller):
                caller.settimeout(0.5)
                with suppress(OSError):  # whoever says nothing came all the same
                    self.words.append((way, caller.recv(4096)))

    def _datagrams(self, listener: socket.socket) -> None:
        while not self._over:
            try:
                self.words.append(("udp", listener.recv(4096)))
            except OSError:
                return

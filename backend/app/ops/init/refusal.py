"""Why a server that somebody named cannot be used."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

from app.ops.init.texts import text

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 5.0


class Refused(Exception):
    """The sentence says what is wrong and what helps."""

    def __init__(self, key: str, /, **params: object) -> None:
        self.key = key
        self.sentence = text(f"refused.{key}", **params)
        super().__init__(self.sentence)


@contextlib.contextmanager
def connected(server: str, host: str, port: int) -> Iterator[socket.socket]:
    """A connection; what goes wrong on it becomes ``Refused``."""
    try:
        with socket.create_connection((host, port), SECONDS) as connection:
            connection.settimeout(SECONDS)
            yield connection
    except socket.gaierror as error:
        raise Refused("name", host=host) from error
    except TimeoutError as error:
        raise Refused("silent", host=host, port=port) from error
    except ConnectionRefusedError as error:
        raise Refused("closed", host=host, port=port) from error
    except (OSError, EOFError, ValueError) as error:
        raise Refused("other", host=host, port=port, server=server) from error


def receive(connection: socket.socket, count: int) -> bytes:
    """Exactly so many bytes."""
    received = b""
    while len(received) < count:
        part = connection.recv(count - len(received))
        if not part:
            raise EOFError
        received += part
    return received

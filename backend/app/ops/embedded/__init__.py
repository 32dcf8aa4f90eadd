"""Real PostgreSQL and Redis as child processes: for ``./aipic up``, and for the tests.

Both have the same few methods: ``start``, ``stop``, ``kill``, ``restart``, ``pid``. They listen on 127.0.0.1 only
unless ``Doors`` say more, want a password, and end with the process that started them.
"""

from app.ops.embedded.doors import Doors
from app.ops.embedded.errors import FolderInUse, ServerFailed
from app.ops.embedded.ports import free_port
from app.ops.embedded.postgres import PostgresServer
from app.ops.embedded.redis import RedisServer
from app.ops.embedded.secrets import Secrets, load_secrets

__all__ = [
    "Doors",
    "FolderInUse",
    "PostgresServer",
    "RedisServer",
    "Secrets",
    "ServerFailed",
    "free_port",
    "load_secrets",
]

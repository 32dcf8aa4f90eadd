"""Codes that show that an address is somebody's.

A code is derived from the id of its row with a key of ours, so that the worker which mails it can work it out again:
it lies neither in the queue nor in the database, which keeps a keyed hash bound to the address. A code holds for ten
minutes, five tries and one use, and a newer one replaces it.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from app.auth import repository
from app.auth.exceptions import CodeExpired, WrongCode
from app.core.ids import new_id

if TYPE_CHECKING:
    from uuid import UUID

    from app.core.database import Session
    from app.core.security import Keyring

LASTS: Final = timedelta(minutes=10)
_DIGITS: Final = 6


def derive(keyring: Keyring, code_id: UUID, email: str) -> str:
    """The six digits of a row."""
    digest = hmac.digest(keyring.key("email-code"), code_id.bytes + email.encode(), hashlib.sha256)
    return f"{int.from_bytes(digest, 'big') % 10**_DIGITS:0{_DIGITS}d}"


def _hash(keyring: Keyring, code_id: UUID, email: str, code: str) -> str:
    return keyring.keyed_hash("email-code-hash", f"{code_id}:{email}:{code}")


async def issue(session: Session, keyring: Keyring, email: str) -> UUID:
    """Make a new code for an address, in place of older ones. Does the same whether or not it has an account."""
    code_id = new_id()
    await repository.delete_codes(session, email)
    code_hash = _hash(keyring, code_id, email, derive(keyring, code_id, email))
    await repository.insert_code(session, code_id, email, code_hash, LASTS)
    return code_id


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a try. It is a value, not an error, since the try has to be committed first."""

    code_id: UUID | None
    right: bool = False
    tries_left: int = 0

    def confirm(self) -> UUID:
        """The code's id. Raises WrongCode or CodeExpired."""
        if self.code_id is None:
            raise CodeExpired
        if not self.right:
            raise WrongCode(tries_left=self.tries_left) if self.tries_left else CodeExpired
        return self.code_id


async def count_try(session: Session, keyring: Keyring, email: str, code: str) -> Verdict:
    """Compare a code with the newest one of its address. Commit before you look at the verdict."""
    row = await repository.count_try(session, email)
    if row is None:
        return Verdict(None)
    code_id, code_hash, tries = row
    right = hmac.compare_digest(code_hash, _hash(keyring, code_id, email, code))
    return Verdict(code_id, right, repository.MAX_TRIES - tries)

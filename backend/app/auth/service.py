"""Signing in and out of existence: accounts by device, by address, and their deletion.

Locks are taken in one order everywhere: the address, the device, the account's row, then what hangs on it.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from app.auth import repository
from app.auth.exceptions import CodeExpired, EmailTaken
from app.core.errors import Unauthorized
from app.points import service as points
from app.users import repository as users
from app.users.job_names import DELETED

if TYPE_CHECKING:
    from uuid import UUID

    from app.auth.repository import Account
    from app.core.database import Session
    from app.core.i18n import Lang
    from app.core.reading import Reads
    from app.core.security import Keyring
    from app.jobs.queue import Queue

_NICKNAMES: Final[dict[Lang, str]] = {"zh": "表情玩家 {number:04d}", "en": "Sticker fan {number:04d}"}


def hash_device(keyring: Keyring, device_id: str) -> str:
    """What is stored of a device."""
    return keyring.keyed_hash("device", device_id)


async def read_account(reads: Reads, user_id: UUID) -> Account:
    """An account as its owner sees it. Raises Unauthorized when it was deleted."""
    account = await repository.read_account_or_none(reads, user_id)
    if account is None:
        raise Unauthorized
    return account


async def get_account(session: Session, user_id: UUID) -> Account:
    """The same as a transaction sees it."""
    account = await repository.get_account_or_none(session, user_id)
    if account is None:
        raise Unauthorized
    return account


async def sign_in_by_device(session: Session, device_hash: str, lang: Lang, welcome_points: int) -> Account:
    """The account of a device; the first time a new one, with its welcome points."""
    account = await repository.get_account_of_device_or_none(session, device_hash)
    if account is not None:
        return account
    # Of many first calls at once, one makes the account while the others wait here and then find it.
    await repository.lock(session, "device", device_hash)
    account = await repository.get_account_of_device_or_none(session, device_hash)
    if account is not None:
        return account
    user_id = await _open_account(session, lang, welcome_points)
    await repository.put_device(session, device_hash, user_id)
    return await get_account(session, user_id)


async def sign_in_by_email(
    session: Session, code_id: UUID, email: str, device_hash: str, lang: Lang, welcome_points: int
) -> Account:
    """The account of an address that was just shown to be the caller's, from now on signed in by this device too.

    An address that is nobody's yet goes to the device's account, if that has none, else to a new account. A device
    that signed in another account is moved. That account keeps its points and stickers; the tokens that it has, its
    address and its other devices still open it. Points are not merged: welcome points would add up with every device.
    """
    await repository.lock(session, "email", email)
    await repository.lock(session, "device", device_hash)
    owner = await users.lock_user_by_email_or_none(session, email)
    if owner is not None:
        user_id = owner.id
    else:
        user_id = await _account_without_address(session, device_hash) or await _open_account(
            session, lang, welcome_points
        )
        await users.set_email(session, user_id, email)
    await _use_code(session, code_id)
    await repository.put_device(session, device_hash, user_id)
    return await get_account(session, user_id)


async def bind_email(session: Session, code_id: UUID, email: str, user_id: UUID) -> Account:
    """Give an address that was just shown to be the caller's to the caller's account, in place of an older one.

    Raises EmailTaken when it is another account's; the code then still serves to sign in there.
    """
    await repository.lock(session, "email", email)
    owner = await users.lock_user_by_email_or_none(session, email)
    if owner is not None and owner.id != user_id:
        raise EmailTaken
    if await users.lock_user_or_none(session, user_id) is None:
        raise Unauthorized
    await users.set_email(session, user_id, email)
    await _use_code(session, code_id)
    return await get_account(session, user_id)


async def rename(session: Session, user_id: UUID, nickname: str) -> Account:
    """Change the nickname. Raises Unauthorized when the account was deleted."""
    if not await users.set_nickname(session, user_id, nickname):
        raise Unauthorized
    return await get_account(session, user_id)


async def delete_account(session: Session, queue: Queue, user_id: UUID) -> None:
    """Delete an account: what is personal goes now, its photos and results by a job right after the commit.

    The row and the ledger stay, without a name: the balance is written off by an entry, so that the books still add
    up. Tokens stop to hold with the commit, and the device is a stranger again.
    """
    user = await users.lock_user_or_none(session, user_id)
    if user is None:
        raise Unauthorized
    await repository.delete_devices(session, user_id)
    if user.email is not None:
        await repository.delete_codes(session, user.email)
    await points.write_off(session, user_id, f"deleted:{user_id}")
    await users.erase(session, user_id)
    session.after_commit(lambda: queue.enqueue(DELETED, key=f"{DELETED.name}:{user_id}", user_id=str(user_id)))


async def _open_account(session: Session, lang: Lang, welcome_points: int) -> UUID:
    nickname = _NICKNAMES[lang].format(number=secrets.randbelow(10_000))
    user_id = await users.insert_user(session, nickname)
    await points.open_account(session, user_id, welcome_points)
    return user_id


async def _account_without_address(session: Session, device_hash: str) -> UUID | None:
    account = await repository.get_account_of_device_or_none(session, device_hash)
    if account is None or account.email is not None:
        return None
    user = await users.lock_user_or_none(session, account.id)
    # It may have got an address, or been deleted, while we waited for its row.
    return user.id if user is not None and user.email is None else None


async def _use_code(session: Session, code_id: UUID) -> None:
    if not await repository.use_code(session, code_id):
        raise CodeExpired

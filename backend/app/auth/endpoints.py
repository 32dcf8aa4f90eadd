"""Routes of signing in, and of the account that is signed in."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends

from app.auth import codes, service
from app.auth.dependencies import CallerIdOrNone
from app.auth.job_names import SEND_CODE
from app.auth.schemas import CodeCreate, CodeSent, CodeVerify, DeviceSignIn, SignedIn, TokenRead
from app.core.answers import failing
from app.core.http import DatabaseDep, KeyringDep, LangDep, SessionDep, SettingsDep
from app.core.ratelimit import LimiterDep, limit_by_address
from app.core.schemas import Envelope
from app.jobs.dependencies import QueueDep
from app.notifications.exceptions import MailUnavailable
from app.notifications.senders import sender_name
from app.users.dependencies import CallerId, CurrentUser
from app.users.schemas import UserRead, UserUpdate

router = APIRouter()
sign_in = APIRouter(prefix="/auth", tags=["auth"])
account = APIRouter(prefix="/user", tags=["user"])
_NO_TOKEN_NEEDED: Final[dict[str, Any]] = {"security": [{}]}
"""For OpenAPI, which otherwise says that a token which may come along has to."""


@sign_in.post("/login", dependencies=[Depends(limit_by_address("sign_in", "RATE_SIGN_IN"))])
async def login(
    session: SessionDep, settings: SettingsDep, keyring: KeyringDep, lang: LangDep, request: DeviceSignIn
) -> Envelope[SignedIn]:
    """Sign in by a device. The first call makes the account, with its welcome points."""
    device_hash = service.hash_device(keyring, request.device_id.get_secret_value())
    row = await service.sign_in_by_device(session, device_hash, lang, settings.WELCOME_POINTS)
    token, lasts = keyring.issue_token(row.id)
    return Envelope(data=SignedIn(access_token=token, expires_in=lasts, user=UserRead.model_validate(row)))


@sign_in.post("/refresh")
async def refresh(user: CurrentUser, keyring: KeyringDep) -> Envelope[TokenRead]:
    """A new token for one that still holds. The old one holds on until its own end."""
    token, lasts = keyring.issue_token(user.id)
    return Envelope(data=TokenRead(access_token=token, expires_in=lasts))


@sign_in.post("/email/code", status_code=202, dependencies=[Depends(limit_by_address("code", "RATE_CODE_ADDRESS"))])
async def send_code(
    database: DatabaseDep,
    settings: SettingsDep,
    keyring: KeyringDep,
    queue: QueueDep,
    limiter: LimiterDep,
    lang: LangDep,
    request: CodeCreate,
) -> Envelope[CodeSent]:
    """Mail a six-digit code to an address. The answer is the same for every address.

    503 tells about this server, not about the address: mail is not configured, or the queue is down.
    """
    sender_name(settings)
    await limiter.check("RATE_CODE_MAIL", "code_mail", request.email)
    async with database.transaction() as session:
        code_id = await codes.issue(session, keyring, request.email)
    if not await queue.enqueue(SEND_CODE, code_id=str(code_id), lang=lang):
        raise MailUnavailable
    return Envelope(data=CodeSent(expires_in=int(codes.LASTS.total_seconds())))


@sign_in.post(
    "/email/verify",
    dependencies=[Depends(limit_by_address("verify", "RATE_SIGN_IN"))],
    responses={409: failing("The address belongs to another account")},
    openapi_extra=_NO_TOKEN_NEEDED,
)
async def verify_code(
    database: DatabaseDep,
    settings: SettingsDep,
    keyring: KeyringDep,
    lang: LangDep,
    caller_id: CallerIdOrNone,
    request: CodeVerify,
) -> Envelope[SignedIn]:
    """Show a code: with a token, to bind the address to the account that calls; without, to sign in on this device."""
    async with database.transaction() as session:
        verdict = await codes.count_try(session, keyring, request.email, request.code.get_secret_value())
    # A try is committed before anything is answered: what follows may fail and roll back.
    code_id = verdict.confirm()
    async with database.transaction() as session:
        if caller_id is not None:
            row = await service.bind_email(session, code_id, request.email, caller_id)
        else:
            device_hash = service.hash_device(keyring, request.device_id.get_secret_value())
            row = await service.sign_in_by_email(
                session, code_id, request.email, device_hash, lang, settings.WELCOME_POINTS
            )
    token, lasts = keyring.issue_token(row.id)
    return Envelope(data=SignedIn(access_token=token, expires_in=lasts, user=UserRead.model_validate(row)))


@account.get("/profile")
async def read_profile(caller_id: CallerId, database: DatabaseDep) -> Envelope[UserRead]:
    """The account that calls."""
    async with database.reads() as reads:
        account = await service.read_account(reads, caller_id)
    return Envelope(data=UserRead.model_validate(account))


@account.put("/profile")
async def update_profile(caller_id: CallerId, session: SessionDep, request: UserUpdate) -> Envelope[UserRead]:
    """Change the nickname."""
    return Envelope(data=UserRead.model_validate(await service.rename(session, caller_id, request.nickname)))


@account.delete("")
async def delete_account(caller_id: CallerId, session: SessionDep, queue: QueueDep) -> Envelope[None]:
    """Delete the account that calls, with its photos and results. Its tokens end at once. There is no way back."""
    await service.delete_account(session, queue, caller_id)
    return Envelope(data=None)


router.include_router(sign_in)
router.include_router(account)

"""What can go wrong with signing in. None of it tells whether an account exists."""

from __future__ import annotations

from app.core.errors import ServiceError


class WrongCode(ServiceError):
    """Not the code that was mailed; the try is counted."""

    status = 400
    number = 101
    code = "wrong_code"
    zh = "验证码不正确，请核对邮件里的数字，还可以再试 {tries_left} 次。"
    en = "This is not the code. Please check the digits in the mail; tries left: {tries_left}."


class CodeExpired(ServiceError):
    """No code of this address holds: too old, used, replaced, tried too often, or never asked for."""

    status = 400
    number = 102
    code = "code_expired"
    zh = "验证码已失效，请重新获取一个。"
    en = "This code does not hold any more. Please ask for a new one."


class EmailTaken(ServiceError):
    """The address is another account's. Told only to who has just shown that the address is theirs."""

    status = 409
    number = 101
    code = "email_taken"
    zh = "这个邮箱已经绑定了另一个账号。请退出后用这个邮箱登录，或者换一个邮箱。"
    en = "This address belongs to another account. Sign out and sign in with it, or use another address."

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from fastapi import Depends, FastAPI
from redis.asyncio import Redis

from app.core.errors import TooManyRequests
from app.core.handlers import install_handlers
from app.core.middleware import install_middleware
from app.core.ratelimit import Limiter, OwnWindows, address_key, limit_by_account, limit_by_address
from app.core.redis import connect_redis
from app.core.security import Keyring
from app.core.settings import Settings
from app.ops.embedded.ports import free_port
from app.ops.embedded.postgres import PostgresServer
from app.ops.embedded.redis import RedisServer
from tests.conftest import server_settings
from tests.core.small_app import calling

pytestmark = pytest.mark.anyio


@pytest.fixture
def own_settings(redis_server: RedisServer, base_settings: Settings) -> Settings:
    return base_settings.model_copy(
        update={"REDIS_PREFIX": f"t{uuid4().hex[:16]}", "RATE_SIGN_IN": "3/minute", "RATE_CREATE": "2/second"}
    )


@pytest.fixture
async def redis(own_settings: Settings) -> AsyncIterator[Redis]:
    client = connect_redis(own_settings)
    yield client
    await client.aclose()


@pytest.fixture
def limiter(own_settings: Settings, redis: Redis) -> Limiter:
    return Limiter(own_settings, redis)


async def uses(limiter: Limiter, times: int, key: str = "203.0.113.9", rule: str = "RATE_SIGN_IN") -> int:
    """How many of so many uses at once go through."""
    results = await asyncio.gather(*(limiter.check(rule, "sign_in", key) for _ in range(times)), return_exceptions=True)
    assert all(result is None or isinstance(result, TooManyRequests) for result in results)
    return results.count(None)


class TestLimiter:
    async def test_a_rule_is_kept_to_the_last_use(self, limiter: Limiter) -> None:
        assert await uses(limiter, 50) == 3
        assert await uses(limiter, 50, key="203.0.113.10") == 3

    async def test_says_when_to_come_again(self, limiter: Limiter) -> None:
        await uses(limiter, 3)
        with pytest.raises(TooManyRequests) as refusal:
            await limiter.check("RATE_SIGN_IN", "sign_in", "203.0.113.9")
        assert 50 < int(refusal.value.headers["Retry-After"]) <= 60
        assert refusal.value.headers["Retry-After"] in refusal.value.message("en")

    async def test_lets_through_again_when_the_time_has_come(self, limiter: Limiter) -> None:
        assert await uses(limiter, 5, rule="RATE_CREATE") == 2
        await asyncio.sleep(1.1)
        assert await uses(limiter, 5, rule="RATE_CREATE") == 2

    async def test_scopes_do_not_share(self, limiter: Limiter) -> None:
        await uses(limiter, 3)
        await limiter.check("RATE_SIGN_IN", "another", "203.0.113.9")

    async def test_is_shared_by_processes(self, own_settings: Settings, limiter: Limiter) -> None:
        other = connect_redis(own_settings)
        assert await uses(limiter, 2) + await uses(Limiter(own_settings, other), 5) == 3
        await other.aclose()

    async def test_keys_in_redis_hold_no_address(self, limiter: Limiter, redis: Redis, own_settings: Settings) -> None:
        await limiter.check("RATE_CODE_MAIL", "code", "somebody@example.com")
        await limiter.check("RATE_SIGN_IN", "sign_in", "203.0.113.9")
        keys = [key async for key in redis.scan_iter(f"{own_settings.REDIS_PREFIX}:*")]
        assert len(keys) == 2
        assert not any(b"somebody" in key or b"203.0" in key for key in keys)
        assert all([0 < await redis.ttl(key) <= 3600 for key in keys])

    async def test_odd_keys(self, limiter: Limiter) -> None:
        await limiter.check("RATE_SIGN_IN", "sign_in", "\ud800\0 猫" * 1000)

    async def test_a_rule_that_is_none_stops_the_start(self, own_settings: Settings, redis: Redis) -> None:
        with pytest.raises(ValueError, match="often"):
            Limiter(own_settings.model_copy(update={"RATE_UPLOAD": "often"}), redis)


class TestRedisAway:
    async def test_nobody_is_unlimited_and_nobody_waits(
        self, own_settings: Settings, postgres_server: PostgresServer, redis_server: RedisServer
    ) -> None:
        redis = connect_redis(server_settings(postgres_server, redis_server, REDIS_PORT=free_port()))
        limiter = Limiter(own_settings, redis)
        started = asyncio.get_running_loop().time()
        assert await uses(limiter, 50) == 3
        assert await uses(limiter, 50, key="203.0.113.10") == 3
        assert asyncio.get_running_loop().time() - started < 2
        await redis.aclose()

    async def test_comes_back_by_itself(self, own_settings: Settings, limiter: Limiter, redis: Redis) -> None:
        limiter._away_until = asyncio.get_running_loop().time() + 0.1
        await limiter.check("RATE_SIGN_IN", "sign_in", "x")
        assert [key async for key in redis.scan_iter(f"{own_settings.REDIS_PREFIX}:*")] == []
        limiter._away_until = 0.0
        await limiter.check("RATE_SIGN_IN", "sign_in", "x")
        assert len([key async for key in redis.scan_iter(f"{own_settings.REDIS_PREFIX}:*")]) == 1

    def test_windows_in_memory_are_bounded(self) -> None:
        windows = OwnWindows(most=10)
        for number in range(1000):
            assert windows.hit(str(number), 1, 60) is None
        assert len(windows._windows) == 10
        wait = windows.hit("999", 1, 60)
        assert wait is not None
        assert 59 < wait <= 60


class TestDependencies:
    @pytest.fixture
    def app(self, own_settings: Settings, limiter: Limiter) -> FastAPI:
        app = FastAPI()
        app.state.limiter = limiter
        app.state.keyring = Keyring(own_settings)
        install_handlers(app)
        install_middleware(app, own_settings, app.state.keyring)

        @app.post("/api/v1/by-address", dependencies=[Depends(limit_by_address("sign_in", "RATE_SIGN_IN"))])
        async def by_address() -> None: ...

        @app.post("/api/v1/by-account", dependencies=[Depends(limit_by_account("create", "RATE_SIGN_IN"))])
        async def by_account() -> None: ...

        return app

    async def test_fault_29_sign_ins_of_one_address_are_limited(self, app: FastAPI) -> None:
        async with calling(app, client=("203.0.113.9", 1)) as client:
            answers = await asyncio.gather(*(client.post("/by-address") for _ in range(20)))
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) == 17
        assert refused[0].json()["code"] == 429001
        assert int(refused[0].headers["retry-after"]) > 0

    async def test_fault_29_a_forged_header_does_not_help(self, app: FastAPI) -> None:
        async with calling(app, client=("203.0.113.9", 1)) as client:
            statuses = [
                (await client.post("/by-address", headers={"X-Forwarded-For": f"198.51.100.{number}"})).status_code
                for number in range(5)
            ]
        assert statuses == [200, 200, 200, 429, 429]

    async def test_by_account(self, app: FastAPI) -> None:
        keyring: Keyring = app.state.keyring
        first, second = (f"Bearer {keyring.issue_token(uuid4())[0]}" for _ in range(2))
        async with calling(app) as client:
            for _ in range(3):
                assert (await client.post("/by-account", headers={"Authorization": first})).status_code == 200
            assert (await client.post("/by-account", headers={"Authorization": first})).status_code == 429
            assert (await client.post("/by-account", headers={"Authorization": second})).status_code == 200
            assert (await client.post("/by-account")).status_code == 401
            assert (await client.post("/by-account", headers={"Authorization": "Bearer x.y.z"})).status_code == 401


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_line_is_one_caller(address: str, key: str) -> None:
    assert address_key(address) == key

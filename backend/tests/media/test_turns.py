"""Taking turns: in order, newest first in a crowd, and nobody's turn is lost when somebody leaves."""

from __future__ import annotations

import asyncio

import pytest

from app.media.turns import Turns

pytestmark = pytest.mark.anyio


async def served(turns: Turns, number: int, order: list[int]) -> None:
    async with turns.turn():
        order.append(number)
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("waiting", "expected"), [(3, [0, 1, 2, 3]), (6, [0, 6, 5, 4, 1, 2, 3])], ids=["in order", "crowd"]
)
async def test_order(waiting: int, expected: list[int]) -> None:
    turns, order = Turns(1, crowd=3), list[int]()
    await asyncio.gather(*(served(turns, number, order) for number in range(waiting + 1)))
    assert order == expected


async def test_who_leaves_takes_no_turn_along() -> None:
    for steps in range(5):
        turns, order = Turns(1, crowd=3), list[int]()
        tasks = [asyncio.create_task(served(turns, number, order)) for number in range(4)]
        for _ in range(steps):
            await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.wait_for(served(turns, 9, order), 1)
        assert {0, 2, 3, 9} <= set(order) or steps == 0

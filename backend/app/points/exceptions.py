"""What can go wrong with points."""

from __future__ import annotations

from app.core.errors import ServiceError


class InsufficientPoints(ServiceError):
    """The balance does not cover the cost. Nothing was taken."""

    status = 402
    number = 1
    code = "insufficient_points"
    zh = "积分不足：需要 {cost}，现有 {balance}。没有扣除积分。"
    en = "Not enough points: {cost} are needed, {balance} are there. None were taken."

#!/usr/bin/env bash
# Runs once, before backend and worker: wait for the servers, bring the database up to date, write down the templates.
# Each step can be run again without harm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() { printf '[prestart] %s\n' "$*" >&2; }

step "1/3 等待 PostgreSQL 和 Redis / waiting for PostgreSQL and Redis"
python -m app.ops.waiting
step "2/3 更新数据库结构 / migrating"
alembic upgrade head
step "3/3 写入模板 / seeding"
python -m app.initial_data
step "完成 / done"

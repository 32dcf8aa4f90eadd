#!/usr/bin/env bash
# Brings a server to the version that .env (or TAG=...) names, without a failed request:
#   TAG=2026.11.24 scripts/deploy.sh
# New backends start beside the old ones and must be healthy; the proxy is told to leave the old ones, which then finish
# and go. A worker finishes what it has begun. When the new version does not come up, the old one goes on running.
# COMPOSE_FILES names other files than docker-compose.yml, with a space between them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

files=()
for file in ${COMPOSE_FILES:-docker-compose.yml}; do files+=(-f "$file"); done
compose() { docker compose "${files[@]}" "$@"; }
say() { printf '[deploy] %s\n' "$*"; }
state() { docker inspect --format '{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}' "$1"; }
restarts() { docker inspect --format '{{.RestartCount}}' "$1"; }

wait_healthy() { # container ids; within two minutes
  local id deadline=$((SECONDS + 120))
  for id in "$@"; do
    until [ "$(state "$id")" = healthy ]; do
      if [ $SECONDS -gt $deadline ] || [ "$(restarts "$id")" -gt 1 ]; then return 1; fi
      sleep 0.5
    done
  done
}

image=$(compose config --images backend | sort -u) # each service that has it names it
say "版本 / version: $image"
case $image in */*) compose pull --quiet backend ;; esac
docker image inspect "$image" >/dev/null # without it nothing is touched

say "1/3 数据库 / database"
compose run --rm --no-deps prestart

say "2/3 backend"
old=$(compose ps --quiet backend)
count=$(grep -c . <<<"$old" || true)
wanted=${BACKENDS:-$((count > 0 ? count : 1))}
compose up --detach --no-deps --no-recreate --no-build --scale "backend=$((count + wanted))" backend
new=$(compose ps --quiet backend | grep -vxF -e "${old:-none}" || true)
# shellcheck disable=SC2086
if ! wait_healthy $new; then
  say "新版本没有启动成功，旧版本继续运行 / the new version did not come up; the old one goes on"
  # shellcheck disable=SC2086
  docker logs --tail 20 ${new%%$'\n'*} >&2 || true
  # shellcheck disable=SC2086
  docker rm --force $new >/dev/null
  exit 1
fi
if [ -n "$old" ]; then
  sleep 3 # the proxy has looked at the new ones
  for id in $old; do docker exec "$id" touch /tmp/draining; done
  sleep 5 # and has seen that it is to leave the old ones
  # shellcheck disable=SC2086
  docker stop $old >/dev/null
  # shellcheck disable=SC2086
  docker rm $old >/dev/null
fi

say "3/3 worker"
workers=$(compose ps --quiet worker | grep -c . || true)
compose up --detach --no-deps --no-build --scale "worker=$((workers > 0 ? workers : 1))" worker
# shellcheck disable=SC2046
wait_healthy $(compose ps --quiet worker)
compose up --detach --no-deps adminer
say "完成 / done: $(compose ps --quiet backend | grep -c .) backend, $(compose ps --quiet worker | grep -c .) worker"

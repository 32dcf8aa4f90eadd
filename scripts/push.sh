#!/usr/bin/env bash
# Sends the image to its registry: DOCKER_IMAGE_BACKEND=registry.example.com/ai-pic TAG=2026.11.24 scripts/push.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
image=$(docker compose -f docker-compose.yml config --images backend | sort -u)
case $image in
  */*) exec docker push "$image" ;;
  *)
    echo "镜像 $image 没有写仓库地址；请在 .env 里写 DOCKER_IMAGE_BACKEND，例如 registry.example.com/ai-pic" >&2
    echo "The image $image names no registry: set DOCKER_IMAGE_BACKEND in .env, as registry.example.com/ai-pic" >&2
    exit 2 ;;
esac

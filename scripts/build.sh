#!/usr/bin/env bash
# Builds the image that docker-compose.yml names: TAG=2026.11.24 scripts/build.sh
# Several architectures at once (they cannot be loaded, only pushed): PLATFORMS=linux/amd64,linux/arm64 scripts/build.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
files=(-f docker-compose.yml)
if [ -n "${PLATFORMS:-}" ]; then
  # Compose knows name, context and build arguments; buildx reads its files.
  exec docker buildx bake "${files[@]}" --set "*.platform=$PLATFORMS" --push backend
fi
docker compose "${files[@]}" build "$@" backend
docker compose "${files[@]}" config --images backend | sort -u | while read -r image; do
  docker image inspect --format '{{index .RepoTags 0}}  {{.Architecture}}  {{.Size}} bytes' "$image"
done

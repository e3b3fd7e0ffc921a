#!/usr/bin/env bash
# Resolves the lock files: hashes for every platform, no index host named.
set -euo pipefail
cd "$(dirname "$0")/../.."
uv=$(command -v uv || echo .uv/bin/uv)
compile=("$uv" pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header
    --python-version "$(cat .python-version)" "$@" pyproject.toml)
"${compile[@]}" -o requirements.lock
"${compile[@]}" --group dev -o requirements-dev.lock
"$uv" pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
    --python-version "$(cat .python-version)" "$@" deploy/dev/audit.in -o deploy/dev/audit.lock

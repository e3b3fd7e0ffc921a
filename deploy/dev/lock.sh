#!/usr/bin/env bash
# Resolve the lock files, with hashes for every platform and without the name of an index host.
set -euo pipefail
cd "$(dirname "$0")/../.."
uv=$(command -v uv || echo .uv/bin/uv)
compile=("$uv" pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header
    --python-version "$(cat .python-version)" "$@" pyproject.toml)
"${compile[@]}" -o requirements.lock
"${compile[@]}" --group dev -o requirements-dev.lock
"$uv" pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
    --python-version "$(cat .python-version)" "$@" deploy/dev/audit.in -o deploy/dev/audit.lock

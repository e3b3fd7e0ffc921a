#!/usr/bin/env bash
# Create .venv with the Python of .python-version and exactly the locked packages, with bytecode
# (importing ccxt without it takes ten seconds). Steps that are already done are skipped.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=$(cat .python-version)

# The machine may trust more certificates than uv does, for example that of a company's proxy.
if [ -s /etc/ssl/certs/ca-certificates.crt ]; then
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"
fi

uv=$(command -v uv || true)
if [ -z "$uv" ]; then
    if [ ! -x .uv/bin/uv ]; then
        echo "setup: installing uv into .uv"
        python3 -m venv .uv
        .uv/bin/pip install --quiet --disable-pip-version-check uv
    fi
    uv=.uv/bin/uv
fi

# pyenv's shims exist for inactive versions too, so its real interpreters are tried as well.
python=
for candidate in "$(command -v "python$version" || true)" "$HOME"/.pyenv/versions/"$version"*/bin/python3; do
    if [ -x "$candidate" ] && "$candidate" -c "import sys; raise SystemExit(sys.version_info[:2] != tuple(map(int, '$version'.split('.'))))" 2>/dev/null; then
        python=$candidate
    fi
done

if [ ! -x .venv/bin/python ]; then
    echo "setup: making .venv with Python ${python:-$version}"
    "$uv" venv --quiet --python "${python:-$version}" .venv
fi
echo "setup: installing the locked packages"
"$uv" pip sync --quiet --python .venv/bin/python --compile-bytecode --require-hashes requirements-dev.lock
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
deploy/dev/prometheus.sh
touch .venv/.ready

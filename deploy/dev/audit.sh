#!/usr/bin/env bash
# `audit` looks up known vulnerabilities of the locked run-time packages; `sbom` writes the list of
# these packages (CycloneDX). Needs a network, so `make check` does not run it.
# Exit code 0: none known. 1: some are known. 3: the database did not answer, so nothing is known.
set -euo pipefail
cd "$(dirname "$0")/../.."
UNKNOWN=3
uv=$(command -v uv || echo .uv/bin/uv)

if ! cmp -s deploy/dev/audit.lock .audit/made-from; then
    echo "audit: installing the locked tools into .audit"
    "$uv" venv --quiet --clear --python .venv/bin/python .audit
    "$uv" pip sync --quiet --python .audit/bin/python --require-hashes deploy/dev/audit.lock ||
        { echo "audit: the tools can't be installed: nothing was checked" >&2; exit "$UNKNOWN"; }
    cp deploy/dev/audit.lock .audit/made-from
fi

case "${1:?audit or sbom}" in
sbom)
    .audit/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml \
        --short-PURLs --output-reproducible --of JSON --output-file sbom.json
    echo "sbom: $(grep -c '"purl"' sbom.json) packages in sbom.json"
    ;;
audit)
    found=$(mktemp) && errors=$(mktemp)
    trap 'rm -f "$found" "$errors"' EXIT
    code=0
    .audit/bin/pip-audit --strict --require-hashes --disable-pip --progress-spinner off \
        --requirement requirements.lock --format json --output "$found" 2>"$errors" || code=$?
    if [ "$code" = 0 ]; then
        echo "audit: no known vulnerability in $(grep -c == requirements.lock) packages"
    elif [ -s "$found" ]; then
        .venv/bin/python -m json.tool "$found"
        echo "audit: known vulnerabilities, see above" >&2
        exit 1
    else
        echo "audit: the vulnerability database did not answer, so nothing is known:" >&2
        tail -n 1 "$errors" >&2
        exit "$UNKNOWN"
    fi
    ;;
esac

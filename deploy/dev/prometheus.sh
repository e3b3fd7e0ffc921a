#!/usr/bin/env bash
# Unpack Debian's Prometheus and promtool into .tools, for the tests of metrics and alert rules. Nothing is
# installed or started. Does nothing if both exist; without apt it prints a line and continues.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$PWD/.tools

if { command -v prometheus && command -v promtool; } >/dev/null || [ -x "$tools/usr/bin/promtool" ]; then
    exit 0
fi
fetch() { (cd "$tools" && apt-get download -qq prometheus && dpkg-deb -x prometheus_*.deb .) 2>/dev/null; }
if command -v apt-get dpkg-deb >/dev/null; then
    echo "setup: unpacking Debian's prometheus into .tools"
    mkdir -p "$tools"
    fetch || { apt-get update -qq 2>/dev/null && fetch; } || true
    rm -f "$tools"/prometheus_*.deb
fi
if [ ! -x "$tools/usr/bin/promtool" ]; then
    echo "setup: no prometheus and promtool here: their tests are skipped (install them, then: make setup)"
fi

# No `# syntax=` line and no `--mount`, so that it can be built with or without BuildKit, and with base
# images of any registry or a local replacement. deploy/e2e builds exactly this file.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
# Two environments: the one in the final image has no pip and no build backend.
RUN python3 -m venv --without-pip /opt/quoter && python3 -m venv /opt/build
COPY requirements.lock requirements-dev.lock ./
RUN /opt/build/bin/pip --python /opt/quoter/bin/python install \
        --no-compile --require-hashes --requirement requirements.lock \
    && awk '/^[a-z]/ { keep = /^(hatchling|packaging|pathspec|pluggy|trove-classifiers)==/ } keep' \
        requirements-dev.lock > build.lock \
    && /opt/build/bin/pip install --require-hashes --requirement build.lock
COPY pyproject.toml README.md LICENSE ./
COPY quoter quoter
# Bytecode is not compared with its source at run time (unchecked-hash): the file system is read-only
# there, and importing ccxt without bytecode takes ten seconds.
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/build/bin/pip --python /opt/quoter/bin/python install \
        --no-compile --no-deps --no-index /wheels/*.whl \
    && /opt/quoter/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/quoter/lib

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 quoter \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/quoter \
        --shell /usr/sbin/nologin quoter \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/quoter
COPY --from=build /opt/quoter /opt/quoter
ENV PATH=/opt/quoter/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    QUOTER_DATA_DIR=/var/lib/quoter
USER 10001:10001
WORKDIR /var/lib/quoter
VOLUME /var/lib/quoter
EXPOSE 9464
# A small process that asks /healthz, which reports whether the daemon's event loop runs.
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 CMD ["quoter", "healthcheck"]
ENTRYPOINT ["quoter"]
CMD ["run"]

"""Base images: the published ones if a registry answers, else replacements under the same tag.

A stand-in is Debian's own Python or Prometheus. What this machine needs to reach its mirrors (CA
bundle, pip configuration, proxies) goes into the stand-in, so that the Dockerfile stays as it is.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deploy.e2e.shell import StepError, run, say

PYTHON_IMAGE = "python:3.13-slim"
SUITE = "trixie"  # its Python is 3.13
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_CONFIGURATION = Path("/etc/pip.conf")
PYTHON_PACKAGES = "ca-certificates,netbase,tzdata,python3-venv,python3-pip"
# A slim image has none of these either; leaving them out saves half a minute.
EXCLUDED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*")
ORIGIN_LABEL = "quoter.e2e.stand-in"  # tells a cached replacement from a published image
PROMETHEUS_DOCKERFILE = f"""
FROM {PYTHON_IMAGE}
LABEL {ORIGIN_LABEL}="Debian {SUITE}'s prometheus"
RUN apt-get update && apt-get install --yes --no-install-recommends prometheus \\
    && install -d -o nobody -g nogroup /prometheus
USER nobody
WORKDIR /prometheus
VOLUME /prometheus
ENTRYPOINT ["/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
"""


def obtain(image: str, environment: Mapping[str, str]) -> bool:
    """Whether the image is available, from a registry or from an earlier run."""
    try:
        run("docker", "image", "inspect", image, environment=environment)
    except StepError:
        try:
            run("docker", "pull", "--quiet", image, environment=environment)
        except StepError:
            return False
    return True


def origin(image: str, environment: Mapping[str, str]) -> str:
    """Return whether an image is the published one or our replacement, for the report."""
    form = f'{{{{index .Config.Labels "{ORIGIN_LABEL}"}}}}'
    command = ("docker", "image", "inspect", "--format", form, image)
    stand_in = run(*command, environment=environment).strip()
    return f"STAND-IN: {stand_in}" if stand_in else "as published"


def python_base(environment: Mapping[str, str]) -> str:
    """Provide `python:3.13-slim`; return its origin."""
    if obtain(PYTHON_IMAGE, environment):
        return origin(PYTHON_IMAGE, environment)
    say(f"no registry: making a stand-in for {PYTHON_IMAGE} from Debian {SUITE}")
    hooks = ['--customize-hook=ln -s python3 "$1/usr/bin/python"']
    hooks += [
        f"--customize-hook=upload {path} {path}"
        for path in (CA_BUNDLE, PIP_CONFIGURATION)
        if path.exists()
    ]
    with tempfile.TemporaryDirectory() as folder:
        tar = Path(folder) / "base.tar"
        run(
            "mmdebstrap", "--variant=minbase", f"--include={PYTHON_PACKAGES}", *hooks,
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED),
            SUITE, str(tar), debian_mirror(),
        )  # fmt: skip
        run(
            "docker", "import", "--change", 'CMD ["python3"]',
            "--change", f'LABEL {ORIGIN_LABEL}="Debian {SUITE}"', str(tar), PYTHON_IMAGE,
            environment=environment,
        )  # fmt: skip
    return origin(PYTHON_IMAGE, environment)


def prometheus(image: str, environment: Mapping[str, str]) -> str:
    """Provide the compose file's Prometheus image; return its origin."""
    if obtain(image, environment):
        return origin(image, environment)
    say(f"no registry: making a stand-in for {image} from Debian's prometheus")
    build = ("docker", "build", "--quiet", "--tag", image, *proxy_arguments(), "-")
    run(*build, environment=environment, stdin=PROMETHEUS_DOCKERFILE.encode())
    return origin(image, environment)


def proxy_arguments() -> list[str]:
    """Return build arguments for this machine's proxies; they need no ARG line."""
    names = ("http_proxy", "https_proxy", "no_proxy")
    both = [*names, *(name.upper() for name in names)]
    return [part for name in both if name in os.environ for part in ("--build-arg", name)]


def debian_mirror() -> str:
    """Return the Debian archive of this machine. Raises StepError if apt has none."""
    listed = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Label: Debian")
    mirrors = [line for line in listed.splitlines() if line]
    if not mirrors:
        raise StepError("apt names no Debian archive to make a stand-in from")
    return mirrors[0]

"""Packages that a sweep needs in addition to the daemon's."""

from importlib.util import find_spec

from quoter.domain.errors import BadSetting

EXTRA = ("joblib", "pyarrow", "numpy", "matplotlib")


def require_extras(*, dask: bool) -> None:
    """Raise BadSetting with the command to install a missing package."""
    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise BadSetting(f"quoter sweep needs {', '.join(missing)}: pip install 'quoter[sweep]'")
    if dask and find_spec("distributed") is None:
        raise BadSetting("--dask needs distributed: pip install 'quoter[sweep,cluster]'")

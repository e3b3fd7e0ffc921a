"""The packages that a sweep needs beyond those of the daemon."""

from importlib.util import find_spec

from quoter.domain.errors import BadSetting

EXTRA = ("joblib", "pyarrow", "numpy", "matplotlib")


def require_extras(*, dask: bool) -> None:
    """Raise BadSetting with what to install, if a package of the extra is missing."""
    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise BadSetting(f"quoter sweep needs {', '.join(missing)}: pip install 'quoter[sweep]'")
    if dask and find_spec("distributed") is None:
        raise BadSetting("--dask needs distributed: pip install 'quoter[sweep,cluster]'")

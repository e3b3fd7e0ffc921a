"""Packages that a sweep needs, and what to install if one is missing."""

import pytest

from quoter.domain.errors import BadSetting
from quoter.sweep import extras


def test_package_of_the_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "joblib" else name)
    with pytest.raises(BadSetting, match=r"needs joblib: pip install 'quoter\[sweep\]'"):
        extras.require_extras(dask=False)
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "distributed" else name)
    extras.require_extras(dask=False)
    with pytest.raises(BadSetting, match=r"quoter\[sweep,cluster\]"):
        extras.require_extras(dask=True)

"""The version of the package that writes a set or a result line."""

from importlib.metadata import PackageNotFoundError, version


def smallset_version() -> str:
    """Give the installed version, or "unknown" in a checkout that is not installed."""
    try:
        return version("smallset")
    except PackageNotFoundError:
        return "unknown"

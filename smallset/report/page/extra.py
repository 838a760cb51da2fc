"""The libraries of the extra `report`, which the tables do without."""

from importlib import import_module


def check_extra(*modules: str, option: str) -> None:
    """Raise ValueError if a module cannot be imported, which says how to do without `option`."""
    for module in modules:
        try:
            import_module(module)
        except ImportError as error:
            raise ValueError(
                f"{option} needs {module}, which is not installed. Install smallset[report], or "
                f"leave out {option}."
            ) from error

import importlib.metadata

from smallset.store import smallset_version, version


def test_the_version_is_that_of_the_installed_package(monkeypatch):
    monkeypatch.setattr(version, "version", {"smallset": "1.2.3"}.__getitem__)
    assert smallset_version() == "1.2.3"


def test_a_checkout_that_is_not_installed_has_an_unknown_version(monkeypatch):
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(version, "version", missing)
    assert smallset_version() == "unknown"

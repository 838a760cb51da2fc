from smallset.train import versions


def test_whatever_decides_a_number_has_a_version():
    assert set(versions.component_versions()) == {"decode", "models", "views", "render", "torch"}
    assert all(versions.component_versions().values())

"""The names that things get from what they are made of."""

from smallset.fingerprint import file_sha256, fingerprint


def test_equal_facts_have_one_name_whatever_the_order_of_their_keys():
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})


def test_the_name_of_a_file_is_the_sha256_of_its_bytes(tmp_path):
    (tmp_path / "f").write_bytes(b"abc")
    assert file_sha256(tmp_path / "f").startswith("ba7816bf8f01cfea")

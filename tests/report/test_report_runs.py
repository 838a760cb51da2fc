import json
import re

import pytest
from runs_toy import MATRIX, RANDOM, replicates, write_runs

from smallset.report.runs import read_runs


def test_a_run_folder_has_results_and_its_matrix(tmp_path):
    made = replicates("random", RANDOM)
    write_runs(tmp_path / "results.jsonl", made)
    (tmp_path / "matrix.toml").write_text(MATRIX)
    found = read_runs(tmp_path)
    assert found.results == tuple(made)
    assert found.matrix.title == "Toys"


def test_a_results_file_or_a_folder_without_a_matrix_has_none(tmp_path):
    file = write_runs(tmp_path / "results.jsonl", replicates("random", RANDOM))
    assert read_runs(file).matrix is None
    assert read_runs(tmp_path) == read_runs(file)


def test_a_matrix_that_is_named_is_taken_for_the_folders_own(tmp_path):
    file = write_runs(tmp_path / "results.jsonl", replicates("random", RANDOM))
    assert read_runs(file, "demo").matrix.title == "Digits"
    (tmp_path / "matrix.toml").write_text(MATRIX)
    assert read_runs(tmp_path, "demo").matrix.title == "Digits"
    with pytest.raises(FileNotFoundError, match=r"no matrix 'dem': .*Did you mean 'demo'"):
        read_runs(file, "dem")


def test_what_is_not_there_is_an_error_that_says_what_was_needed(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no results in '.*no': needed a folder that `sma"):
        read_runs(tmp_path / "no")
    with pytest.raises(FileNotFoundError, match=r"\(no results\.jsonl in it\).*or run the benchma"):
        read_runs(tmp_path)


def test_a_file_without_results_is_an_error(tmp_path):
    (tmp_path / "r.jsonl").write_text("\n")
    with pytest.raises(ValueError, match=r"r\.jsonl' holds no results.*Run `smallset bench` or"):
        read_runs(tmp_path / "r.jsonl")


def test_a_torn_line_and_one_of_another_version_are_errors_with_their_number(tmp_path):
    file = write_runs(tmp_path / "results.jsonl", replicates("random", RANDOM[:2]))
    whole = file.read_text()
    file.write_text(whole[:-9])
    with pytest.raises(ValueError, match=r"line 2 is not a whole result .*Delete that line"):
        read_runs(tmp_path)
    old = {k: v for k, v in json.loads(whole.splitlines()[0]).items() if k != "teacher"}
    file.write_text(whole + json.dumps(old) + "\n")
    with pytest.raises(ValueError, match=r"line 3 is not a result: .* field `teacher`"):
        read_runs(tmp_path)


def test_a_bad_matrix_is_an_error_that_names_it(tmp_path):
    write_runs(tmp_path / "results.jsonl", replicates("random", RANDOM))
    (tmp_path / "matrix.toml").write_text("title = ")
    with pytest.raises(ValueError, match=r"matrix\.toml"):
        read_runs(tmp_path)


def test_a_table_without_a_size_has_that_of_its_results(tmp_path):
    file = write_runs(tmp_path / "results.jsonl", replicates("random", RANDOM))
    (tmp_path / "matrix.toml").write_text(MATRIX.replace("size = 8\n", ""))
    (tmp_path / "whole.toml").write_text(MATRIX)
    assert read_runs(tmp_path).matrix == read_runs(file, str(tmp_path / "whole.toml")).matrix
    (tmp_path / "other.toml").write_text(
        MATRIX.replace("size = 8\n", "").replace('data = "toy"', 'data = "other"')
    )
    [table] = read_runs(file, str(tmp_path / "other.toml")).matrix.sweeps
    assert table.size is None
    write_runs(file, replicates("random", RANDOM, size=16))
    said = (
        f"the matrix leaves out the size of 'toy', but '{file}' has results of it at 8 and 16 px. "
        "Give the size in the matrix's table."
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        read_runs(tmp_path)

from datasets import data_files

from smallset.data.split_words import KEYWORDS, SEPARATORS, splits_named


def test_the_words_are_those_of_datasets():
    words = {str(split): tuple(w) for split, w in data_files.SPLIT_KEYWORDS.items()}
    assert words == KEYWORDS
    assert data_files.NON_WORDS_CHARS == SEPARATORS


def test_a_word_stands_between_separators():
    assert splits_named("data/train-00000-of-00001.parquet") == {"train"}
    assert splits_named("dev_eval.parquet") == {"validation", "test"}
    assert splits_named("trains/contest.parquet") == set()
    assert splits_named("TEST.parquet") == set()

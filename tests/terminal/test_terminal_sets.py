from smallset.terminal.sets import observer_lines

MADE = {
    "observer": "observer(model=resnet8, epochs=10)",
    "observer_right": "0.8712",
    "observer_learned": "0.8",
}


def test_what_looked_and_what_was_read_is_said():
    read = {"observer_epochs": "10", "epochs_read": "8 9 10"}
    assert observer_lines(MADE | read) == [
        "observer: observer(model=resnet8, epochs=10)",
        "observer's top-1 on its clean training images: 87.12 %",
        "epochs read: 8 to 10 of 10",
    ]
    assert observer_lines(MADE)[2:] == []
    assert observer_lines({}) == []


def test_epochs_that_were_trained_for_nothing_are_said():
    read = {"observer_epochs": "10", "epochs_read": "2 5"}
    assert observer_lines(MADE | read)[2:] == [
        "epochs read: 2, 5 of 10",
        "note: the score does not read the epochs after 5, although they were trained. "
        "observer=observer(epochs=5) trains less, on another schedule",
    ]


def test_an_observer_that_has_hardly_learned_is_warned_of():
    assert observer_lines(MADE | {"observer_learned": "0.3999"})[2:] == [
        "warning: the observer has hardly learned, so scores and images that rest on it may mean "
        "little. Give it more epochs"
    ]
    assert len(observer_lines(MADE | {"observer_learned": "0.4"})) == 2


def test_each_observer_of_a_pool_is_named_and_warned_of():
    second = {f"{key}_2": value for key, value in MADE.items()}
    said = observer_lines(MADE | second | {"observer_2": "w", "observer_learned_2": "0.1"})
    assert said[:2] == observer_lines(MADE)
    assert said[2] == "observer: w"
    assert said[4].startswith("warning: the observer has hardly learned")

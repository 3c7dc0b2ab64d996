"""An error says what is wrong and what to do, wherever it is caught."""

import pickle

from mnist_tut.errors import WrongContent


def test_an_error_keeps_its_parts_when_it_crosses_processes() -> None:
    error = pickle.loads(pickle.dumps(WrongContent("broken", "mend it")))
    assert type(error) is WrongContent
    assert (error.problem, error.remedy) == ("broken", "mend it")
    assert str(error) == "broken\nmend it"

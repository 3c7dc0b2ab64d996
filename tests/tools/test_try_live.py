"""What ``make try-live`` takes for the same: all but what nobody can expect twice."""

import pytest


@pytest.fixture
def same(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # importing it sets this, for good
    import try_live

    return try_live.same


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("loss 0.2919\n", "loss  0.29191\n\n"),
        ("in this process: 0.87 s\n2 cores", "in this process: 1.4 s\n2 cores"),
        ("fused 0.93  within the noise", "fused 0.93  beyond the noise"),
        ("<function f at 0x7f00>", "<function f at 0x7fab>"),
    ],
)
def test_roundings_times_and_addresses_are_overlooked(same, here, there):
    assert same(here, there)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("loss 0.2919", "loss 0.2999"),
        ("loss 0.2919", "cost 0.2919"),
        ("one\ntwo", "one"),
        ("2 cores", "3 cores"),
    ],
)
def test_another_number_word_or_line_is_not(same, here, there):
    assert not same(here, there)


def test_of_pages_that_measure_only_the_words_count(same):
    assert same("took 2.8 ms", "took 6.3 ms", numbers=False)
    assert not same("took 2.8 ms", "lost 2.8 ms", numbers=False)

"""Of the requests for one task at a time, one is first."""

import threading

from backend.serving.in_flight import Openings


def test_the_first_computes_and_the_others_wait_until_it_is_answered():
    openings = Openings()
    first = openings.enter((1, 7))
    second = openings.enter((1, 7))
    assert first.first
    assert not second.first
    assert not second.wait(0)
    second.close()  # a loser's close changes nothing
    assert not second.wait(0)
    first.close()
    assert second.wait(0)


def test_a_later_opening_is_first_again():
    openings = Openings()
    openings.enter((1, 7)).close()
    assert openings.enter((1, 7)).first


def test_closing_twice_does_not_end_the_next_opening():
    openings = Openings()
    old = openings.enter("task")
    old.close()
    new = openings.enter("task")
    old.close()
    assert not openings.enter("task").first
    assert new.first


def test_tasks_do_not_wait_for_each_other():
    openings = Openings()
    openings.enter((1, 7))
    assert openings.enter((1, 8)).first
    assert openings.enter((2, 7)).first


def test_exactly_one_of_many_threads_is_first():
    openings, barrier, firsts = Openings(), threading.Barrier(16), []

    def enter():
        barrier.wait()
        firsts.append(openings.enter("task").first)

    threads = [threading.Thread(target=enter) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert firsts.count(True) == 1

"""So many may predict, so many may wait, and nobody else holds a thread."""

import threading

import pytest

from backend.serving.admission import Room


def test_places_are_given_back_even_after_an_error():
    room = Room(1)
    with pytest.raises(ZeroDivisionError), room.place(wait_s=0) as placed:
        assert 1 / (placed - True)
    with room.place(wait_s=0) as placed:
        assert placed


def test_one_that_does_not_wait_is_told_at_once():
    room = Room(1)
    with room.place(wait_s=0), room.place(wait_s=0) as second:
        assert not second


def test_one_that_waits_gets_the_next_place():
    room, placed = Room(1), []

    def wait():
        with room.place(wait_s=30) as got:
            placed.append(got)

    with room.place(wait_s=0):
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(0.05)
        assert placed == []
    thread.join()
    assert placed == [True]


def test_waiting_ends():
    room = Room(1)
    with room.place(wait_s=0), room.place(wait_s=0.01) as second:
        assert not second


def test_nobody_waits_where_there_is_no_place_to_wait():
    room = Room(1, waiting=1)
    with room.place(wait_s=0), room.waiting() as first, room.place(wait_s=60) as second:
        assert first
        assert not second

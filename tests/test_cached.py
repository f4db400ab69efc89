"""Attributes that are kept: what threads and forked children find while one is computed."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from lmebridge.cached import cached_property
from tests.forks import fork


class Model:
    """Something whose answer is computed as long as it is told to wait."""

    def __init__(self, wait=lambda: None):
        self.wait = wait
        self.count = 0

    @cached_property
    def answer(self):
        """How often it was computed."""
        self.count += 1
        self.wait()
        return self.count


@pytest.fixture
def computing():
    """While this is there, another thread computes the answer of another model."""
    begun, over = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: Model(lambda: (begun.set(), over.wait(60))).answer)
    thread.start()
    begun.wait(60)
    yield
    over.set()
    thread.join()


def test_a_value_is_computed_once():
    """The second time it is the kept one, and another object has its own."""
    model = Model()
    assert [model.answer, model.answer, model.count, Model().count] == [1, 1, 1, 0]


def test_threads_do_not_wait_for_each_other(computing):
    """One object's value comes while another thread still computes another object's."""
    found = []
    thread = threading.Thread(target=lambda: found.append(Model().answer), daemon=True)
    thread.start()
    thread.join(10)
    assert found == [1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
def test_a_forked_child_does_not_wait_for_a_thread_that_it_does_not_have(computing):
    """A child that is forked while another thread computes finds the value of its own object."""
    child = fork()
    if child == 0:
        signal.alarm(10)  # ends a child that waits
        os._exit(Model().answer)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1

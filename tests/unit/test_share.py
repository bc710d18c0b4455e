"""On a shared machine nobody trains and measures all the time; on one's own there is no bound."""

from types import SimpleNamespace

import pytest

from imgmlp.ui.shared import share
from imgmlp.ui.shared.settings import SettingsError
from imgmlp.ui.shared.share import SHARE_SECONDS, WINDOW_SECONDS, within_share


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(share, "monotonic", clock)
    monkeypatch.setattr(share, "spent", {})
    return clock


def asked(address: str):
    return SimpleNamespace(client=SimpleNamespace(host=address))


def compute(clock: Clock, request, seconds: float) -> None:
    def computation():
        clock.seconds += seconds
        yield

    list(within_share(request, computation()))


def test_who_has_used_up_a_share_waits_and_others_do_not(clock):
    greedy, modest = asked("9.9.9.1"), asked("9.9.9.2")
    compute(clock, greedy, SHARE_SECONDS + 1)
    with pytest.raises(SettingsError, match="error.share") as error:
        compute(clock, greedy, 1)
    assert int(error.value.values["wait"]) == WINDOW_SECONDS // 60
    compute(clock, modest, 1)
    clock.seconds += WINDOW_SECONDS
    compute(clock, greedy, 1)
    assert len(share.spent) == 1  # who has been away is forgotten


def test_the_wait_that_is_told_is_long_enough(clock):
    """Of a small computation and a large one it is the large one that has to be forgotten."""
    user = asked("9.9.9.1")
    compute(clock, user, 10)
    clock.seconds += 60
    compute(clock, user, SHARE_SECONDS)
    with pytest.raises(SettingsError) as error:
        compute(clock, user, 1)
    clock.seconds += 60 * int(error.value.values["wait"])
    compute(clock, user, 1)


def test_who_is_refused_is_told_before_anything_is_computed(clock):
    user = asked("9.9.9.1")
    compute(clock, user, SHARE_SECONDS)
    with pytest.raises(SettingsError):
        within_share(user, iter(()))  # not even a first value is asked for


def test_a_computation_that_is_stopped_counts_as_far_as_it_came(clock):
    def endless():
        while True:
            clock.seconds += SHARE_SECONDS
            yield

    request = asked("9.9.9.1")
    going = within_share(request, endless())
    next(going)
    going.close()
    with pytest.raises(SettingsError):
        compute(clock, request, 1)


def test_ones_own_machine_has_no_bound(clock):
    for _ in range(5):
        compute(clock, asked("127.0.0.1"), SHARE_SECONDS)

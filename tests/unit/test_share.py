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


def asked(peer: str, forwarded: str | None = None):
    return SimpleNamespace(client=SimpleNamespace(host=peer), headers={"x-forwarded-for": forwarded} if forwarded else {})


def compute(clock: Clock, request, seconds: float) -> None:
    def computation():
        clock.seconds += seconds
        yield

    list(within_share(request, computation()))


def test_who_has_used_up_a_share_waits_and_others_do_not(clock):
    greedy, modest = asked("203.0.113.1"), asked("203.0.113.2")
    compute(clock, greedy, SHARE_SECONDS + 1)
    with pytest.raises(SettingsError, match="error.share") as error:
        compute(clock, greedy, 1)
    assert int(error.value.values["wait"]) == WINDOW_SECONDS // 60
    compute(clock, modest, 1)
    clock.seconds += WINDOW_SECONDS
    compute(clock, greedy, 1)
    assert len(share.spent) == 1  # who has been away is forgotten


def test_a_computation_that_is_stopped_counts_as_far_as_it_came(clock):
    def endless():
        while True:
            clock.seconds += SHARE_SECONDS
            yield

    request = asked("203.0.113.1")
    going = within_share(request, endless())
    next(going)
    going.close()
    with pytest.raises(SettingsError):
        compute(clock, request, 1)


def test_ones_own_machine_has_no_bound(clock):
    for _ in range(5):
        compute(clock, asked("127.0.0.1"), SHARE_SECONDS)


def test_behind_a_proxy_a_user_is_who_the_proxy_saw(clock):
    """What stands before it in the header may have been written by the user."""
    compute(clock, asked("10.0.0.1", "198.51.100.1, 203.0.113.1"), SHARE_SECONDS)
    with pytest.raises(SettingsError):
        compute(clock, asked("10.0.0.1", "198.51.100.2, 203.0.113.1"), 1)
    compute(clock, asked("10.0.0.1", "203.0.113.2"), 1)

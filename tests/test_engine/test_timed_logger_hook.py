"""A line in the log after some iterations, or after some seconds."""

import time

import pytest
from mmengine.config import Config
from mmengine.hooks import LoggerHook

from mmda.apis.runner import log_often
from mmda.engine import TimedLoggerHook
from mmda.engine.hooks import timed_logger_hook


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves."""
    now = [100.0]
    monkeypatch.setattr(time, 'monotonic', lambda: now[0])
    return now


def lines(hook, clock, seconds, iterations=8):
    found = []
    for i in range(iterations):
        clock[0] += seconds
        if hook.every_n_inner_iters(i, hook.interval):
            found.append(i + 1)
    return found


def test_a_slow_training_gets_a_line_every_thirty_seconds(clock):
    hook = TimedLoggerHook(interval=5)
    # 12 s an iteration: after 36 s, and after every 5th.
    assert lines(hook, clock, 12) == [3, 5, 8]


def test_a_quick_training_gets_a_line_every_interval(clock):
    assert lines(TimedLoggerHook(interval=5), clock, 1) == [5]


def test_several_processes_keep_to_the_interval(clock, monkeypatch):
    monkeypatch.setattr(timed_logger_hook, 'is_distributed', lambda: True)
    assert lines(TimedLoggerHook(interval=5), clock, 12) == [5]


@pytest.mark.parametrize(
    ('hooks', 'expected'),
    [
        (None, 'TimedLoggerHook'),
        (dict(logger=dict(type='LoggerHook')), 'TimedLoggerHook'),
        (dict(logger=dict(type=LoggerHook)), 'TimedLoggerHook'),
        (dict(logger=dict(type='MyHook')), 'MyHook'),
    ],
)
def test_the_runner_takes_it_in_place_of_the_stock_logger(hooks, expected):
    cfg = Config(dict(default_hooks=hooks))
    log_often(cfg)
    assert cfg.default_hooks.logger.type == expected


def test_a_config_that_drops_the_logger_has_none():
    cfg = Config(dict(default_hooks=dict(logger=None)))
    log_often(cfg)
    assert cfg.default_hooks.logger is None

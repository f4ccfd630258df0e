from contextlib import contextmanager

import pytest
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope


@contextmanager
def _taken_back():
    """A Runner leaves its scope, hub and logger current: take them back."""
    kinds = (DefaultScope, MessageHub, MMLogger)
    before = [(kind, dict(kind._instance_dict)) for kind in kinds]
    yield
    for kind, instances in before:
        kind._instance_dict.clear()
        kind._instance_dict.update(instances)


@pytest.fixture(autouse=True)
def clean_up_after_test():
    with _taken_back():
        yield


@pytest.fixture(autouse=True, scope='module')
def clean_up_after_module():
    with _taken_back():
        yield

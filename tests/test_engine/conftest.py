import pytest
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def clean_up():
    """A Runner leaves its scope, hub and logger current: take them back."""
    before = [(kind, dict(kind._instance_dict)) for kind in _MANAGERS]
    yield
    for kind, instances in before:
        kind._instance_dict.clear()
        kind._instance_dict.update(instances)


_MANAGERS = (DefaultScope, MessageHub, MMLogger)

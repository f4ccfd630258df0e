import pytest
from mmengine.logging import MessageHub


@pytest.fixture(autouse=True)
def hub():
    """The progress of a run of its own: losses read the current hub."""
    name = 'hub of one test'
    yield MessageHub.get_instance(name)
    MessageHub._instance_dict.pop(name)

from pathlib import Path

import pytest
from mmengine.logging import MMLogger

SHARED_DATA = Path(__file__).resolve().parents[2] / 'shared' / 'data'


@pytest.fixture
def shared_data():
    """Folder with small samples of the real data sets, if it is there."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f'no samples of the real data sets in {SHARED_DATA}')
    return SHARED_DATA


@pytest.fixture
def mm_log(caplog):
    """What mmengine's current logger says, as ``caplog``."""
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)

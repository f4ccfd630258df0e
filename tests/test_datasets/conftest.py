import pytest

from mmda.datasets import CSVLabelDataset


@pytest.fixture
def write_csv(tmp_path):
    """Write a table and return its path."""

    def write(text, encoding='utf-8'):
        path = tmp_path / 'labels.csv'
        path.write_bytes(text.encode(encoding))
        return str(path)

    return write


@pytest.fixture
def read_csv(write_csv):
    """Write a table and read it as a dataset."""

    def read(text, encoding='utf-8', **arguments):
        path = write_csv(text, encoding)
        return CSVLabelDataset(path, check_first=False, **arguments)

    return read

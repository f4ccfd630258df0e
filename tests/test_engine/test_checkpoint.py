"""Checkpoints are read as data: all that a run writes, and no code."""

import functools
import http.server
import os
import pickle
import random
import threading

import numpy as np
import pytest
import torch
from digits_run import train_digits
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader

from mmda.engine import checkpoint
from mmda.engine.checkpoint import checkpoint_loading, load_checkpoint
from mmda.engine.old_torch import READS_DATA

new_torch = pytest.mark.skipif(
    not READS_DATA, reason='needs torch 2.6: reads old formats and addresses'
)


@pytest.fixture(params=[True, False], ids=['new torch', 'old torch'])
def any_torch(request, monkeypatch):
    """Read with the code for each version of torch."""
    if request.param and not READS_DATA:
        pytest.skip('this torch is old')
    monkeypatch.setattr(checkpoint, 'READS_DATA', request.param)


class Call:
    """Pickled, it is a call that happens when the pickle is read."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def write_hostile(folder):
    """Write a checkpoint that makes a folder when it is read."""
    path, marker = str(folder / 'hostile.pth'), folder / 'it_ran'
    torch.save(dict(meta=Call(os.mkdir, str(marker)), state_dict={}), path)
    return path, marker


@pytest.mark.usefixtures('any_torch')
def test_a_checkpoint_of_a_run_is_read_whole():
    path = str(train_digits() / 'epoch_2.pth')
    found = load_checkpoint(path)
    expected = torch.load(path, weights_only=False)
    assert found.keys() == expected.keys()
    assert found['meta'] == expected['meta']
    hub, other = found['message_hub'], expected['message_hub']
    assert hub['runtime_info'] == other['runtime_info']
    assert hub['log_scalars'].keys() == other['log_scalars'].keys()
    for key, buffer in hub['log_scalars'].items():
        assert isinstance(buffer, HistoryBuffer)
        stored = other['log_scalars'][key]
        for mine, theirs in zip(buffer.data, stored.data, strict=True):
            np.testing.assert_array_equal(mine, theirs)
        assert buffer.statistics('mean') == stored.statistics('mean')
    torch.testing.assert_close(
        found['optimizer']['state'], expected['optimizer']['state']
    )


def test_random_states_are_data(tmp_path, any_torch):
    path = str(tmp_path / 'x.pth')
    content = dict(numpy=np.random.get_state(), python=random.getstate())
    torch.save(content, path)
    found = load_checkpoint(path)
    assert found['python'] == content['python']
    np.testing.assert_array_equal(found['numpy'][1], content['numpy'][1])


@new_torch
def test_random_states_and_names_of_numpy_1_are_data(tmp_path):
    path = tmp_path / 'x.pth'
    content = dict(
        numpy=np.random.get_state(),
        python=random.getstate(),
        torch=torch.get_rng_state(),
        values=[np.float32(2), np.int64(3), np.bool_(True), np.array(['a'])],
    )
    torch.save(content, path)
    found = load_checkpoint(str(path))
    assert found['python'] == content['python']
    np.testing.assert_array_equal(found['numpy'][1], content['numpy'][1])
    assert found['values'] == content['values']
    written = path.read_bytes()
    assert b'numpy._core' in written
    legacy = tmp_path / 'legacy.pth'  # not compressed: names can be replaced
    torch.save(content, legacy, _use_new_zipfile_serialization=False)
    old = legacy.read_bytes().replace(b'numpy._core', b'numpy.core')
    legacy.write_bytes(old)
    assert load_checkpoint(str(legacy))['values'] == content['values']


def test_a_file_that_runs_code_is_refused_with_the_name_and_the_way_out(
    tmp_path, any_torch
):
    path, marker = write_hostile(tmp_path)
    with pytest.raises(
        ValueError, match='e.pth holds `posix.mkdir`.*--unsafe'
    ):
        load_checkpoint(path)
    assert not marker.exists()
    load_checkpoint(path, unsafe_load=True)
    assert marker.exists()


@pytest.mark.parametrize(
    'arguments', [(getattr, '__self__'), (HistoryBuffer, '__init__')]
)
def test_a_checkpoint_reaches_no_attribute_but_the_statistics_of_a_log(
    arguments, tmp_path, any_torch
):
    path = str(tmp_path / 'x.pth')
    torch.save(dict(meta=Call(getattr, *arguments)), path)
    with pytest.raises(ValueError, match='x.pth holds `builtins.getattr`'):
        load_checkpoint(path)


@pytest.mark.usefixtures('any_torch')
def test_a_broken_file_is_named_and_gets_no_advice_to_load_it(tmp_path):
    path = tmp_path / 'x.pth'
    torch.save(dict(state_dict=dict(a=torch.zeros(9))), path)
    whole = path.read_bytes()
    for content in (b'', b'hello', whole[:300], pickle.dumps([1])):
        path.write_bytes(content)
        with pytest.raises(ValueError, match='x.pth is no checkpoint') as info:
            load_checkpoint(str(path))
        assert 'weights_only' not in str(info.value)
        assert '--unsafe-load' not in str(info.value)
    torch.save([1], path)
    with pytest.raises(ValueError, match='dict of weights, found list'):
        load_checkpoint(str(path))
    with pytest.raises(FileNotFoundError, match=r'no\.pth'):
        load_checkpoint(str(tmp_path / 'no.pth'))


@pytest.mark.usefixtures('any_torch')
def test_a_text_that_the_runner_would_execute_is_left_out(tmp_path):
    path = str(tmp_path / 'x.pth')
    torch.save(dict(meta=dict(config='raise SystemExit', epoch=1)), path)
    assert load_checkpoint(path)['meta'] == dict(epoch=1)


def test_an_old_torch_refuses_an_address_that_it_cannot_read_as_data(
    monkeypatch,
):
    monkeypatch.setattr(checkpoint, 'READS_DATA', False)
    with pytest.raises(ImportError, match='Download the file.*--unsafe-load'):
        load_checkpoint('https://127.0.0.1/x.pth')


@new_torch
def test_an_address_is_read_as_data_too(tmp_path, monkeypatch):
    path, marker = write_hostile(tmp_path)
    torch.save(dict(state_dict={'a': np.float64(1)}), tmp_path / 'good.pth')
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=str(tmp_path)
    )
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f'http://127.0.0.1:{server.server_port}'
        assert load_checkpoint(f'{root}/good.pth')['state_dict'] == {'a': 1}
        with pytest.raises(ValueError, match=r'hostile.pth holds `posix.mk'):
            load_checkpoint(f'{root}/hostile.pth')
        server.shutdown()
    assert not marker.exists()
    assert os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] == '1'
    assert 'TORCH_FORCE_WEIGHTS_ONLY_LOAD' not in os.environ


def test_the_loaders_of_mmengine_come_back_after_the_block():
    before = dict(CheckpointLoader._schemes)
    with pytest.raises(KeyError), checkpoint_loading():
        assert CheckpointLoader._schemes != before
        raise KeyError
    assert CheckpointLoader._schemes == before

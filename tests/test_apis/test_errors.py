"""What a command says about an error."""

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import MODELS

from mmda.apis.config import load_config
from mmda.apis.errors import describe, explain


@pytest.fixture
def write(tmp_path):
    def write_config(text, name='a.py'):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write_config


def explained(step, *args):
    with pytest.raises(Exception) as info:
        step(*args)
    return explain(info.value)


@pytest.mark.parametrize(
    ('text', 'name', 'expected'),
    [
        ('a = 1\nb = = 2', 'a.py', ', line 2: invalid syntax'),
        ('a = 1\nb = c', 'a.py', ", line 2: NameError: name 'c' is not"),
        ('{"a":\n', 'a.json', ', line 2: Expecting value'),
        ('a: [', 'a.yaml', ', line 2: '),
        ('[1]', 'a.json', ': '),
        (b'\xff', 'a.py', ': '),
        ('_base_ = 3', 'a.py', ': '),
        ("_base_ = 'no.py'", 'a.py', ': there is no file '),
        ("model = 'x'", 'a.py', ", model: found 'x', expected a dict"),
        ('load_from = 3', 'a.py', ', load_from: found 3, expected a text'),
        ("log_level = 'x'", 'a.py', ", log_level: found 'x', expected one"),
        (
            'train_cfg = dict(val_interval=0)',
            'a.py',
            ', train_cfg.val_interval: found 0, expected a whole number of',
        ),
        ("custom_imports = dict(imports=['no_such'])", 'a.py', ': Failed to'),
    ],
)
def test_a_config_that_cannot_be_read_is_named_with_its_line(
    write, text, name, expected
):
    path = write(text, name)
    found = explained(load_config, path)
    assert found.is_input and found.is_complete
    assert found.text.startswith(path + expected)
    assert '\n' not in found.text


def test_a_base_that_is_wrong_is_named_in_place_of_the_config(write):
    base = write('x = 1\ny = no_such', 'base.py')
    found = explained(load_config, write("_base_ = 'base.py'"))
    assert found.text.startswith(f'{base}, line 2: NameError')


@pytest.mark.parametrize(
    ('part', 'key', 'message', 'is_complete'),
    [
        (dict(type='ReSNet'), 'neck', 'there is no model of type', True),
        (dict(type='ResNet', depth=5), 'neck', "KeyError: 'invalid d", False),
        (dict(type='GlobalAveragePooling', x=1), 'neck', 'TypeError: ', False),
        (
            dict(type='PartialBCEPseudoConsistLoss', tau=7),
            'neck',
            'tau=7: expected 0 to 1',
            True,
        ),
    ],
)
def test_a_part_that_cannot_be_built_is_named_by_its_key(
    part, key, message, is_complete
):
    cfg = Config(
        dict(model=dict(type='ImageClassifier', backbone=dict(type='LeNet5')))
    )
    cfg.model[key] = dict(part)

    def build(cfg):
        MODELS.build(cfg.model)

    cfg.model['_scope_'] = 'mmpretrain'
    found = explained(build, cfg)
    assert found.text.startswith(f'model.{key}: {message}')
    assert found.is_input
    assert found.is_complete == is_complete


def test_a_misspelt_type_gets_the_nearest_name():
    def build(cfg):
        MODELS.build(cfg.model)

    cfg = Config(dict(model=dict(type='DynamicAdaptor')))
    assert "nearest: 'DynamicAdapter'" in explained(build, cfg).text


def test_an_operation_that_fails_can_be_a_fault_of_the_code():
    found = explained(lambda: np.ones(2) + np.ones(3))
    assert found.is_input and not found.is_complete

    def refuse():
        raise ValueError('a.csv: found 7')

    assert explained(refuse).is_complete


def test_an_error_of_a_file_names_the_file_and_not_the_number():
    found = explained(open, '/no/such/file')
    assert found.text == '/no/such/file: No such file or directory'


def test_a_segmentation_without_operators_says_what_to_install():
    said = describe(ModuleNotFoundError('No module', name='mmcv._ext'))
    assert 'mmcv-lite' in said and '.[onedl]' in said

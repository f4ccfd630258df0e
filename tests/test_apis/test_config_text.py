"""The config in a checkpoint: read as mmengine reads it, but not executed."""

import pytest
from mmengine.config import Config
from shipped_configs import load

from mmda.apis.config_text import check_parts, parse_config

TEXT = """
a = dict(b=[1, (None, -2.5), 'x'], c=dict({'not a name': dict(d=True)}))
e = {1, 2}
"""


@pytest.mark.usefixtures('quick_configs')
@pytest.mark.parametrize('name', ['digits', 'cityscapes_bus_5way_light'])
def test_the_values_are_those_of_mmengine(name):
    text = load(name).pretty_text + TEXT
    found = parse_config(text, 'x.pth')
    assert found._cfg_dict == Config.fromstring(text, '.py')._cfg_dict


@pytest.mark.parametrize(
    'text',
    ['import os', 'a = open(1)', 'a = b', 'a = 1 + 1', 'a.b = 1', 'a: int = 1']
    + ['a = [i for i in (1,)]', 'a = lambda: 1', "a = f'{1}'", 'print(1)']
    + ['a = dict(*[1])', 'a = dict(**{})', 'a = {**{}}', 'a = {[]: 1}']
    + ["a = -'b'", 'a = dict(b=[dict(c=exit())])', 'a = b = 1'],
)
def test_a_text_with_more_than_values_is_refused_with_its_line(text):
    with pytest.raises(ValueError, match='x.pth, line 2: found `.*not exec'):
        parse_config(f'fine = 1\n{text}', 'x.pth')


@pytest.mark.parametrize('text', ['a = (', 'a = \0', "filename = 'x'"])
def test_a_text_that_is_no_config_is_refused(text):
    with pytest.raises(ValueError, match='x.pth: this is no config'):
        parse_config(text, 'x.pth')


@pytest.mark.parametrize(
    'kind',
    ['os.system', 'mmda.x.y', ['exec'], 'a b', 'this', 'mmpretrain.this']
    + ['mmengine.load', 'mmengine.dump', 'mmcv.imread', 'mmengine.Config'],
)
def test_a_type_that_mmengine_would_import_and_call_is_refused(kind):
    good = dict(type='mmpretrain.PackInputs', then=dict(type='Conv2d'))
    check_parts(dict(steps=[good, dict(type='torchvision/Resize')]), 'x.pth')
    bad = dict(backbone=dict(stem=dict(type=kind)))
    with pytest.raises(ValueError, match=r'x.pth: backbone\.stem\.type is'):
        check_parts(bad, 'x.pth')


def test_types_of_a_strong_view_are_looked_up_in_kornia_alone():
    view = dict(strong_view=[dict(type='RandomAffine')])
    check_parts(dict(model=dict(data_preprocessor=view)), 'x.pth')
    view = dict(strong_view=[dict(type='mmengine.load')])
    with pytest.raises(ValueError, match='strong_view.0.type is'):
        check_parts(dict(model=dict(data_preprocessor=view)), 'x.pth')
    with pytest.raises(ValueError, match='head.strong_view.0.type is'):
        view = dict(strong_view=[dict(type='RandomAffine')])
        check_parts(dict(head=view), 'x.pth')


def test_parts_of_every_registry_of_a_host_and_of_albumentations_pass():
    augments = [dict(type='Mixup', alpha=0.8), dict(type='mmpretrain.CutMix')]
    inner = [dict(type='HorizontalFlip'), dict(type='OneOf', transforms=[])]
    view = dict(type='Albumentations', transforms=inner)
    given = dict(batch_augments=dict(augments=augments), steps=[view])
    check_parts(given, 'x.pth')
    inner[0]['type'] = 'mmengine.load'
    with pytest.raises(ValueError, match='steps.0.transforms.0.type is'):
        check_parts(given, 'x.pth')


def test_a_scope_that_a_build_would_import_is_refused():
    check_parts(dict(a=dict(type='ResNet', _scope_='mmpretrain')), 'x.pth')
    with pytest.raises(ValueError, match="a._scope_ is 'this'"):
        check_parts(dict(a=dict(type='ResNet', _scope_='this')), 'x.pth')

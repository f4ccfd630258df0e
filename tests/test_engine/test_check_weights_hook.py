"""Answers come from trained weights, or there are none."""

import functools
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.evaluator import DumpResults, Evaluator
from mmengine.registry import MODELS
from shipped_configs import PATHS, load

from mmda.apis.partial_label_inferencer import PartialLabelInferencer
from mmda.commands.test import main
from mmda.engine import CheckWeightsHook
from mmda.engine.hooks.check_weights_hook import load_weights
from mmda.evaluation.metrics import NovelClassAUC, PartialLabelAUC
from mmda.models.adapters import encode_names
from mmda.report.prediction_files import load_predictions

CLASSES = tuple('1234567')
NAMES = 'head.classifier.class_names'


@functools.cache
def weights():
    """All weights of the digits' model, as a training would save them."""
    return build(CLASSES).state_dict()


def build(classes):
    model = load('digits').model
    model.head.classes = classes
    torch.manual_seed(0)
    with MODELS.switch_scope_and_registry('mmpretrain') as registry:
        return registry.build(model)


def renamed(state, old, new):
    return {key.replace(old, new): value for key, value in state.items()}


REFUSED = {
    'no weights': (lambda state: {}, r'(\d+) of \1 weights are missing'),
    'renamed': (
        lambda state: renamed(state, 'backbone.', 'net.'),
        r"missing, such as \['backbone.*it has \['net\.",
    ),
    'a missing layer': (
        lambda state: renamed(state, 'backbone.conv1', 'x'),
        r"1 of \d+ weights are missing, such as \['backbone.conv1.weight",
    ),
    'other classes': (
        lambda state: {**state, NAMES: encode_names('abcdefg')},
        r"'a', 'b'.*none of the 7 classes \('1', '2'",
    ),
    'a stock layer of another shape': (
        lambda state: {
            **{k: v for k, v in state.items() if 'classifier' not in k},
            'head.fc.weight': torch.zeros(3, 128),
        },
        'none of the 7 classes',
    ),
    'broken names': (
        lambda state: {**state, NAMES: torch.tensor([91], dtype=torch.uint8)},
        'JSONDecodeError',
    ),
    'no tensors': (
        lambda state: dict.fromkeys(state, 1),
        r'backbone\S+ is int, not \(\d+, ',
    ),
}


@pytest.mark.parametrize('case', REFUSED)
def test_weights_that_no_training_set_are_refused(case):
    change, message = REFUSED[case]
    checkpoint = dict(state_dict=change(dict(weights())))
    with pytest.raises(ValueError, match=f'(?s)x.pth does not fit.*{message}'):
        load_weights(build(CLASSES), checkpoint, 'x.pth')


def test_a_list_of_weights_is_no_checkpoint():
    for content in (dict(state_dict=[1]), {1: 2}):
        with pytest.raises(ValueError, match='x.pth is no checkpoint'):
            load_weights(build(CLASSES), content, 'x.pth')


def run_test(folder, checkpoint, *options):
    path = str(folder / 'x.pth')
    torch.save(checkpoint, path)
    argv = [str(PATHS['digits']), path, '--work-dir', str(folder), *options]
    main([*argv, '--cfg-options', 'test_dataloader.num_workers=0'])


@pytest.mark.usefixtures('quick_configs')
def test_the_test_command_refuses_a_checkpoint_without_weights(
    tmp_path, capsys
):
    with pytest.raises(SystemExit) as exit_info:
        run_test(tmp_path, dict(meta={}))
    assert exit_info.value.code == 2
    said = capsys.readouterr()
    assert re.search(r'x.pth does not fit.*(\d+) of \1 weights', said.err)
    assert '| mean' not in said.out


@pytest.mark.usefixtures('quick_configs')
def test_a_class_that_the_checkpoint_does_not_know_is_marked_and_left_out(
    tmp_path,
):
    state = build(CLASSES[:6]).state_dict()
    out = tmp_path / 'p.npz'
    run_test(tmp_path, dict(state_dict=state), '--out', str(out))
    log = next(tmp_path.glob('*/*.log')).read_text()
    table = log.split('auc in % (test)')[1]
    found = dict(re.findall(r'\| (\w+) +\| +([\w. ]+?) +\|', table))
    assert found['7'] == 'not trained'
    known = [float(found[name]) for name in CLASSES[:6]]
    assert float(found['mean']) == pytest.approx(np.mean(known), abs=0.01)
    assert 'auc/7 is undefined: the checkpoint does not know' in log
    predictions = load_predictions(out)
    assert np.isnan(predictions.target[:, 6]).all()
    assert not np.isnan(predictions.target[:, 5]).all()
    inferencer = PartialLabelInferencer(PATHS['digits'], tmp_path / 'x.pth')
    answers = inferencer(np.zeros((32, 32, 3), np.uint8))[0]
    assert answers['7'].probability is None
    assert answers['7'].note == 'the checkpoint does not know this class'
    assert answers['6'].probability is not None


@pytest.mark.parametrize(
    'metric', [NovelClassAUC(), DumpResults('x.pkl')], ids=['AUC', 'pickle']
)
def test_a_metric_that_cannot_leave_a_class_out_refuses_it(metric):
    dataset = SimpleNamespace(metainfo=dict(classes=CLASSES))
    runner = SimpleNamespace(
        model=build(CLASSES),
        _load_from='x.pth',
        test_dataloader=SimpleNamespace(dataset=dataset),
        test_evaluator=Evaluator([PartialLabelAUC(), metric]),
    )
    hook = CheckWeightsHook()
    hook.after_load_checkpoint(runner, dict(state_dict=weights()))
    hook.before_test(runner)
    fewer = build(CLASSES[:6]).state_dict()
    hook.after_load_checkpoint(runner, dict(state_dict=fewer))
    name = type(metric).__name__
    with pytest.raises(ValueError, match=rf"\('7',\).*{name} cannot"):
        hook.before_test(runner)


def test_a_head_without_names_is_tested_on_the_classes_of_its_training():
    dataset = SimpleNamespace(metainfo=dict(classes=('a', 'b')))
    runner = SimpleNamespace(
        model=torch.nn.Linear(1, 2),
        _load_from='x.pth',
        test_dataloader=SimpleNamespace(dataset=dataset),
    )
    hook = CheckWeightsHook()
    for classes in (['a', 'b'], ['b', 'a']):
        checkpoint = dict(
            meta=dict(dataset_meta=dict(classes=classes)),
            state_dict=runner.model.state_dict(),
        )
        hook.after_load_checkpoint(runner, checkpoint)
        if classes == ['a', 'b']:
            hook.before_test(runner)
    with pytest.raises(ValueError, match=r"classes \('b', 'a'\), the test"):
        hook.before_test(runner)

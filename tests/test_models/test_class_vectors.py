"""Task encodings that start from a vector of each class."""

import csv
import json

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from mmda.models.adapters import DynamicAdapter
from mmda.models.heads import DynamicAdapterHead

CLASSES = ('cat', 'dog', 'truck')
VECTORS = {'truck': [0, 0, 5, 0], 'cat': [1, 0, 0, 0], 'dog': [3, 4, 0, 0]}
# Cosines by hand: cat and dog 3 / 5, the truck is at right angles to both.
COSINE = [[1, 0.6, 0], [0.6, 1, 0], [0, 0, 1]]


def write(path, vectors=VECTORS):
    if path.suffix == '.json':
        path.write_text(json.dumps(vectors))
    elif path.suffix == '.npz':
        rows = np.array([*vectors.values()], dtype=float)
        np.savez(path, classes=np.array([*vectors]), vectors=rows)
    else:
        rows = [[name, *vector] for name, vector in vectors.items()]
        with open(path, 'w', newline='') as file:
            csv.writer(file).writerows([['class', 'x', 'y', 'z'], *rows])
    return str(path)


def start(path, classes=CLASSES, in_channels=8):
    """A head that has started from a file, as a training starts it."""
    classifier = dict(
        type='DynamicAdapter', init_cfg=dict(type='ClassVectors', file=path)
    )
    head = DynamicAdapterHead(
        in_channels=in_channels, classes=classes, classifier=classifier
    )
    head.init_weights()
    return head.classifier


@pytest.mark.parametrize('name', ['v.csv', 'v.json', 'v.npz'])
def test_questions_are_as_similar_as_the_vectors_of_their_classes(
    tmp_path, name
):
    adapter = start(write(tmp_path / name))
    q = adapter.task_encoding.detach()
    assert torch.allclose(q @ q.T, torch.tensor(COSINE), atol=1e-6)
    # Each question is most of all its own.
    assert q.argmax(dim=1).tolist() == [0, 1, 2]
    # Weights of similar classes are similar from the first step on.
    wide = start(write(tmp_path / name), in_channels=20_000)
    weights = torch.nn.functional.normalize(wide.class_weights())
    assert torch.allclose(weights @ weights.T, torch.tensor(COSINE), atol=0.03)


def test_orthogonal_vectors_give_the_identity(tmp_path):
    vectors = dict(zip(CLASSES, np.eye(5)[[3, 0, 1]].tolist(), strict=True))
    adapter = start(write(tmp_path / 'v.json', vectors))
    assert torch.allclose(adapter.task_encoding, torch.eye(3), atol=1e-6)


def test_a_checkpoint_needs_no_file_and_new_classes_keep_their_vectors(
    tmp_path,
):
    path = write(tmp_path / 'v.csv')
    old = start(path, ('dog', 'truck'))
    larger = start(path)
    (tmp_path / 'v.csv').unlink()
    plain = DynamicAdapter(2, 8, ('dog', 'truck'))
    plain.load_state_dict(old.state_dict())
    cat = larger.task_encoding.detach()[0].clone()
    larger.load_state_dict(old.state_dict())
    feats = torch.rand(4, 8)
    assert torch.equal(plain(feats), old(feats))
    assert torch.allclose(larger(feats)[:, 1:], old(feats), atol=1e-6)
    assert torch.equal(larger.task_encoding[0], cat)


def test_a_stock_decode_head_takes_the_vectors_by_an_override(tmp_path):
    decode_heads = pytest.importorskip('mmda.models.decode_heads')
    override = dict(
        type='ClassVectors', name='conv_seg', file=write(tmp_path / 'v.csv')
    )
    stock = dict(
        type='FCNHead',
        in_channels=4,
        channels=8,
        num_convs=1,
        init_cfg=dict(type='Normal', std=0.01, override=override),
    )
    with DefaultScope.overwrite_default_scope('mmseg'):
        head = decode_heads.DynamicAdapterHead(stock, classes=CLASSES)
    head.init_weights()
    q = head.adapter.task_encoding.detach()
    assert torch.allclose(q @ q.T, torch.tensor(COSINE), atol=1e-6)


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        ('v.csv', 'class,x\ncat,1\ndog,-1\n', "no vector of class 'truck'"),
        ('v.csv', 'class,x\ncat,1\ncat,2\n', "class 'cat' twice"),
        ('v.json', '{"cat": [1], "cat": [2]}', "class 'cat' twice"),
        ('v.json', '{"cat": [NaN]}', "'cat' has a number that is not finite"),
        ('v.json', '{"cat": [1], "dog": [1, 2]}', "'dog' has 2 numbers"),
        ('v.json', '{"cat": 1}', "'cat' has no list of numbers"),
        ('v.npz', 'PK\x03\x04cut', 'expected one vector of each class'),
        ('v.json', '[1, 2]', 'expected one vector of each class'),
        ('v.csv', 'class,x\ncat,one\n', "'one'.* expected one vector"),
        (
            'v.csv',
            'class,x,y\ncat,1,2\ndog,2,4\ntruck,0,1\n',
            r"vectors of \['cat', 'dog'\] do not differ",
        ),
        (
            'v.csv',
            'class,x,y\ncat,1,2\ndog,0,0\ntruck,0,1\n',
            "vector of class 'dog' is 0",
        ),
        ('v.npz', 'no archive', 'expected one vector of each class'),
        ('v.txt', '', 'expected a name that ends in one of'),
    ],
)
def test_a_bad_file_is_an_error_that_names_the_class(
    tmp_path, name, text, message
):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        start(str(path))


def test_what_has_no_questions_or_no_names_is_refused(tmp_path):
    path = write(tmp_path / 'v.csv')
    init_cfg = dict(type='ClassVectors', file=path)
    with pytest.raises(ValueError, match='expected `classes` of the head'):
        DynamicAdapter(3, 8, init_cfg=init_cfg).init_weights()
    with pytest.raises(FileNotFoundError, match='no file none.csv'):
        start('none.csv')

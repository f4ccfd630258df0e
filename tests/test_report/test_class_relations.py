"""Similarities of classes."""

import numpy as np
import pandas as pd
import pytest
import torch
from digits_run import train_digits
from matplotlib.image import imread
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope

from mmda.apis.inference_model import load_model
from mmda.commands.class_relations import main as relations
from mmda.models.adapters import encode_names
from mmda.report.class_relations import (
    class_means,
    cluster_classes,
    cosine_similarity,
)
from mmda.report.relation_figures import (
    draw_chord,
    draw_heat_map,
    strong_from,
)

NAN = float('nan')


def test_class_means_are_those_of_annotated_positives():
    generator = np.random.default_rng(0)
    features = generator.normal(size=(40, 5))
    target = (generator.random((40, 3)) < 0.4).astype(float)
    target[generator.random((40, 3)) < 0.3] = NAN
    target[:, 2] = np.where(np.isnan(target[:, 2]), NAN, 0)
    found = class_means(features, target)
    for c in range(2):
        rows = [i for i in range(40) if target[i, c] == 1]
        np.testing.assert_allclose(found[c], features[rows].mean(axis=0))
    assert np.isnan(found[2]).all()


def test_similarity_is_the_cosine_from_the_moved_origin():
    generator = np.random.default_rng(1)
    vectors, origin = generator.normal(size=(4, 6)), generator.normal(size=6)
    found = cosine_similarity(vectors, origin)
    for i in range(4):
        for j in range(4):
            a, b = vectors[i] - origin, vectors[j] - origin
            expected = a @ b / (a @ a) ** 0.5 / (b @ b) ** 0.5
            assert found[i, j] == pytest.approx(expected)
    vectors[2] = NAN
    vectors[3] = origin
    found = cosine_similarity(vectors, origin)
    assert np.isnan(found[2:]).all() and np.isnan(found[:, 2:]).all()


def test_clusters_join_by_average_linkage():
    similarity = np.array(
        [[1, 0.9, 0.1, NAN], [0.9, 1, 0.3, NAN], [0.1, 0.3, 1, NAN], [NAN] * 4]
    )
    tree, kept = cluster_classes(similarity)
    assert kept.tolist() == [0, 1, 2]
    assert tree[0, :2].tolist() == [0, 1]
    np.testing.assert_allclose(tree[:, 2], [0.1, (0.9 + 0.7) / 2])
    with pytest.raises(ValueError, match='1 classes have a similarity'):
        cluster_classes(np.array([[1.0, NAN], [NAN, NAN]]))


def test_the_command_gives_the_cosines_of_the_models_features(tmp_path):
    folder = train_digits()
    config, checkpoint = folder / 'config.py', folder / 'epoch_2.pth'
    relations([str(config), str(checkpoint), '--out-dir', str(tmp_path)])
    found = pd.read_csv(tmp_path / 'features.csv', index_col='class')
    assert list(found.columns) == list('1234567')

    cfg = Config.fromfile(config)
    init_default_scope('mmpretrain')
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    model = load_model(cfg, checkpoint).model
    samples = [dataset[i] for i in range(len(dataset))]
    inputs = torch.stack([s['inputs'] for s in samples]).float()
    with torch.no_grad():
        features = model.extract_feat((inputs - 127.5) / 127.5)[-1].numpy()
    target = np.stack([s['data_samples'].gt_score for s in samples])
    moved = features - features.mean(axis=0)
    for i, j in ((0, 1), (2, 6), (4, 5)):
        a, b = (moved[target[:, k] == 1].mean(axis=0) for k in (i, j))
        expected = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
        assert found.iloc[i, j] == pytest.approx(expected, abs=1e-4)
    encoding = model.head.classifier.task_encoding.detach().numpy()
    expected = torch.cosine_similarity(
        torch.tensor(encoding[0]), torch.tensor(encoding[1]), dim=0
    )
    other = pd.read_csv(tmp_path / 'encodings.csv', index_col='class')
    assert other.iloc[0, 1] == pytest.approx(float(expected), abs=1e-5)
    for kind in ('features', 'encodings'):
        for figure in ('heat_map', 'dendrogram', 'chord'):
            assert imread(tmp_path / f'{kind}_{figure}.png').std() > 0.01
            assert (tmp_path / f'{kind}_{figure}.pdf').is_file()


def test_a_class_that_the_checkpoint_does_not_know_has_no_encoding(
    tmp_path, monkeypatch
):
    for figure in ('chord', 'dendrogram', 'heat_map'):
        name = f'mmda.report.relation_figures.draw_{figure}'
        monkeypatch.setattr(name, lambda *args: None)
    folder = train_digits()
    saved = torch.load(folder / 'epoch_2.pth', weights_only=False)
    names = encode_names('123456x')
    saved['state_dict']['head.classifier.class_names'] = names
    torch.save(saved, tmp_path / 'x.pth')
    words = [folder / 'config.py', tmp_path / 'x.pth', '--out-dir', tmp_path]
    relations([str(word) for word in words])
    found = pd.read_csv(tmp_path / 'encodings.csv', index_col='class')
    assert found.isna().sum().tolist() == [1] * 6 + [7]


def test_a_chord_diagram_without_strong_relations_is_not_empty(tmp_path):
    generator = np.random.default_rng(0)
    weak = 0.2 * np.corrcoef(generator.normal(size=(8, 5)))
    np.fill_diagonal(weak, 1)
    strong = strong_from(weak)
    pairs = weak[np.tril_indices(8, -1)]
    # As a fifth of the positive relations are called strong, some are.
    share = (pairs >= strong).sum() / (pairs > 0).sum()
    assert strong < 0.2 and 0.15 <= share <= 0.35
    assert strong_from(np.full((3, 3), 0.7)) == 0.6  # the paper's
    assert strong_from(np.full((3, 3), -0.7)) == 0.6  # nothing to draw
    pixels = []
    for limit in (None, 0.6):
        path = tmp_path / f'{limit}.png'
        draw_chord(weak, list('abcdefgh'), path, limit)
        shown = imread(path)[..., :3]
        pixels.append((np.ptp(shown, axis=2) > 0.3).sum())
    assert pixels[0] > 1.5 * pixels[1]  # coloured chords beside the points


def test_a_class_without_a_positive_is_drawn_as_missing(tmp_path):
    similarity = cosine_similarity(np.array([[1.0, 0], [1, 1], [NAN, NAN]]))
    for draw in (draw_heat_map, draw_chord):
        draw(similarity, ['a', 'b', 'c'], tmp_path / 'x.png')
        missing = imread(tmp_path / 'x.png')
        draw(np.eye(3), ['a', 'b', 'c'], tmp_path / 'x.png')
        assert (
            missing.shape != imread(tmp_path / 'x.png').shape
            or (missing != imread(tmp_path / 'x.png')).any()
        )

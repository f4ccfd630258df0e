"""Questions and answers on images, against the model's own test."""

import csv
import json
import pickle
import shutil

import cv2
import numpy as np
import pytest
import torch
from digits_run import train_digits
from matplotlib.image import imread
from mmengine.config import Config
from mmengine.registry import DATASETS, MODELS, init_default_scope
from mmengine.runner import load_checkpoint

from mmda.apis.activation_map import activation_map
from mmda.apis.inference_inputs import list_images
from mmda.apis.partial_label_inferencer import PartialLabelInferencer
from mmda.apis.predict import main, write_answers

THREADS = torch.set_num_threads(1)


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """Config, checkpoint and a folder of six test images of the run."""
    folder = train_digits()
    images = tmp_path_factory.mktemp('images')
    cfg = Config.fromfile(folder / 'config.py')
    init_default_scope('mmpretrain')
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    for index in range(6):
        pixels = dataset.get_data_info(index)['img']
        cv2.imwrite(str(images / f'{index}.png'), pixels)
    return folder / 'config.py', folder / 'epoch_2.pth', images


@pytest.fixture(scope='module')
def inferencer(run):
    return PartialLabelInferencer(run[0], run[1])


def answers_of_the_dataset(run, num=6):
    """What the model says to the dataset's own samples, built by hand."""
    cfg = Config.fromfile(run[0])
    init_default_scope('mmpretrain')
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    model = MODELS.build(cfg.model).eval()
    load_checkpoint(model, str(run[1]))
    batch = [dataset[index] for index in range(num)]
    inputs = torch.stack([sample['inputs'] for sample in batch]).float()
    with torch.no_grad():
        logits = model.head(model.extract_feat((inputs - 127.5) / 127.5))
    return torch.sigmoid(logits).numpy()


def test_answers_of_a_folder_are_those_of_the_test(run, inferencer):
    expected = answers_of_the_dataset(run)
    found = inferencer(run[2], batch_size=4)
    assert len(found) == 6
    for row, answers in zip(expected, found, strict=True):
        for index, name in enumerate(inferencer.classes[:6]):
            assert answers[name].probability == pytest.approx(
                row[index], abs=1e-6
            )
            assert answers[name].decision == (row[index] >= 0.5)


def test_pixels_paths_and_lists_give_the_same_answer(run, inferencer):
    path = str(run[2] / '1.png')
    expected = inferencer.ask(path, '3')
    pixels = cv2.imread(path)
    assert inferencer.ask(pixels, '3') == expected
    assert inferencer.ask(pixels[..., 0], '3') == expected
    assert inferencer([path, pixels])[1]['3'].probability == pytest.approx(
        expected.probability, abs=1e-6
    )


def test_a_class_without_positives_is_marked_and_not_answered(run, inferencer):
    answer = inferencer.ask(run[2] / '0.png', '7')
    assert answer.probability is None and answer.decision is None
    assert answer.note == 'no positive in the training data'
    assert answer.sources == {}


def test_sources_of_a_class_are_those_of_the_training_data(run, inferencer):
    cfg = Config.fromfile(run[0])
    for name, source in zip(
        ('D0', 'D1'), cfg.train_dataloader.dataset.datasets, strict=True
    ):
        dataset = DATASETS.build(source)
        positives = sum(
            dataset.get_data_info(i)['gt_score'][3] == 1 for i in range(96)
        )
        sources = inferencer.ask(run[2] / '0.png', '4').sources
        assert sources[name] == positives
    assert set(inferencer.ask(run[2] / '0.png', '1').sources) == {'D0'}


def test_sources_come_from_the_checkpoint_without_the_report(run, tmp_path):
    path = tmp_path / 'moved.pth'
    shutil.copy(run[1], path)
    moved = PartialLabelInferencer(run[0], path)
    assert moved.trained.positives['1'].keys() == {'D0'}
    content = torch.load(path, weights_only=False)
    del content['message_hub']
    torch.save(content, path)
    unknown = PartialLabelInferencer(run[0], path)
    answer = unknown.ask(run[2] / '0.png', '7')
    assert answer.sources is None and answer.probability is not None


def test_thresholds_beside_the_checkpoint_decide(run, tmp_path):
    path = tmp_path / 'model.pth'
    shutil.copy(run[1], path)
    beside = tmp_path / 'model.thresholds.json'
    low, high = dict(threshold=0.0), dict(threshold=1.0)
    beside.write_text(
        json.dumps(
            dict(classes={'1': low, '2': high, '3': dict(threshold=None)})
        )
    )
    found = PartialLabelInferencer(run[0], path)(run[2] / '0.png')[0]
    assert found['1'].decision and not found['2'].decision
    assert found['3'].threshold == 0.5
    given = PartialLabelInferencer(run[0], path, thresholds={'1': 1.0})
    assert not given.ask(run[2] / '0.png', '1').decision
    beside.write_text('{}')
    with pytest.raises(ValueError, match='expected thresholds as'):
        PartialLabelInferencer(run[0], path)
    with pytest.raises(ValueError, match="no class '77'"):
        PartialLabelInferencer(run[0], path, thresholds={'77': 0.5})


def test_bad_images_are_named(run, inferencer, tmp_path):
    with pytest.raises(FileNotFoundError, match='none.png'):
        inferencer(str(tmp_path / 'none.png'))
    with pytest.raises(FileNotFoundError, match='none.png'):
        inferencer([str(tmp_path / 'none.png')])
    broken = tmp_path / 'broken.png'
    broken.write_bytes(b'no image')
    with pytest.raises(ValueError, match='cannot decode.*broken.png'):
        inferencer(broken)
    with pytest.raises(ValueError, match="no class '33'"):
        inferencer.ask(run[2] / '0.png', '33')
    with pytest.raises(ValueError, match='batch_size=0'):
        inferencer(run[2], batch_size=0)


def test_tables_name_file_row_and_column_of_what_is_wrong(run, tmp_path):
    shutil.copy(run[2] / '0.png', tmp_path / 'a.png')
    table = tmp_path / 't.csv'
    table.write_text('path,x\na.png,1\na.png,2\n')
    assert list_images(table) == [str(tmp_path / 'a.png')] * 2
    table.write_text('image\na.png\n')
    assert len(list_images(table)) == 1
    table.write_text('file,x\na.png,1\n')
    assert len(list_images(table, 'file')) == 1
    with pytest.raises(ValueError, match="no column 'path', found"):
        list_images(table)
    table.write_text('path\na.png\nb.png\n')
    with pytest.raises(FileNotFoundError, match="line 3, column 'path'"):
        list_images(table)
    table.write_text('path,x\n')
    with pytest.raises(ValueError, match='no rows'):
        list_images(table)
    with pytest.raises(ValueError, match='no image in'):
        (tmp_path / 'empty').mkdir()
        list_images(tmp_path / 'empty')


def grad_cam_by_hand(trained, path, index):
    """Channels of the last feature map, weighted by their mean gradient."""
    model, kept = trained.model, []
    handle = model.backbone.layer4.register_forward_hook(
        lambda module, args, output: kept.append(output)
    )
    inputs = trained.pipeline(dict(img_path=path))['inputs']
    logits = model.head(
        model.extract_feat((inputs[None].float() - 127.5) / 127.5)
    )
    handle.remove()
    gradient = torch.autograd.grad(logits[0, index], kept[0])[0]
    weight = gradient.mean(dim=(2, 3), keepdim=True)
    heat = (weight * kept[0]).sum(1)[0].clamp(min=0).detach().numpy()
    return cv2.resize(heat, (32, 32))


def test_the_activation_map_explains_the_class_that_is_asked(run):
    pytest.importorskip('pytorch_grad_cam')
    inferencer = PartialLabelInferencer(run[0], run[1])
    # After two epochs every answer is a no; here some parts say yes.
    kernel = inferencer.trained.model.head.adapter.kernel
    with torch.no_grad():
        kernel.normal_(generator=torch.Generator().manual_seed(0))
    compared = 0
    for image in range(3):
        path = str(run[2] / f'{image}.png')
        for index, name in enumerate('123456'):
            shown, heat = activation_map(inferencer.trained, path, name)
            assert shown.shape == (32, 32, 3) and heat.shape == (32, 32)
            assert 0 <= heat.min() <= heat.max() <= 1
            expected = grad_cam_by_hand(inferencer.trained, path, index)
            if np.ptp(expected) > 0:
                compared += 1
                match = np.corrcoef(expected.ravel(), heat.ravel())[0, 1]
                assert match > 0.99
    assert compared >= 3
    model = inferencer.trained.model
    assert all(p.grad is None for p in model.parameters())
    path = str(run[2] / '1.png')
    with pytest.raises(ValueError, match="no layer 'backbone.layer9'"):
        activation_map(inferencer.trained, path, '3', 'backbone.layer9')
    with pytest.raises(ValueError, match="no class 'x'"):
        activation_map(inferencer.trained, path, 'x')


def test_the_command_writes_csv_json_and_pictures(run, tmp_path, capsys):
    base = [str(run[0]), str(run[1])]
    main([*base, str(run[2]), '--out', str(tmp_path / 'a.csv')])
    with open(tmp_path / 'a.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6 * 7
    assert rows[6]['class'] == '7' and rows[6]['probability'] == ''
    assert rows[6]['note'] == 'no positive in the training data'
    assert (
        'D0:' in rows[0]['sources'] and 0 < float(rows[0]['probability']) < 1
    )
    main(
        [
            *base,
            str(run[2] / '0.png'),
            '--ask',
            '3',
            '7',
            '--out',
            str(tmp_path / 'a.json'),
            '--show-dir',
            str(tmp_path / 'pictures'),
        ]
    )
    content = json.loads((tmp_path / 'a.json').read_text())
    answers = content[str(run[2] / '0.png')]
    assert list(answers) == ['3', '7'] and answers['7']['probability'] is None
    picture = tmp_path / 'pictures' / '0.png.answers.png'
    assert imread(picture).std() > 0.01
    for wrong, message in (
        (['--ask', '33'], "no class '33'"),
        (['--out', 'a.txt'], 'expected .csv or .json'),
        (['--cam', '3'], 'needs --show-dir'),
    ):
        with pytest.raises(SystemExit):
            main([*base, str(run[2] / '0.png'), *wrong])
        assert message in capsys.readouterr().err


def test_a_checkpoint_that_leaves_weights_random_is_refused(run, tmp_path):
    path = tmp_path / 'x.pth'
    content = torch.load(run[1], weights_only=False)
    state = content['state_dict']

    def load(**changes):
        torch.save({**content, **changes}, path)
        return PartialLabelInferencer(run[0], path)

    foreign = {f'x.{key}': value for key, value in state.items()}
    with pytest.raises(
        ValueError, match=r"missing, such as \['backbone.*'x\."
    ):
        load(state_dict=foreign)
    name = 'head.adapter.kernel'
    without = {key: value for key, value in state.items() if key != name}
    with pytest.raises(ValueError, match=f'x.pth does not fit.*{name}'):
        load(state_dict=without)
    with pytest.raises(ValueError, match=f'(?s)x.pth does not fit.*{name}'):
        load(state_dict={**state, name: torch.zeros(1, 2)})
    wrapped = {f'module.{key}': value for key, value in state.items()}
    assert load(state_dict=wrapped).classes
    for written in (b'hello', b'', pickle.dumps([1])):
        path.write_bytes(written)
        with pytest.raises(ValueError, match='x.pth is no checkpoint'):
            PartialLabelInferencer(run[0], path)


def test_nan_is_no_answer_and_the_json_stays_valid(run, tmp_path):
    path = tmp_path / 'x.pth'
    content = torch.load(run[1], weights_only=False)
    content['state_dict']['head.adapter.kernel'].fill_(float('nan'))
    torch.save(content, path)
    answer = PartialLabelInferencer(run[0], path).ask(run[2] / '0.png', '3')
    assert answer.probability is None and answer.decision is None
    assert answer.note == 'the model answers NaN'
    write_answers({'a.png': {'3': answer}}, tmp_path / 'a.json')
    assert 'NaN,' not in (tmp_path / 'a.json').read_text()
    with pytest.raises(ValueError, match="threshold of '3': found nan"):
        PartialLabelInferencer(run[0], path, thresholds={'3': float('nan')})

"""Questions and answers on images, against the model's own test."""

import csv
import json
import os
import pickle
import shutil
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from digits_run import train_digits
from hospital_files import write_dicom
from matplotlib.image import imread
from mmengine.config import Config
from mmengine.registry import DATASETS, MODELS, init_default_scope
from mmengine.runner import load_checkpoint
from PIL import Image

from mmda.apis import answer_picture
from mmda.apis.answer_file import answer_file
from mmda.apis.answer_picture import activation_map, draw_answers
from mmda.apis.config import find_pipeline
from mmda.apis.fold_checkpoint import fold_checkpoint
from mmda.apis.images import list_images
from mmda.apis.partial_label_inferencer import Answer, PartialLabelInferencer
from mmda.commands import class_relations
from mmda.commands.predict import SOME_BROKEN, main, picture_name
from mmda.walk import walk_datasets

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


def test_a_preprocessor_beside_the_model_normalises(run, inferencer):
    # As in the stock configs of mmpretrain.
    cfg = Config.fromfile(run[0])
    cfg.data_preprocessor = cfg.model.pop('data_preprocessor')
    found = PartialLabelInferencer(cfg, run[1])(run[2])
    assert found == inferencer(run[2])
    assert 'data_preprocessor' not in cfg.model


def test_an_answer_does_not_depend_on_the_other_images(run, tmp_path):
    cfg = Config.fromfile(run[0])
    as_they_are = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
    for one in walk_datasets(cfg.test_dataloader.dataset):
        one.pipeline = as_they_are
    inferencer = PartialLabelInferencer(cfg, run[1])
    shutil.copy(run[2] / '0.png', tmp_path / 'a.png')
    pixels = cv2.imread(str(tmp_path / 'a.png'))
    wide = np.concatenate([pixels, pixels], axis=1)
    cv2.imwrite(str(tmp_path / 'b.png'), wide)
    shutil.copy(run[2] / '1.png', tmp_path / 'c.png')
    alone = inferencer(tmp_path, batch_size=1)
    together = inferencer(tmp_path, batch_size=3)
    for one, other in zip(alone, together, strict=True):
        for name, answer in one.items():
            if answer.probability is not None:
                expected = pytest.approx(answer.probability, abs=1e-6)
                assert other[name].probability == expected


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


def test_a_folded_model_knows_which_classes_were_trained(
    run, inferencer, tmp_path
):
    trained = torch.load(run[1], weights_only=False)
    config, folded = fold_checkpoint(trained)
    torch.save(folded, tmp_path / 'folded.pth')
    found = PartialLabelInferencer(config, tmp_path / 'folded.pth')
    assert found.ask(run[2] / '0.png', '7').probability is None
    assert found.trained.positives == inferencer.trained.positives


def test_the_folded_config_has_the_loader_of_the_host(run, capsys):
    trained = torch.load(run[1], weights_only=False)
    cfg = Config.fromstring(trained['meta']['cfg'], '.py')
    loader = dict(type='LoadMedicalImage', color_type='grayscale')
    pipeline = find_pipeline(cfg.test_dataloader)
    cfg.test_dataloader.dataset.pipeline = [loader, *pipeline]
    trained['meta']['cfg'] = cfg.pretty_text
    folded, _ = fold_checkpoint(trained)
    assert folded.test_pipeline[0] == dict(
        type='LoadImageFromFile',
        color_type='grayscale',
        imdecode_backend='pillow',
    )
    assert 'loads images of 8 bits' in capsys.readouterr().out


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


def test_one_broken_file_is_marked_and_the_folder_goes_on(
    run, inferencer, tmp_path, capsys
):
    for name in ('0.png', '2.png'):
        shutil.copy(run[2] / name, tmp_path / name)
    (tmp_path / '1.png').write_bytes(b'no image')
    found = inferencer(tmp_path, batch_size=2)
    for index, name in ((0, '0.png'), (2, '2.png')):
        expected = inferencer.ask(run[2] / name, '3').probability
        assert found[index]['3'].probability == pytest.approx(
            expected, abs=1e-6
        )
    assert all(a.probability is a.decision is None for a in found[1].values())
    assert found[1]['3'].note.startswith(f'cannot decode {tmp_path}/1.png')
    out = tmp_path / 'out' / 'a.csv'
    pictures = ['--show-dir', str(tmp_path / 'pictures'), '--ask', '3']
    base = [str(run[0]), str(run[1]), str(tmp_path)]
    with pytest.raises(SystemExit) as ended:
        main([*base, '--out', str(out), *pictures])
    assert ended.value.code == SOME_BROKEN
    said = capsys.readouterr().out
    assert '1 of 3 images cannot be decoded' in said
    assert f'{tmp_path}/1.png' in said.splitlines()[-1]
    with out.open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [bool(row['probability']) for row in rows] == [True, False, True]
    assert 'cannot decode' in rows[1]['note']
    names = {path.name for path in (tmp_path / 'pictures').glob('*.png')}
    assert names == {'0.png.answers.png', '2.png.answers.png'}


@pytest.mark.parametrize('suffix', ['csv', 'json'])
def test_a_name_that_is_no_utf_8_is_written(tmp_path, suffix):
    name = os.fsdecode(b'caf\xe9.png')
    out = tmp_path / f'a.{suffix}'
    with answer_file(out) as write:
        write(name, {'a': Answer('a', 0.5, True, 0.5, None)})
    text = out.read_text(encoding='utf-8', errors='surrogateescape')
    assert name in (json.loads(text) if suffix == 'json' else text)


def test_answers_are_written_as_they_come(run, tmp_path, monkeypatch, capsys):
    iterate = PartialLabelInferencer.iterate

    def dies(self, images, batch_size):
        found = iterate(self, images, batch_size)
        yield next(found)
        yield next(found)
        raise MemoryError('the process dies')

    monkeypatch.setattr(PartialLabelInferencer, 'iterate', dies)
    base = [str(run[0]), str(run[1]), str(run[2]), '--ask', '3', '--out']
    for suffix in ('csv', 'json'):
        out = tmp_path / f'a.{suffix}'
        out.write_text('of yesterday')
        with pytest.raises(SystemExit):
            main([*base, str(out)])
        assert out.read_text() == 'of yesterday'
        assert f'a.partial.{suffix}' in capsys.readouterr().out
    kept = tmp_path / 'a.partial.csv'
    with kept.open(newline='') as file:
        rows = {row['image']: row for row in csv.DictReader(file)}
    answers = json.loads((tmp_path / 'a.partial.json').read_text())
    assert len(rows) == len(answers) == 2
    for image, row in rows.items():
        expected = answers[image]['3']['probability']
        assert float(row['probability']) == expected


def test_an_image_of_too_many_pixels_costs_no_answer(run, tmp_path, capsys):
    whole = (run[2] / '0.png').read_bytes()
    side = (40_000).to_bytes(4, 'big')
    header = b'IHDR' + side + side + whole[24:29]
    check = zlib.crc32(header).to_bytes(4, 'big')
    large = tmp_path / 'large.png'
    large.write_bytes(whole[:12] + header + check + whole[33:])
    shutil.copy(run[2] / '0.png', tmp_path / '0.png')
    table = tmp_path / 'images.csv'
    table.write_text('path\nlarge.png\n0.png\n')
    out = tmp_path / 'out' / 'a.json'
    with pytest.raises(SystemExit) as ended:
        main([str(run[0]), str(run[1]), str(table), '--out', str(out)])
    assert ended.value.code == SOME_BROKEN
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f'  {table}, line 2: cannot decode {large}')
    answers = json.loads(out.read_text())
    assert answers[str(large)]['3']['probability'] is None
    assert answers[str(tmp_path / '0.png')]['3']['probability'] is not None


def test_a_fault_of_the_code_is_not_called_a_broken_image(run, monkeypatch):
    inferencer = PartialLabelInferencer(run[0], run[1])

    def fault(sample):
        raise AttributeError('a typo')

    monkeypatch.setattr(inferencer.trained.pipeline, 'rest', fault)
    with pytest.raises(AttributeError, match='a typo'):
        inferencer(run[2])


def test_pixels_of_other_kinds_are_those_of_their_file(
    run, inferencer, tmp_path
):
    path = str(run[2] / '1.png')
    gray = cv2.imread(path)[..., 0]
    pixels = np.stack([gray, gray // 2, gray // 4], axis=2)  # BGR
    cv2.imwrite(str(tmp_path / 'colour.png'), pixels)
    expected = inferencer.ask(tmp_path / 'colour.png', '3')
    alpha = np.dstack([pixels, np.full_like(gray, 9)])
    for same in (
        pixels / 255,
        (pixels / 255).astype(np.float32),
        pixels.astype(np.uint16) * 257,
        alpha,
        Image.open(tmp_path / 'colour.png'),
        Image.fromarray(alpha[..., [2, 1, 0, 3]], 'RGBA'),
    ):
        assert inferencer.ask(same, '3') == expected
    # A photograph that was taken upright.
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = tmp_path / 'photo.png'
    Image.fromarray(pixels[..., ::-1].copy()).save(photo, exif=exif)
    assert inferencer.ask(photo, '3') != expected
    assert inferencer.ask(Image.open(photo), '3') == inferencer.ask(photo, '3')
    # 16 bits in a file and in an array are read alike.
    wide = gray.astype(np.uint16) * 200 + 77
    cv2.imwrite(str(tmp_path / 'wide.png'), wide)
    expected = inferencer.ask(tmp_path / 'wide.png', '3')
    assert inferencer.ask(wide, '3') == expected
    assert inferencer.ask(wide.astype('>u2'), '3') == expected
    assert inferencer.ask(Image.open(tmp_path / 'wide.png'), '3') == expected
    assert inferencer.ask(gray[..., None], '3') == inferencer.ask(path, '3')
    assert inferencer.ask(gray, '3') == inferencer.ask(path, '3')
    image = Image.open(path).convert('L')
    assert inferencer.ask(image, '3') == inferencer.ask(path, '3')


def test_inferencer_and_pipeline_answer_alike_for_deep_images(run, tmp_path):
    generator = np.random.default_rng(0)
    twelve = generator.integers(0, 4096, (9, 8)).astype(np.uint16)
    files = {
        '12.png': twelve,
        '16.png': twelve * 16,
        'float.tif': (twelve / 4095).astype(np.float32),
    }
    for name, pixels in files.items():
        cv2.imwrite(str(tmp_path / name), pixels)
    write_dicom(tmp_path / 'a.dcm', twelve, window=(1500, 800))
    names = [*files, 'a.dcm']
    table = '\n'.join(['path,1', *(f'{name},1' for name in names)])
    (tmp_path / 'labels.csv').write_text(table)
    cfg = Config.fromfile(run[0])
    pipeline = find_pipeline(cfg.test_dataloader)
    cfg.test_dataloader.dataset = dict(
        type='PartialLabelDataset',
        classes=cfg.model.head.classes,
        dataset=dict(
            type='CSVLabelDataset',
            ann_file='labels.csv',
            data_root=str(tmp_path),
            pipeline=[dict(type='LoadMedicalImage'), *pipeline],
            test_mode=True,
        ),
    )
    inferencer = PartialLabelInferencer(cfg, run[1])
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    shown = [dataset[index] for index in range(4)]
    assert all(sample['inputs'].shape[0] == 1 for sample in shown)
    expected = inferencer.trained.answer(shown)
    assert np.unique(expected.round(4), axis=0).shape[0] >= 2
    for row, name in zip(expected, names, strict=True):
        answer = inferencer.ask(tmp_path / name, '3')
        assert answer.probability == pytest.approx(row[2], abs=1e-6)
    # The same pixels, not from a file.
    for name, pixels in files.items():
        found = inferencer.ask(pixels, '3')
        assert found == inferencer.ask(tmp_path / name, '3')


@pytest.mark.parametrize(
    ('pixels', 'message'),
    [
        (np.zeros((4, 4)) + 200.0, 'float64 from 200 to 200, expected'),
        (np.full((4, 4), np.nan), 'float64 from nan'),
        (np.zeros((4, 4), int), 'found int64 from 0 to 0'),
        (np.zeros((2, 4, 4, 3), np.uint8), 'pass a batch as a list'),
        (np.zeros((0, 4, 3), np.uint8), r'shape \(0, 4, 3\)'),
        (np.zeros((3, 40, 40), np.uint8), 'the channels come last'),
        (np.zeros((4, 4, 2), np.uint8), r'shape \(4, 4, 2\)'),
        (np.zeros(4, np.uint8), r'shape \(4,\)'),
        (torch.zeros(3, 4, 4), 'of type Tensor; expected a path'),
        ([], 'no image in an empty list'),
        (None, 'of type NoneType'),
    ],
)
def test_pixels_that_are_no_image_are_refused(inferencer, pixels, message):
    with pytest.raises(ValueError, match=message):
        inferencer(pixels)


def test_a_folder_of_dicom_files_needs_no_suffixes(tmp_path):
    pixels = np.zeros((4, 4), np.uint16)
    for name in ('IM0001', '1.2.840.5', 'a.dcm'):
        write_dicom(tmp_path / name, pixels)
    (tmp_path / 'README').write_text('no image')
    os.mkfifo(tmp_path / 'pipe')  # to open it would wait for ever
    found = [Path(path).name for path in list_images(tmp_path)]
    assert found == ['1.2.840.5', 'IM0001', 'a.dcm']


def test_a_question_is_about_one_image(run, inferencer):
    with pytest.raises(ValueError, match=r'takes one image, found 6 in .*'):
        inferencer.ask(run[2], '3')


def test_a_config_of_segmentation_is_refused(run):
    config = 'mmda::da/cityscapes_bus_5way_light.py'
    with pytest.raises(ValueError, match='one of segmentation; expected'):
        PartialLabelInferencer(config, run[1])


@pytest.mark.parametrize('device', ['cuda:99', 'no-such-device'])
def test_a_device_that_is_not_there_ends_in_one_line(run, capsys, device):
    base = [str(run[0]), str(run[1])]
    for tool, arguments in (
        (main, [str(run[2] / '0.png')]),
        (class_relations.main, []),
    ):
        with pytest.raises(SystemExit):
            tool([*base, *arguments, '--device', device])
        said = capsys.readouterr().err
        assert f"device '{device}' cannot be used" in said


def test_tables_name_file_row_and_column_of_what_is_wrong(run, tmp_path):
    shutil.copy(run[2] / '0.png', tmp_path / 'a.png')
    table = tmp_path / 't.csv'
    table.write_text('path,x\na.png,1\na.png,2\n')
    assert list_images(table) == [str(tmp_path / 'a.png')] * 2
    table.write_text('image\na.png\n')
    assert len(list_images(table)) == 1
    table.write_text('file,x\na.png,1\n')
    assert len(list_images(table, 'file')) == 1
    with pytest.raises(ValueError, match="line 1: no column 'path'"):
        list_images(table)
    table.write_text('path\na.png\nb.png\n')
    with pytest.raises(FileNotFoundError, match="line 3, column 'path'"):
        list_images(table)
    table.write_text('path\na.png\na.png,3\n')
    with pytest.raises(ValueError, match='line 3: found 2 cells, expected 1'):
        list_images(table)
    table.write_text('path,x\n')
    with pytest.raises(ValueError, match='no rows'):
        list_images(table)
    with pytest.raises(ValueError, match='no image in'):
        (tmp_path / 'empty').mkdir()
        list_images(tmp_path / 'empty')


def test_a_table_names_no_image_outside_of_its_folder(run, tmp_path):
    folder = tmp_path / 'a'
    folder.mkdir()
    shutil.copy(run[2] / '0.png', tmp_path / 'x.png')
    table = folder / 't.csv'
    for name in ('../x.png', str(tmp_path / 'x.png')):
        table.write_text(f'path\n{name}\n')
        with pytest.raises(ValueError, match='t.csv, line 2, .*--allow-outs'):
            list_images(table)
        (found,) = list_images(table, allow_outside=True)
        assert Path(found).samefile(tmp_path / 'x.png')


def test_a_table_may_hold_cells_with_line_breaks_and_a_file_called_na(
    tmp_path,
):
    (tmp_path / 'NA').touch()
    table = tmp_path / 't.csv'
    table.write_text('path,note\nNA,"\n\n"\n\nNA,"a,b"\n')
    assert list_images(table) == [str(tmp_path / 'NA')] * 2
    table.write_text('path,note\nNA,"\n\n"\n\nNA,a,b\n')
    with pytest.raises(ValueError, match='t.csv, line 6: found 3 cells'):
        list_images(table)
    table.write_text('path,note\nNA,"\n\n"\n,a\n')
    with pytest.raises(ValueError, match='t.csv, line 5, .*an empty cell'):
        list_images(table)


def test_what_is_no_file_is_no_image_of_a_folder(run, tmp_path, mm_log):
    shutil.copy(run[2] / '0.png', tmp_path / 'a.png')
    (tmp_path / 'b.png').symlink_to(tmp_path / 'missing.png')
    (tmp_path / 'c.png').mkdir()
    os.mkfifo(tmp_path / 'd.png')
    assert list_images(tmp_path) == [str(tmp_path / 'a.png')]
    assert f'2 of 3 entries of {tmp_path}' in mm_log.text
    assert f'such as {tmp_path}/b.png' in mm_log.text


def test_two_images_never_share_the_name_of_a_picture(tmp_path):
    names = ['a_b.png', 'a/b.png', 'a.png', '../a.png', '../../a.png']
    images = [str(tmp_path / 'x' / 'y' / name) for name in names]
    found = [picture_name(i, str(tmp_path / 'x/y/t.csv')) for i in images]
    assert found[:2] == ['a_b.png.answers.png', 'a/b.png.answers.png']
    assert len(set(found)) == len(names)
    assert not any('..' in Path(name).parts for name in found)


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


def test_the_activation_map_explains_the_class_that_is_asked(run, monkeypatch):
    pytest.importorskip('pytorch_grad_cam')
    inferencer = PartialLabelInferencer(run[0], run[1])
    # After two epochs every answer is a no; here some parts say yes.
    kernel = inferencer.trained.model.head.classifier.kernel
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
    with torch.no_grad():
        kernel.zero_()  # no feature speaks for any class
    shown, heat = activation_map(inferencer.trained, path, '3')
    assert not heat.any()
    drawn = []
    monkeypatch.setattr(
        answer_picture, 'save_figure', lambda figure, _: drawn.append(figure)
    )
    answers = inferencer(path)[0]
    draw_answers(path, answers, None, ('3', shown, heat))
    assert 'empty map' in drawn[0].axes[1].get_title()
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
    pictures = ['--show-dir', str(tmp_path / 'pictures')]
    out = ['--out', str(tmp_path / 'a.json'), *pictures]
    main([*base, str(run[2] / '0.png'), '--ask', '3', '7', *out])
    content = json.loads((tmp_path / 'a.json').read_text())
    answers = content[str(run[2] / '0.png')]
    assert list(answers) == ['3', '7'] and answers['7']['probability'] is None
    picture = tmp_path / 'pictures' / '0.png.answers.png'
    assert imread(picture).std() > 0.01
    for wrong, message in (
        (['--ask', '33'], "no class '33'"),
        (['--out', 'a.txt'], 'expected .csv or .json'),
        (['--cam', '3'], 'needs --show-dir'),
        (['--cam', '7', '--show-dir', 'x'], 'no positive in the training'),
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
    name = 'head.classifier.kernel'
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
    content['state_dict']['head.classifier.kernel'].fill_(float('nan'))
    torch.save(content, path)
    answer = PartialLabelInferencer(run[0], path).ask(run[2] / '0.png', '3')
    assert answer.probability is None and answer.decision is None
    assert answer.note == 'the model answers NaN'
    with answer_file(tmp_path / 'a.json') as write:
        write('a.png', {'3': answer})
    assert 'NaN,' not in (tmp_path / 'a.json').read_text()
    with pytest.raises(ValueError, match="threshold of '3': found nan"):
        PartialLabelInferencer(run[0], path, thresholds={'3': float('nan')})

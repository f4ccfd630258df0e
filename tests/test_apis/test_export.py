"""Exported files, read back by programs that cannot import mmda."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from huggingface_hub import ModelCard
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from PIL import Image
from test_readme import code_blocks

from mmda.apis.export import export_model, exporter, packages
from mmda.apis.export.card import onnx_lines
from mmda.apis.export.facts import label_facts, plain
from mmda.apis.export.pipeline import input_size
from mmda.apis.inference_model import find_positives, find_sampled
from mmda.commands.export import main

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs/export.md').read_text()
TEN_LINES, PIXEL_LINES = code_blocks(PAGE, 'python')
CLASSES = ('cat', 'dog | "x"', 'Ente <b>ä')
SIZE = 20
HOSTS = ('mmda', 'mmengine', 'mmcv', 'mmpretrain', 'mmseg')
BACKBONE = dict(
    type='ResNet_CIFAR',
    depth=18,
    stem_channels=4,
    base_channels=4,
    num_stages=1,
    strides=(1,),
    dilations=(1,),
    out_indices=(0,),
)
PREPROCESSOR = dict(
    type='DualViewDataPreprocessor',
    mean=[120.0, 110.0, 100.0],
    std=[60.0, 50.0, 70.0],
    # Its range is a weight of the trained model, but not of the folded one.
    strong_view=[dict(type='RandomBrightness', brightness=(0.7, 1.3))],
)
PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(SIZE, SIZE)),
    dict(type='PackInputs'),
]
POSITIVES = {'cat': {'A': 7}, 'dog | "x"': {'A': 0, 'B': 2}, 'Ente <b>ä': {}}


def classifier(**change):
    head = dict(
        type='DynamicAdapterHead', in_channels=4, classes=CLASSES, thr=0.25
    )
    model = dict(
        type='DualViewImageClassifier',
        data_preprocessor=PREPROCESSOR,
        backbone=BACKBONE,
        neck=dict(type='GlobalAveragePooling'),
        head=head,
    )
    return {**model, **change}


def save(path, config, model, classes, pipeline=PIPELINE):
    """Save a model as the runner does."""
    source = dict(type='Digits', pipeline=pipeline)
    wrapped = dict(
        type='PartialLabelDataset',
        dataset=source,
        name='A',
        classes=classes,
        aliases={'Katze': 'cat'},
    )
    loader = dict(dataset=wrapped)
    cfg = Config(
        dict(model=config, train_dataloader=loader, test_dataloader=loader)
    )
    torch.save(
        dict(
            meta=dict(cfg=cfg.pretty_text, dataset_meta=dict(classes=classes)),
            message_hub=dict(
                runtime_info=dict(positives_per_source=POSITIVES)
            ),
            state_dict=model.state_dict(),
        ),
        path,
    )


def build(config, scope='mmpretrain'):
    """A model whose weights and running statistics are no defaults."""
    with DefaultScope.overwrite_default_scope(scope):
        torch.manual_seed(0)
        model = MODELS.build(Config(dict(model=config)).model)
    for key, value in model.state_dict().items():
        if value.is_floating_point() and not key.endswith('running_var'):
            value += 0.1 * torch.randn(value.shape)
    return model.eval()


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A checkpoint, its model, four images, and the model's answers."""
    folder = tmp_path_factory.mktemp('trained')
    model = build(classifier())
    save(folder / 'a.pth', classifier(), model, CLASSES)
    pixels = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3))
    pixels = pixels.astype(np.uint8)  # RGB
    bgr = torch.from_numpy(pixels[..., ::-1].copy()).permute(0, 3, 1, 2)
    with torch.no_grad():
        found = model.test_step(dict(inputs=bgr, data_samples=None))
    answers = torch.stack([sample.pred_score for sample in found]).numpy()
    assert answers.std(0).min() > 1e-3
    np.save(folder / 'pixels.npy', pixels.transpose(0, 3, 1, 2))
    np.save(folder / 'answers.npy', answers)
    Image.fromarray(pixels[0]).save(folder / 'image.png')
    return folder


def run_without(blocked, program, folder):
    """Run a program that cannot import some packages; return its output."""
    start = (
        'import sys\n'
        'class Blocked:\n'
        '    def find_spec(self, name, path=None, target=None):\n'
        f'        if name.partition(".")[0] in {blocked}:\n'
        '            raise ImportError(name)\n'
        'sys.meta_path.insert(0, Blocked())\n'
    )
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', start + program],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_onnx_runs_as_documented_without_torch_and_answers_as_the_model(
    trained, capsys
):
    main([str(trained / 'a.pth'), str(trained / 'model.onnx')])
    answers = np.load(trained / 'answers.npy')
    printed = run_without(('torch', *HOSTS), TEN_LINES, trained)
    for line, name, answer in zip(
        printed.splitlines(), CLASSES, answers[0], strict=True
    ):
        said, number, is_there = line.rsplit(' ', 2)
        assert said == name
        assert float(number) == pytest.approx(answer, abs=1e-5)
        assert is_there == str(bool(answer >= 0.25))
    session = onnxruntime.InferenceSession(trained / 'model.onnx')
    pixels = np.load(trained / 'pixels.npy').astype(np.float32)
    for num in (1, 3):
        (found,) = session.run(None, {'image': pixels[:num]})
        assert np.abs(found - answers[:num]).max() <= 1e-5
    facts = {
        key: json.loads(value)
        for key, value in (session.get_modelmeta().custom_metadata_map.items())
    }
    assert facts['classes'] == list(CLASSES)
    assert facts['thresholds'] == dict.fromkeys(CLASSES, 0.25)
    assert facts['input']['size'] == [SIZE, SIZE]
    assert facts['normalisation']['mean'] == [120.0, 110.0, 100.0]
    assert facts['untrained'] == ['Ente <b>ä']
    assert facts['sources']['A']['aliases'] == {'Katze': 'cat'}
    assert facts['sources']['B']['annotated'] == ['dog | "x"']
    assert facts['pixel_range'] == dict(policy='bit_depth', bits=8)
    assert facts['opset'] == 18


def test_a_file_tells_the_loader_and_follows_the_rules_of_the_training(
    tmp_path,
):
    config = classifier()
    config['head']['rules'] = dict(implies={CLASSES[0]: [CLASSES[1]]})
    loader = dict(type='LoadMedicalImage', pixel_range=(0, 4095))
    path = tmp_path / 'a.pth'
    save(path, config, build(config), CLASSES, [loader, *PIPELINE[1:]])
    export_model(path, tmp_path / 'a.pt', 'torchscript')
    extra = {'mmda.json': ''}
    run = torch.jit.load(tmp_path / 'a.pt', _extra_files=extra)
    facts = json.loads(extra['mmda.json'])
    assert facts['pixel_range']['policy'] == [0, 4095]
    assert facts['pipeline'][0] == dict(loader, pixel_range=[0, 4095])
    child, parent, _ = run(255 * torch.rand(9, 3, SIZE, SIZE)).unbind(1)
    assert (child <= parent).all() and (child == parent).any()


TORCH_PROGRAM = """
import json, numpy, torch
pixels = torch.from_numpy(numpy.load('pixels.npy')).float()
answers = torch.from_numpy(numpy.load('answers.npy'))
for path, load in (
    ('model.pt', lambda *a: torch.jit.load(a[0], _extra_files=a[1])),
    ('model.pt2', lambda *a: torch.export.load(a[0], extra_files=a[1])),
):
    extra = {'mmda.json': ''}
    run = load(path, extra)
    run = run if path == 'model.pt' else run.module()
    for num in (1, 3):
        assert (run(pixels[:num]) - answers[:num]).abs().max() <= 1e-5
    print(json.loads(extra['mmda.json'])['classes'][0])
"""


@pytest.mark.slow
def test_files_of_torch_run_without_mmda_and_the_hosts(trained):
    export_model(trained / 'a.pth', trained / 'model.pt', 'torchscript')
    export_model(trained / 'a.pth', trained / 'model.pt2', 'torch-export')
    printed = run_without(HOSTS, TORCH_PROGRAM, trained)
    assert printed.split() == ['cat', 'cat']


@pytest.mark.slow
def test_a_folder_for_the_hub_runs_as_its_page_shows(trained):
    folder = trained / 'my-model'
    found = export_model(trained / 'a.pth', folder, 'hf')
    assert set(found) == {'model.safetensors', 'model.onnx'}
    card = ModelCard.load(folder / 'README.md')
    assert card.data.library_name == 'mmpretrain'
    assert card.data.pipeline_tag == 'image-classification'
    assert '| dog \\| "x" | 0.25 | A: 0; B: 2 |' in card.text
    assert '<b>' not in card.text.replace('\\<b\\>', '')
    assert 'No source has a positive of: Ente' in card.text
    without_torch, with_host = code_blocks(card.text, 'python')
    assert without_torch == TEN_LINES
    config = json.loads((folder / 'config.json').read_text())
    assert list(config['id2label'].values()) == list(CLASSES)
    end = (
        'import numpy, torch\n'
        'x = torch.from_numpy(numpy.load("../pixels.npy")).flip(1)\n'
        'x = list(x)\n'
        'with torch.no_grad():\n'
        '    found = model.test_step(dict(inputs=x, data_samples=None))\n'
        'found = torch.stack([sample.pred_score for sample in found])\n'
        'answers = torch.from_numpy(numpy.load("../answers.npy"))\n'
        'print((found - answers).abs().max().item() <= 1e-5)\n'
    )
    printed = run_without(('mmda',), with_host + end, folder)
    assert printed.splitlines()[-1] == 'True'


SEGMENTOR = dict(
    type='DualViewEncoderDecoder',
    data_preprocessor=dict(
        type='DualViewDataPreprocessor',
        mean=[120.0, 110.0, 100.0],
        std=[60.0, 50.0, 70.0],
        bgr_to_rgb=True,
    ),
    backbone=dict(BACKBONE, type='mmpretrain.ResNet_CIFAR', strides=(2,)),
    decode_head=dict(
        type='DynamicAdapterHead',
        head=dict(type='FCNHead', in_channels=4, channels=4, num_convs=1),
        classes=CLASSES,
        thr=0.5,
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)


def every_class(model, pixels):
    """Move the answers of a segmentor, so that each class wins somewhere."""
    adapter = model.decode_head.adapter
    adapter.kernel.data *= 5
    found = model.test_step(dict(inputs=list(pixels)))
    logits = torch.stack([sample.seg_logits.data[:3] for sample in found])
    adapter.bias.data -= logits.mean((0, 2, 3))


@torch.no_grad()
def test_a_segmentor_answers_at_each_pixel_as_the_host_does(trained, tmp_path):
    model = build(SEGMENTOR, 'mmseg')
    pixels = np.load(trained / 'pixels.npy')[:, :, :16]
    bgr = torch.from_numpy(pixels[:, ::-1].copy())
    every_class(model, bgr)
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]
    save(tmp_path / 'seg.pth', SEGMENTOR, model, CLASSES, pipeline)
    out = tmp_path / 'seg.onnx'
    with pytest.raises(ValueError, match='several sizes.*--size HEIGHT WIDTH'):
        export_model(tmp_path / 'seg.pth', out)
    export_model(tmp_path / 'seg.pth', out, size=(16, SIZE))
    session = onnxruntime.InferenceSession(out)
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata['thresholds'])['cat'] == 0.5
    for num in (1, 3):
        (found,) = session.run(None, {'image': pixels[:num].astype('f4')})
        assert found.shape == (num, 3, 16, SIZE)
        expected = model.test_step(dict(inputs=list(bgr[:num])))
        for answers, sample in zip(found, expected, strict=True):
            mine = answers.argmax(0)
            mine[answers.max(0) < 0.5] = len(CLASSES)
            theirs = sample.pred_sem_seg.data[0].numpy()
            assert len(np.unique(theirs)) > 2
            assert (mine == theirs).mean() > 0.99
            logits = sample.seg_logits.data[:3].sigmoid().numpy()
            assert np.abs(answers - logits).max() <= 1e-5
    Image.fromarray(pixels[0].transpose(1, 2, 0)).save(tmp_path / 'image.png')
    assert PIXEL_LINES in onnx_lines(True) + '\n'
    (tmp_path / 'model.onnx').write_bytes(out.read_bytes())
    program = onnx_lines(True)
    printed = run_without(('torch', *HOSTS), program, tmp_path)
    said = [line.rsplit(' ', 1)[0] for line in printed.splitlines()]
    assert said == list(CLASSES)


def test_a_model_that_does_not_fold_is_exported_as_it_is(trained):
    config = classifier(type='MultiNetworkClassifier')
    model = build(config)
    save(trained / 'many.pth', config, model, CLASSES)
    out = trained / 'many.pt'
    assert (
        export_model(trained / 'many.pth', out, 'torchscript')['many.pt']
        < 1e-5
    )
    pixels = torch.from_numpy(np.load(trained / 'pixels.npy'))
    found = torch.jit.load(out)(pixels.float())
    samples = model.test_step(dict(inputs=list(pixels.flip(1))))
    expected = torch.stack([sample.pred_score for sample in samples])
    assert (found - expected).abs().max() <= 1e-5


def test_a_pipeline_that_needs_more_than_an_image_asks_for_the_size():
    step = dict(type='Resize', scale_factor='wide')
    config = Config(dict(test_pipeline=[step], model=dict()))
    with pytest.raises(ValueError, match='does not run.*--size HEIGHT WIDTH'):
        input_size(config, None)


def test_thresholds_come_from_the_named_file(trained, tmp_path):
    chosen = dict(classes={'cat': dict(threshold=0.125)})
    (tmp_path / 'chosen.json').write_text(json.dumps(chosen))
    out, extra = tmp_path / 'a.pt', {'mmda.json': ''}
    words = [trained / 'a.pth', out, '--format', 'torchscript']
    main([*map(str, words), '--thresholds', str(tmp_path / 'chosen.json')])
    torch.jit.load(out, _extra_files=extra)
    found = json.loads(extra['mmda.json'])['thresholds']
    assert found == {**dict.fromkeys(CLASSES, 0.25), 'cat': 0.125}


def test_a_file_that_answers_in_another_way_is_not_written(
    trained, tmp_path, monkeypatch
):
    out = tmp_path / 'a.pt'
    out.write_text('old')

    def wrong(model, batch, facts, path):
        path.write_text('new')
        return lambda image: model(image) + 2e-5

    monkeypatch.setitem(exporter._WRITERS, 'torchscript', wrong)
    with pytest.raises(ValueError, match='for 1 images.*up to 2e-05'):
        export_model(trained / 'a.pth', out, 'torchscript')
    assert out.read_text() == 'old'
    assert [path.name for path in tmp_path.iterdir()] == ['a.pt']


def test_what_cannot_work_is_refused_before_torch_is_loaded(
    tmp_path, capsys, monkeypatch
):
    (tmp_path / 'a.pth').touch()
    (tmp_path / 'file').touch()
    checkpoint = str(tmp_path / 'a.pth')
    for words, message in (
        (['a.pt'], '--format onnx: out should end in .onnx, found a.pt'),
        ([f'{tmp_path}/file', '--format', 'hf'], 'hf writes a folder'),
        (['a.onnx', '--thresholds', 'no.json'], 'there is no file no.json'),
        (['a.onnx'], 'needs onnxscript: pip install onnxscript'),
    ):
        if words == ['a.onnx']:
            monkeypatch.setattr(
                packages,
                'find_spec',
                lambda name: name != 'onnxscript' or None,
            )
        with pytest.raises(SystemExit) as exit_info:
            main([checkpoint, *words])
        assert exit_info.value.code == 2
        assert message in capsys.readouterr().err


def test_an_old_torch_writes_torchscript_only(monkeypatch):
    monkeypatch.setattr(packages, 'version', lambda name: '2.1.2+cu121')
    packages.check_packages('torchscript')
    with pytest.raises(ImportError, match='needs torch 2.6 or newer.*2.1.2'):
        packages.check_packages('onnx')


def test_a_class_that_a_sample_of_label_maps_lacks_may_be_trained():
    info = dict(positives_per_source={'bus': {'A': 0}}, sampled_sources=['A'])
    for place in (dict(message_hub=dict(runtime_info=info)), dict(meta=info)):
        counts = find_positives(place, 'a.pth')
        sampled = find_sampled(place, 'a.pth')
        facts = label_facts(Config(), ['bus'], counts, sampled)
        assert facts['untrained'] == []
        assert label_facts(Config(), ['bus'], counts)['untrained'] == ['bus']


def test_labels_without_counts_are_those_of_the_config():
    inner = dict(type='PartialLabelDataset', dataset=dict(type='Digits'))
    source = dict(
        type='PartialLabelDataset',
        dataset=dict(inner, name='inner'),
        name='A',
        labeled_classes=['Katze', 'dog'],
        aliases={'Katze': 'cat'},
    )
    config = Config(dict(train_dataloader=dict(dataset=[source, inner])))
    found = label_facts(config, ('cat', 'cow', 'dog'), None)
    assert found == dict(
        untrained=[],
        sources=dict(
            A=dict(
                annotated=['cat', 'dog'],
                positives=None,
                aliases={'Katze': 'cat'},
            ),
            Digits=dict(annotated=None, positives=None, aliases={}),
        ),
    )


def test_a_value_that_json_has_not_is_refused_by_its_place():
    with pytest.raises(ValueError, match=r"model.a.1: found b'x'"):
        plain(dict(a=(1, b'x')), 'model')

"""The commands of the README, on the digits, shortened."""

import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import mmengine
import pandas as pd
import pytest
import torch
from mmengine.config import Config
from mmpretrain.apis import get_model

from mmda.apis.fold_checkpoint import fold_checkpoint
from mmda.commands.predict import main as run_predict
from mmda.commands.test import main as run_test
from mmda.commands.thresholds import main as run_thresholds
from mmda.commands.train import main as run_train
from mmda.report.prediction_files import load_predictions

ROOT = Path(__file__).resolve().parents[1]
CONFIG = str(ROOT / 'configs/da/digits.py')
SHORT = [
    'train_cfg.max_epochs=2',
    'train_dataloader.num_workers=0',
    'val_dataloader.num_workers=0',
    'test_dataloader.num_workers=0',
]


def options(*more, page=False):
    without = [] if page else ['default_hooks.run_report=None']
    return ['--cfg-options', *SHORT, *without, *more]


def newest(work_dir, pattern):
    found = Path(work_dir).glob(pattern)
    return str(max(found, key=lambda path: path.stat().st_mtime))


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """Work dir of a run of two epochs."""
    work_dir = tmp_path_factory.mktemp('digits')
    run_train([CONFIG, '--work-dir', str(work_dir), *options(page=True)])
    return work_dir


def run_tool(*command, **kwargs):
    return subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        **kwargs,
    )


def run_on_two_processes(tool, port, work_dir, *arguments):
    done = run_tool(
        *('-m', 'torch.distributed.run', '--nproc_per_node=2'),
        *(f'--master_port={port}', f'tools/{tool}.py', CONFIG, *arguments),
        *('--launcher=pytorch', f'--work-dir={work_dir}'),
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_training_ends_with_a_table_of_all_classes_and_the_places(trained):
    log = next(trained.glob('*/*.log')).read_text()
    table = log.split('auc in % (validation, epoch')[1]
    for digit in '1234567':
        assert re.search(rf'\| {digit} +\|', table)
    for place in ('checkpoint', 'log', 'figures'):
        path = re.search(rf' {place}: (\S+)', table)[1]
        assert Path(path).exists(), place
    figures = {p.name for p in (trained / 'figures').iterdir()}
    assert {'auc_per_class.png', 'training.png'} <= figures
    assert (trained / 'report.html').is_file(), log[-2000:]
    assert 'Never trained' in (trained / 'model_card.md').read_text()


def test_test_command_writes_predictions_that_give_the_printed_auc(
    trained, tmp_path, capsys
):
    from sklearn.metrics import roc_auc_score

    out, metrics_out = tmp_path / 'pred.npz', tmp_path / 'metrics.json'
    checkpoint = newest(trained, 'best_auc_mean*.pth')
    command = [CONFIG, checkpoint, '--work-dir', str(tmp_path)]
    run_test([*command, '--out', str(out), *options()])
    run_test(
        [*command, '--out', str(metrics_out), '--out-item', 'metrics']
        + options()
    )
    metrics = mmengine.load(metrics_out)
    found = load_predictions(out)
    assert found.classes == tuple('1234567')
    for column, digit in enumerate('1234567'):
        expected = 100 * roc_auc_score(
            found.target[:, column], found.score[:, column]
        )
        assert metrics[f'auc/{digit}'] == pytest.approx(expected, abs=1e-6)
    run = found.run
    assert run['split'] == 'test' and len(run['digest']) == 32
    assert run['checkpoint'] == Path(checkpoint).name
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert 'auc in % (test)' in log


@pytest.mark.slow
def test_flip_test_time_augmentation_changes_the_answers(trained, tmp_path):
    checkpoint = newest(trained, 'best_auc_mean*.pth')
    plain, flipped = tmp_path / 'plain.pkl', tmp_path / 'tta.pkl'
    command = [CONFIG, checkpoint, '--work-dir', str(tmp_path), '--out']
    run_test([*command, str(plain), *options()])
    run_test([*command, str(flipped), '--tta', *options()])
    first, second = mmengine.load(plain)[0], mmengine.load(flipped)[0]
    assert not torch.equal(first['pred_score'], second['pred_score'])
    assert torch.equal(first['gt_score'], second['gt_score'])


@pytest.mark.slow
def test_folded_checkpoint_needs_no_mmda_and_gives_the_same_answers(
    trained, tmp_path
):
    checkpoint = newest(trained, 'best_auc_mean*.pth')
    out = tmp_path / 'folded.pth'
    tool = ROOT / 'tools/model_converters/fold_adapter.py'
    done = run_tool(tool, checkpoint, out)
    assert done.returncode == 0, done.stderr
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(8, 3, 32, 32, generator=generator)
    torch.save(images, tmp_path / 'images.pt')
    program = (
        'import sys, torch\n'
        'from mmpretrain.apis import get_model\n'
        f'model = get_model({str(out.with_suffix(".py"))!r}, {str(out)!r})\n'
        'assert type(model.head).__name__ == "MultiLabelLinearClsHead"\n'
        'assert "mmda" not in sys.modules\n'
        f'images = torch.load({str(tmp_path / "images.pt")!r})\n'
        f'torch.save(model.eval()(images), {str(tmp_path / "answers.pt")!r})\n'
    )
    done = run_tool('-c', program)
    assert done.returncode == 0, done.stderr
    model = get_model(CONFIG, checkpoint).eval()
    ours = model(images).sigmoid()
    theirs = torch.load(tmp_path / 'answers.pt').sigmoid()
    assert (ours - theirs).abs().max() < 1e-6


def test_a_checkpoint_without_an_adapter_is_not_folded(trained):
    checkpoint = torch.load(
        newest(trained, 'epoch_*.pth'), weights_only=False, map_location='cpu'
    )
    cfg = Config.fromstring(checkpoint['meta']['cfg'], file_format='.py')
    cfg.model.head.type = 'MultiLabelLinearClsHead'
    checkpoint['meta']['cfg'] = cfg.pretty_text
    with pytest.raises(ValueError, match="expected 'DynamicAdapterHead'"):
        fold_checkpoint(checkpoint)
    for empty in ({'state_dict': {}}, {'meta': {}}, {'meta': {'cfg': ''}}):
        with pytest.raises(ValueError, match='no config of a model'):
            fold_checkpoint(empty)


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_with_the_state_it_saved(tmp_path):
    command = [sys.executable, 'tools/train.py', CONFIG, '--work-dir']
    command += [str(tmp_path), *options('train_cfg.max_epochs=50')]
    # Ctrl-C first, then a kill: both leave the checkpoints of whole epochs.
    for stop, epoch in ((signal.SIGINT, 1), (signal.SIGKILL, 3)):
        process = subprocess.Popen(
            [*command, '--resume'],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # A shell's background jobs, and so a test run among them, ignore
            # Ctrl-C, and their children too.
            preexec_fn=functools.partial(
                signal.signal, signal.SIGINT, signal.SIG_DFL
            ),
        )
        deadline = time.monotonic() + 400
        # Not while it writes: mmengine empties this file before it fills it.
        last = tmp_path / 'last_checkpoint'
        while not (
            last.is_file() and last.read_text().endswith(f'_{epoch}.pth')
        ):
            assert process.poll() is None, 'the run ended by itself'
            assert time.monotonic() < deadline, 'no checkpoint in 400 s'
            time.sleep(0.05)
        process.send_signal(stop)
        process.wait(120)
    saved_path = Path((tmp_path / 'last_checkpoint').read_text().strip())
    saved = torch.load(saved_path, weights_only=False)
    epochs = saved['meta']['epoch']
    assert epochs >= 3, 'the second run did not go on from the first'

    log_before = set(tmp_path.glob('*/*.log'))
    run_train(
        [CONFIG, '--work-dir', str(tmp_path), '--resume']
        + options(f'train_cfg.max_epochs={epochs + 1}')
    )
    log = (set(tmp_path.glob('*/*.log')) - log_before).pop().read_text()
    assert f'resumed epoch: {epochs}' in log
    assert f'Validating the resumed epoch {epochs} first' in log
    assert (tmp_path / f'epoch_{epochs + 1}.pth').is_file()
    assert saved['optimizer']['state'], 'no state of the optimizer'
    assert saved['param_schedulers'] and saved['early_stopping']


@pytest.mark.slow
def test_two_processes_give_the_metric_of_one(trained, tmp_path):
    checkpoint = newest(trained, 'best_auc_mean*.pth')
    alone, both = tmp_path / 'alone.json', tmp_path / 'both.json'
    arguments = ['--out-item', 'metrics', *options(page=True)]
    run_test(
        [CONFIG, checkpoint, '--work-dir', str(tmp_path), '--out', str(alone)]
        + arguments
    )
    cards = [(tmp_path / 'model_card.md').read_text()]
    run_on_two_processes(
        *('test', 29633, tmp_path, checkpoint, f'--out={both}', *arguments)
    )
    cards.append((tmp_path / 'model_card.md').read_text())
    results = [card[card.index('## Results') :] for card in cards]
    first, second = (text[: text.index('## How')] for text in results)
    assert first == second and '285 images' in first
    one, two = mmengine.load(alone), mmengine.load(both)
    assert one.keys() == two.keys()
    for key in one:
        assert one[key] == pytest.approx(two[key], abs=1e-4), key


@pytest.mark.slow
def test_two_processes_train(tmp_path):
    short = options('train_cfg.max_epochs=1')
    run_on_two_processes('train', 29634, tmp_path, *short)
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert '[1][10/10]' in log, 'each of two ranks has half of 19 batches'
    assert (tmp_path / 'epoch_1.pth').is_file()


@pytest.mark.slow
def test_two_nodes_train_a_divided_model_and_one_process_tests_it(tmp_path):
    # Two machines with one process each, as docs/accelerator.md starts them.
    fsdp = options(
        'train_cfg.max_epochs=1',
        'runner_type=FlexibleRunner',
        'strategy.type=ResumableFSDPStrategy',
    )
    where = dict(NNODES='2', MASTER_ADDR='127.0.0.1', PORT='29635')
    nodes = []
    for rank in range(2):
        own = dict(where, NODE_RANK=str(rank), PYTHON=sys.executable)
        said = (tmp_path / f'said_{rank}').open('w+')
        work_dir = f'--work-dir={tmp_path}'
        nodes.append(
            subprocess.Popen(
                ['tools/dist_train.sh', CONFIG, '1', work_dir, *fsdp],
                cwd=ROOT,
                env={**os.environ, **own},
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        )
    for rank, node in enumerate(nodes):
        done = node.wait(timeout=240)
        said = (tmp_path / f'said_{rank}').read_text()
        assert done == 0, said[-2000:]
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert '[1][10/10]' in log, 'each of two ranks has half of 19 batches'
    out, checkpoint = tmp_path / 'out.json', str(tmp_path / 'epoch_1.pth')
    run_test(
        [CONFIG, checkpoint, '--work-dir', str(tmp_path), '--out', str(out)]
        + ['--out-item', 'metrics', *fsdp]
    )
    assert mmengine.load(out)['auc/mean'] > 50


def refusal(capsys, *argv):
    """The one line with which a training refuses its input."""
    with pytest.raises(SystemExit) as exit_info:
        run_train([str(word) for word in argv])
    assert exit_info.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.slow
def test_missing_data_says_what_to_download_and_where_to_put_it(
    tmp_path, capsys
):
    work_dir = tmp_path / 'run'
    line = refusal(
        *(capsys, ROOT / 'configs/da/chestxray_chexpert.py'),
        *('--work-dir', work_dir, '--cfg-options'),
        f'data_root={tmp_path / "nowhere"}',
    )
    assert str(tmp_path / 'nowhere' / 'ChestXray14') in line
    assert 'Data_Entry_2017_v2020.csv' in line
    assert 'images' in line
    log = next(work_dir.glob('*/*.log')).read_text()
    assert 'Traceback' in log, 'the log file tells a developer where'


def test_sources_in_different_label_spaces_are_named(tmp_path, capsys):
    classes = "train_dataloader.dataset.datasets.1.classes=['3','nine']"
    line = refusal(capsys, CONFIG, '--work-dir', tmp_path, *options(classes))
    assert 'D0' in line and 'D1' in line
    assert "'nine'" in line and "'1'" in line


def test_two_sources_of_one_name_are_refused(tmp_path, capsys):
    name = 'train_dataloader.dataset.datasets.1.name=D0'
    line = refusal(capsys, CONFIG, '--work-dir', tmp_path, *options(name))
    assert "two sources are named 'D0'" in line


@pytest.mark.slow
def test_real_xrays_go_from_the_label_report_to_yes_and_no(
    shared_data, tmp_path
):
    root, run = shared_data / 'nih64', tmp_path / 'run'
    config = ROOT / 'configs/da/real/linear_small-cnn16_500i_nih64-rules.py'
    length = ['train_cfg.max_iters=8', 'train_cfg.val_interval=8']
    changes = ['--cfg-options', f'data_root={root}', *length]
    run_train([str(config), '--work-dir', str(run), *changes])
    report = mmengine.load(run / 'label_report/label_report.json')
    counts = report['splits']['train']['sources']
    for source, unannotated in (('D0', 'Mass'), ('D1', 'Atelectasis')):
        found = counts[source]['classes']
        assert found['No Finding']['positives'] > 0
        assert found[unannotated]['positives'] == 0
    model = [str(run / config.name), str(run / 'iter_8.pth')]
    answers = tmp_path / 'val.npz'
    run_test([*model, '--split', 'val', '--out', str(answers)])
    run_thresholds([*model, str(answers)])
    chosen = mmengine.load(run / 'iter_8.thresholds.json')['classes']
    images = tmp_path / 'images'
    images.mkdir()
    for path in sorted((root / 'images').iterdir())[:3]:
        shutil.copy(path, images)
    run_predict([*model, str(images), '--out', str(tmp_path / 'new.csv')])
    table = pd.read_csv(tmp_path / 'new.csv')
    assert len(table) == 3 * 15
    for row in table[table['class'] != 'No Finding'].to_dict('records'):
        # No image of the validation has a hernia, so 0.5 decides.
        threshold = chosen[row['class']]['threshold'] or 0.5
        assert row['threshold'] == pytest.approx(threshold)
        assert row['decision'] == (row['probability'] >= row['threshold'])

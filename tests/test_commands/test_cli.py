"""What the command lines of tools/train.py and tools/test.py do."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger

from mmda.apis import runner
from mmda.apis.config import check_label_spaces, find_config, load_config
from mmda.commands import test, train
from mmda.files import json_values

ROOT = Path(__file__).resolve().parents[2]

CLS_CONFIG = """
default_scope = 'mmpretrain'
model = dict(type='ImageClassifier')
data_preprocessor = dict(mean=[1.0])
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
train_dataloader = dict(num_workers=2)
val_dataloader = dict(num_workers=0)
test_dataloader = dict(
    num_workers=2,
    dataset=dict(
        type='ConcatDataset',
        datasets=[
            dict(type='A', pipeline=[dict(type='Load'), dict(type='Pack')]),
            dict(
                type='Wrapper',
                dataset=dict(type='B', pipeline=[dict(type='Pack')]),
            ),
        ],
    ),
)
val_cfg = dict()
val_evaluator = dict(type='Accuracy')
test_cfg = dict()
default_hooks = dict(visualization=dict(type='VisualizationHook'))
"""
SEG_CONFIG = """
default_scope = 'mmseg'
model = dict(type='EncoderDecoder')
train_dataloader = dict(num_workers=2)
test_dataloader = dict(
    num_workers=2, dataset=dict(type='A', pipeline=[dict(type='Pack')])
)
test_cfg = dict()
visualizer = dict(type='SegLocalVisualizer')
default_hooks = dict(visualization=dict(type='SegVisualizationHook'))
"""


@pytest.fixture(autouse=True)
def _no_local_rank(monkeypatch):
    # Parsing sets it for the process, as the launchers expect.
    monkeypatch.setenv('LOCAL_RANK', '0')


@pytest.fixture
def cls_config(tmp_path):
    path = tmp_path / 'toy.py'
    path.write_text(CLS_CONFIG)
    return str(path)


@pytest.fixture
def seg_config(tmp_path):
    path = tmp_path / 'seg.py'
    path.write_text(SEG_CONFIG)
    return str(path)


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / 'epoch_1.pth'
    path.touch()
    return str(path)


def say_device(monkeypatch, name):
    monkeypatch.setattr('mmengine.device.get_device', lambda: name)
    monkeypatch.setattr(runner, 'get_device', lambda: name)


@pytest.fixture
def gpu(monkeypatch):
    """A machine that says it has a GPU."""
    say_device(monkeypatch, 'cuda')


@pytest.fixture
def cpu(monkeypatch):
    """A machine that says it has no accelerator."""
    say_device(monkeypatch, 'cpu')


def parse(command, argv):
    return command.make_parser().parse_args(argv)


def train_cfg(*argv):
    return train.merge_args(parse(train, argv))


def test_cfg(*argv):
    return test.merge_args(parse(test, argv))


# pytest would take the helper above for a test.
test_cfg.__test__ = False


class TestParsing:
    def test_training_takes_the_flags_of_mmpretrain(self, cls_config):
        args = parse(
            train,
            [cls_config, '--work-dir', 'w', '--resume', '--amp']
            + ['--no-validate', '--auto-scale-lr', '--no-pin-memory']
            + ['--no-persistent-workers', '--launcher', 'pytorch']
            + ['--local-rank', '1', '--cfg-options', 'a.b=1', 'c=[1,2]'],
        )
        assert vars(args) == dict(
            config=cls_config,
            work_dir='w',
            resume='auto',
            amp=True,
            no_validate=True,
            auto_scale_lr=True,
            no_pin_memory=True,
            no_persistent_workers=True,
            seed=None,
            dry_run=False,
            launcher='pytorch',
            local_rank=1,
            unsafe_load=False,
            debug=False,
            cfg_options={'a.b': 1, 'c': [1, 2]},
        )

    def test_testing_takes_the_flags_of_mmpretrain(
        self, cls_config, checkpoint
    ):
        args = parse(
            test,
            [cls_config, checkpoint, '--work-dir', 'w', '--out', 'o.json']
            + ['--out-item', 'metrics', '--cfg-options', 'a=1', '--amp']
            + ['--show-dir', 's', '--show', '--interval', '3']
            + ['--wait-time', '0.5', '--no-pin-memory', '--tta']
            + ['--launcher', 'slurm', '--local_rank', '2'],
        )
        assert vars(args) == dict(
            config=cls_config,
            checkpoint=checkpoint,
            work_dir='w',
            out='o.json',
            out_item='metrics',
            cfg_options={'a': 1},
            amp=True,
            show_dir='s',
            show=True,
            interval=3,
            wait_time=0.5,
            no_pin_memory=True,
            split='test',
            tta=True,
            launcher='slurm',
            local_rank=2,
            unsafe_load=False,
            debug=False,
        )

    def test_without_flags_nothing_is_switched_on(
        self, cls_config, checkpoint
    ):
        for args in (
            parse(train, [cls_config]),
            parse(test, [cls_config, checkpoint]),
        ):
            switched_on = {
                key
                for key, value in vars(args).items()
                if value not in (None, False, 0)
            }
            assert switched_on <= {
                *('config', 'checkpoint', 'launcher'),
                *('interval', 'split', 'wait_time'),
            }
            assert args.launcher == 'none'

    def test_the_local_rank_reaches_the_environment(
        self, cls_config, monkeypatch
    ):
        monkeypatch.delenv('LOCAL_RANK')
        train_cfg(cls_config, '--local-rank', '3')
        assert os.environ['LOCAL_RANK'] == '3'
        # What torchrun has set comes first.
        train_cfg(cls_config, '--local-rank', '4')
        assert os.environ['LOCAL_RANK'] == '3'

    @pytest.mark.parametrize('command', [train, test])
    def test_the_help_shows_examples_with_a_shipped_config(
        self, command, capsys
    ):
        with pytest.raises(SystemExit) as exit_info:
            command.main(['--help'])
        assert exit_info.value.code == 0
        tool = f'mmda {command.__name__.rpartition(".")[2]} '
        lines = [
            line.split()
            for line in capsys.readouterr().out.splitlines()
            if line.strip().startswith(tool)
        ]
        assert lines
        for words in lines:
            assert (ROOT / words[2]).is_file()

    @pytest.mark.parametrize(
        ('argv', 'message'),
        [
            (['nowhere.py'], 'there is no config nowhere.py'),
            (['mmda::da/nowhere.py'], 'nowhere.py: expected a file below'),
            (['no_package::da/x.py'], '`no_package::` names a package'),
            (['mmda::da/digits.py', '--resume', 'no.pth'], 'checkpoint no.p'),
        ],
    )
    def test_training_refuses_what_is_not_there(self, argv, message, capsys):
        with pytest.raises(SystemExit) as exit_info:
            train.main(argv)
        assert exit_info.value.code == 2
        assert message in capsys.readouterr().err

    @pytest.mark.parametrize(
        ('argv', 'message'),
        [
            (['--out', 'x.json'], '.npz or .pkl or .pickle for --'),
            (['--out', 'x.txt', '--out-item', 'metrics'], '.json or .yaml'),
            (['--out-item', 'pred'], '--out-item needs --out FILE'),
        ],
    )
    def test_testing_refuses_an_output_it_could_not_write(
        self, argv, message, cls_config, checkpoint, capsys
    ):
        with pytest.raises(SystemExit):
            test.main([cls_config, checkpoint, *argv])
        assert message in capsys.readouterr().err

    def test_an_address_is_left_to_the_loader(self, cls_config):
        address = 'https://example.org/x.pth'
        assert test_cfg(cls_config, address).load_from == address


class TestConfigLookup:
    def test_a_package_name_finds_a_shipped_config(self):
        found = Path(find_config('mmda::da/digits.py'))
        assert found.resolve() == ROOT / 'configs' / 'da' / 'digits.py'

    def test_the_configs_of_a_host_are_found_too(self):
        found = find_config('mmpretrain::resnet/resnet50_8xb32_in1k.py')
        assert Path(found).is_file()

    @pytest.mark.parametrize(
        'name', ['da/digits.py', '_base_/models/deeplabv3plus_r50-d8.py']
    )
    def test_a_config_inherits_from_the_package(self, name, tmp_path):
        if not (ROOT / 'mmda' / '.mim').is_dir():
            pytest.skip('mmda is not installed, only on the path')
        path = tmp_path / 'mine.py'
        path.write_text(f"_base_ = 'mmda::{name}'\nmine = 1\n")
        cfg = load_config(str(path))
        assert cfg.model == load_config(f'mmda::{name}').model
        assert "'_scope_': 'mmda'" not in str(cfg.to_dict())

    def test_a_source_inside_another_source_is_a_part_of_it(self):
        inner = dict(type='PartialLabelDataset', classes=('a',), dataset={})
        outer = dict(type='PartialLabelDataset', classes=('a', 'b'))
        outer['dataset'] = dict(type='ClassFilter', dataset=inner)
        check_label_spaces(Config(dict(train_dataloader=dict(dataset=outer))))


class TestWorkDir:
    def test_it_is_named_after_the_config(self, cls_config):
        assert Path(train_cfg(cls_config).work_dir) == Path('work_dirs/toy')

    def test_it_is_named_after_the_config_of_a_package(self):
        cfg = train_cfg('mmda::da/digits.py')
        assert Path(cfg.work_dir) == Path('work_dirs/digits')

    def test_the_config_comes_before_its_name(self, cls_config):
        cfg = train_cfg(cls_config, '--cfg-options', 'work_dir=mine')
        assert cfg.work_dir == 'mine'

    def test_the_command_line_comes_before_the_config(
        self, cls_config, checkpoint
    ):
        options = ['--work-dir', 'w', '--cfg-options', 'work_dir=mine']
        assert train_cfg(cls_config, *options).work_dir == 'w'
        assert test_cfg(cls_config, checkpoint, *options).work_dir == 'w'


class TestResume:
    def test_without_the_flag_the_config_decides(self, cls_config):
        cfg = train_cfg(cls_config, '--cfg-options', 'load_from=init.pth')
        assert cfg.load_from == 'init.pth'
        assert not cfg.get('resume')

    def test_auto_starts_from_the_weights_of_the_config_when_it_is_the_first(
        self, cls_config, tmp_path
    ):
        cfg = train_cfg(
            *(cls_config, '--work-dir', str(tmp_path), '--resume'),
            *('--cfg-options', 'load_from=init.pth'),
        )
        assert train.choose_start(cfg, 'auto') == []
        assert (cfg.resume, cfg.load_from) == (False, 'init.pth')

    def test_testing_never_resumes(self, cls_config, checkpoint):
        cfg = test_cfg(cls_config, checkpoint, '--cfg-options', 'resume=True')
        assert (cfg.resume, cfg.load_from) == (False, checkpoint)


class TestDataloaders:
    def test_classification_stacks_while_loading(self, cls_config, checkpoint):
        stacked = dict(type='default_collate')
        cfg = train_cfg(cls_config)
        assert cfg.train_dataloader.collate_fn == stacked
        assert cfg.val_dataloader.collate_fn == stacked
        cfg = test_cfg(cls_config, checkpoint)
        assert cfg.test_dataloader.collate_fn == stacked

    def test_segmentation_keeps_its_collate(self, seg_config, checkpoint):
        assert 'collate_fn' not in train_cfg(seg_config).train_dataloader
        cfg = test_cfg(seg_config, checkpoint)
        assert 'collate_fn' not in cfg.test_dataloader

    def test_a_collate_of_the_config_stays(self, cls_config):
        option = 'train_dataloader.collate_fn.type=pseudo_collate'
        cfg = train_cfg(cls_config, '--cfg-options', option)
        assert cfg.train_dataloader.collate_fn.type == 'pseudo_collate'

    def test_only_workers_persist(self, cls_config):
        cfg = train_cfg(cls_config)
        assert cfg.train_dataloader.persistent_workers is True
        assert cfg.val_dataloader.persistent_workers is False

    def test_options_count_before_the_defaults(self, cls_config):
        cfg = train_cfg(
            *(cls_config, '--cfg-options', 'train_dataloader.num_workers=0'),
            'train_dataloader.persistent_workers=True',
        )
        # torch refuses persistent workers where there are none.
        assert cfg.train_dataloader.persistent_workers is False

    def test_workers_start_anew_on_request(self, cls_config):
        cfg = train_cfg(cls_config, '--no-persistent-workers')
        assert cfg.train_dataloader.persistent_workers is False

    def test_memory_is_pinned_for_an_accelerator(
        self, cls_config, checkpoint, gpu
    ):
        cfg = train_cfg(cls_config)
        assert cfg.train_dataloader.pin_memory is True
        cfg = test_cfg(cls_config, checkpoint)
        assert cfg.test_dataloader.pin_memory is True
        flag = '--no-pin-memory'
        cfg = train_cfg(cls_config, flag)
        assert cfg.train_dataloader.pin_memory is False
        cfg = test_cfg(cls_config, checkpoint, flag)
        assert cfg.test_dataloader.pin_memory is False

    def test_memory_is_not_pinned_on_the_cpu(self, cls_config, cpu):
        option = 'train_dataloader.pin_memory=True'
        cfg = train_cfg(cls_config, '--cfg-options', option)
        assert cfg.train_dataloader.pin_memory is False


class TestTraining:
    def test_no_validate_drops_all_three_keys(self, cls_config):
        cfg = train_cfg(cls_config, '--no-validate')
        assert cfg.val_cfg is cfg.val_dataloader is cfg.val_evaluator is None
        assert cfg.train_dataloader is not None

    def test_amp_replaces_the_wrapper(self, cls_config, gpu):
        wrapper = train_cfg(cls_config, '--amp').optim_wrapper
        assert wrapper.type == 'AmpOptimWrapper'
        assert wrapper.loss_scale == 'dynamic'

    def test_amp_keeps_the_loss_scale_of_the_config(self, cls_config, gpu):
        option = 'optim_wrapper.loss_scale=512.0'
        cfg = train_cfg(cls_config, '--amp', '--cfg-options', option)
        assert cfg.optim_wrapper.loss_scale == 512.0

    def test_amp_refuses_another_wrapper(self, cls_config, gpu):
        option = 'optim_wrapper.type=ApexOptimWrapper'
        with pytest.raises(ValueError, match='found ApexOptimWrapper'):
            train_cfg(cls_config, '--amp', '--cfg-options', option)

    def test_amp_refuses_the_cpu(self, cls_config, cpu):
        with pytest.raises(ValueError, match='--amp: training on the CPU'):
            train_cfg(cls_config, '--amp')

    def test_the_learning_rate_is_scaled_from_a_base(self, cls_config):
        option = 'auto_scale_lr.base_batch_size=256'
        cfg = train_cfg(cls_config, '--auto-scale-lr', '--cfg-options', option)
        assert cfg.auto_scale_lr == dict(base_batch_size=256, enable=True)

    def test_without_a_base_the_learning_rate_cannot_be_scaled(
        self, cls_config
    ):
        with pytest.raises(ValueError, match='auto_scale_lr.base_batch_size'):
            train_cfg(cls_config, '--auto-scale-lr')


class TestTesting:
    def test_amp_switches_the_test_loop(self, cls_config, checkpoint):
        assert test_cfg(cls_config, checkpoint, '--amp').test_cfg.fp16 is True

    def test_tta_flips_every_dataset_below_a_wrapper(
        self, cls_config, checkpoint
    ):
        cfg = test_cfg(cls_config, checkpoint, '--tta')
        first, second = cfg.test_dataloader.dataset.datasets
        twice = dict(
            type='TestTimeAug',
            transforms=[
                [
                    dict(type='RandomFlip', prob=1.0),
                    dict(type='RandomFlip', prob=0.0),
                ],
                [dict(type='Pack')],
            ],
        )
        assert first.pipeline == [dict(type='Load'), twice]
        assert second.dataset.pipeline == [twice]

    def test_tta_wraps_the_model_and_leaves_it_its_preprocessor(
        self, cls_config, checkpoint
    ):
        cfg = test_cfg(cls_config, checkpoint, '--tta')
        assert cfg.model.type == 'mmpretrain.AverageClsScoreTTA'
        assert cfg.model.module == dict(
            type='ImageClassifier', data_preprocessor=dict(mean=[1.0])
        )
        assert 'data_preprocessor' not in cfg
        cfg = test_cfg(
            *(cls_config, checkpoint, '--tta', '--cfg-options'),
            'model.data_preprocessor.type=Own',
        )
        assert cfg.model.module.data_preprocessor == dict(type='Own')

    def test_tta_of_the_config_comes_first(
        self, seg_config, checkpoint, tmp_path
    ):
        path = tmp_path / 'tta.py'
        path.write_text(
            "_base_ = 'seg.py'\n"
            "tta_model = dict(type='SegTTAModel')\n"
            "tta_pipeline = [dict(type='Mine')]\n"
        )
        cfg = test_cfg(str(path), checkpoint, '--tta')
        assert cfg.test_dataloader.dataset.pipeline == [dict(type='Mine')]
        assert cfg.model == dict(
            type='SegTTAModel', module=dict(type='EncoderDecoder')
        )

    def test_segmentation_has_no_tta_of_its_own(self, seg_config, checkpoint):
        with pytest.raises(ValueError, match='missing: tta_model, tta_pipe'):
            test_cfg(seg_config, checkpoint, '--tta')

    def test_tta_needs_a_pipeline(self, cls_config, checkpoint, tmp_path):
        path = tmp_path / 'bare.py'
        path.write_text(
            "_base_ = 'toy.py'\n"
            "test_dataloader = dict(dataset=dict(_delete_=True, type='A'))\n"
        )
        with pytest.raises(ValueError, match='no `pipeline` under test_data'):
            test_cfg(str(path), checkpoint, '--tta')

    def test_drawing_switches_the_hook_of_classification(
        self, cls_config, checkpoint
    ):
        cfg = test_cfg(
            cls_config, checkpoint, '--show-dir', 'd', '--interval', '5'
        )
        assert cfg.default_hooks.visualization == dict(
            type='VisualizationHook',
            enable=True,
            out_dir='d',
            show=False,
            interval=5,
            wait_time=2,
        )

    def test_drawing_switches_the_hook_of_segmentation(
        self, seg_config, checkpoint
    ):
        cfg = test_cfg(seg_config, checkpoint, '--show-dir', 'd')
        assert cfg.default_hooks.visualization.draw is True
        assert 'enable' not in cfg.default_hooks.visualization
        assert cfg.visualizer.save_dir == 'd'

    def test_drawing_needs_the_hook(self, cls_config, checkpoint):
        with pytest.raises(ValueError, match='default_hooks.visualization'):
            test_cfg(
                *(cls_config, checkpoint, '--show', '--cfg-options'),
                'default_hooks.visualization=None',
            )


class TestRunning:
    def test_processes_on_the_cpu_talk_over_gloo(
        self, cls_config, cpu, monkeypatch
    ):
        started, built = [], []
        monkeypatch.setattr(
            runner.torch_dist,
            'init_process_group',
            lambda **options: started.append(options),
        )
        monkeypatch.setattr(runner.Runner, 'from_cfg', built.append)
        cfg = train_cfg(
            *(cls_config, '--launcher', 'pytorch', '--cfg-options'),
            'env_cfg.dist_cfg.backend=nccl',
        )
        runner.build_runner(cfg)
        assert [options['backend'] for options in started] == ['gloo']
        assert built[0].env_cfg.dist_cfg.backend == 'gloo'
        # A device of its own for each process is what a CPU does not have.
        assert built[0].model_wrapper_cfg.device_ids is None

    def test_processes_with_a_gpu_are_left_to_mmengine(
        self, cls_config, gpu, monkeypatch
    ):
        built = []
        monkeypatch.setattr(runner.Runner, 'from_cfg', built.append)
        runner.build_runner(train_cfg(cls_config, '--launcher', 'slurm'))
        assert 'model_wrapper_cfg' not in built[0]

    def test_slurm_without_an_accelerator_is_refused(self, cls_config, cpu):
        cfg = train_cfg(cls_config, '--launcher', 'slurm')
        with pytest.raises(ValueError, match='torchrun and --launcher pyto'):
            runner.build_runner(cfg)

    def test_the_reason_of_a_failure_is_in_the_log_file(self, tmp_path):
        log = tmp_path / 'run.log'
        MMLogger.get_instance('failing run', log_file=str(log))

        def fail():
            raise FileNotFoundError('there is no table.csv')

        with pytest.raises(FileNotFoundError, match='there is no table.csv'):
            runner.run_logged(fail)
        text = log.read_text()
        assert 'FileNotFoundError: there is no table.csv' in text
        assert 'Traceback' in text and 'in fail' in text


def test_metrics_of_the_hosts_with_lists_can_be_written_as_json():
    metrics = {
        'auc/mean': float('nan'),
        'single-label/f1_classwise': [0.5, np.float32('nan')],
        'confusion_matrix/result': torch.eye(2),
        'images': 3,
    }
    assert json_values(metrics) == {
        'auc/mean': None,
        'single-label/f1_classwise': [0.5, None],
        'confusion_matrix/result': [[1.0, 0.0], [0.0, 1.0]],
        'images': 3,
    }

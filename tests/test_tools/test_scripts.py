"""What the shell scripts start, seen by a stand-in for what they call."""

import os
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


@pytest.fixture
def run(tmp_path):
    """Run a script; return the arguments of the command that it ends in."""
    for name in ('python', 'srun'):
        path = tmp_path / name
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" {name} "$@"\n')
        path.chmod(0o755)

    def run_script(script, *argv, **variables):
        env = dict(os.environ, PATH=f'{tmp_path}:{os.environ["PATH"]}')
        for key in ('PYTHON', 'NNODES', 'NODE_RANK', 'MASTER_ADDR', 'PORT'):
            env.pop(key, None)
        env.update(variables)
        return subprocess.run(
            [TOOLS / script, *argv], env=env, capture_output=True, text=True
        )

    return run_script


def test_distributed_training_starts_torchrun_on_this_machine(run):
    lines = run('dist_train.sh', 'c.py', '2', '--amp').stdout.splitlines()
    assert lines == [
        *('python', '-m', 'torch.distributed.run', '--nnodes=1'),
        *('--node_rank=0', '--master_addr=127.0.0.1', '--master_port=29500'),
        *('--nproc_per_node=2', str(TOOLS / 'train.py'), 'c.py'),
        *('--launcher', 'pytorch', '--amp'),
    ]


def test_distributed_testing_reaches_over_machines(run):
    lines = run(
        *('dist_test.sh', 'c.py', 'x.pth', '4', '--out', 'a b.pkl'),
        NNODES='3',
        NODE_RANK='1',
        MASTER_ADDR='head',
        PORT='1234',
    ).stdout.splitlines()
    assert lines[3:] == [
        *('--nnodes=3', '--node_rank=1', '--master_addr=head'),
        *('--master_port=1234', '--nproc_per_node=4'),
        *(str(TOOLS / 'test.py'), 'c.py', 'x.pth', '--launcher', 'pytorch'),
        *('--out', 'a b.pkl'),
    ]


def test_slurm_training_fills_nodes_of_eight(run):
    lines = run(
        *('slurm_train.sh', 'gpus', 'mine', 'c.py', 'w', '--resume'),
        GPUS='16',
        SRUN_ARGS='--time=1 --quiet',
    ).stdout.splitlines()
    assert lines == [
        *('srun', '--partition=gpus', '--job-name=mine', '--gres=gpu:8'),
        *('--ntasks=16', '--ntasks-per-node=8', '--cpus-per-task=5'),
        *('--kill-on-bad-exit=1', '--time=1', '--quiet', 'python', '-u'),
        *(str(TOOLS / 'train.py'), 'c.py', '--work-dir', 'w'),
        *('--launcher', 'slurm', '--resume'),
    ]


def test_slurm_testing_takes_no_more_of_a_node_than_it_needs(run):
    lines = run(
        'slurm_test.sh', 'gpus', 'mine', 'c.py', 'x.pth', GPUS='2'
    ).stdout.splitlines()
    assert lines[3:6] == ['--gres=gpu:2', '--ntasks=2', '--ntasks-per-node=2']
    assert lines[-5:] == [
        *(str(TOOLS / 'test.py'), 'c.py', 'x.pth', '--launcher', 'slurm'),
    ]


@pytest.mark.parametrize('kind', ['dist', 'slurm'])
@pytest.mark.parametrize('tool', ['train', 'test'])
def test_a_missing_argument_ends_in_the_usage(run, kind, tool):
    done = run(f'{kind}_{tool}.sh', 'c.py')
    assert done.returncode == 2
    assert done.stderr.startswith('usage: ')
    assert done.stdout == ''

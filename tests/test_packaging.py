"""What the wheel carries, and what the pinned versions promise."""

import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import mmda
import mmda_cli
from mmda.hosts import DISTRIBUTIONS

ROOT = Path(__file__).resolve().parents[1]
# torch names these itself; opencv-python-headless stands in for the last one.
LEFT_TO_TORCH = re.compile(r'nvidia-.*|cuda-.*|triton')
REPLACED = {'opencv-python'}

SOURCES = (
    *('mmda', 'mmda_cli.py', 'configs', 'tools', 'requirements'),
    *('setup.py', 'pyproject.toml', 'model-index.yml', 'MANIFEST.in'),
    *('README.md', 'LICENSE'),
)


def pins(python_version):
    """The lock as a dict of name -> version, for one version of Python."""
    found = {}
    for line in (ROOT / 'requirements' / 'lock.txt').read_text().splitlines():
        line = line.partition('#')[0].strip()
        if not line:
            continue
        pin = Requirement(line)
        environment = {'python_version': python_version}
        if pin.marker is None or pin.marker.evaluate(environment):
            (spec,) = pin.specifier
            assert spec.operator == '=='
            name = canonicalize_name(pin.name)
            assert name not in found, f'{name} is there twice'
            found[name] = spec.version
    return found


def ranges(name):
    path = ROOT / 'requirements' / f'{name}.txt'
    lines = (
        line.partition('#')[0].strip()
        for line in path.read_text().splitlines()
    )
    return [Requirement(line) for line in lines if line]


def sources(folder):
    """The files below a folder that belong to the project."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob('*')
        if path.is_file() and '__pycache__' not in path.parts
    }


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """A wheel built from the source distribution of a copy."""
    tmp_path = tmp_path_factory.mktemp('wheel')
    copy = tmp_path / 'copy'
    copy.mkdir()
    # A copy, for a build leaves its results in the tree that it builds. The
    # links of an editable install come along, and must not show.
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, symlinks=True)
        elif (ROOT / name).is_file():
            shutil.copy(ROOT / name, copy / name)
    build = 'from setuptools.build_meta import build_sdist as b; b("../sdist")'
    subprocess.run(
        [sys.executable, '-c', build],
        cwd=copy,
        check=True,
        capture_output=True,
    )
    (archive,) = (tmp_path / 'sdist').glob('*.tar.gz')
    subprocess.run(
        [sys.executable, '-m', 'pip', 'wheel', '-q', '--no-deps']
        + ['--no-build-isolation', '-w', str(tmp_path), str(archive)],
        check=True,
        capture_output=True,
    )
    (path,) = tmp_path.glob('*.whl')
    return path


def test_the_wheel_carries_the_modules_the_configs_and_the_tools(wheel):
    carried = {
        name
        for name in zipfile.ZipFile(wheel).namelist()
        if '.dist-info/' not in name
    }
    package = {name for name in sources('mmda') if '/.mim/' not in name}
    others = sources('configs') | sources('tools') | {'model-index.yml'}
    assert carried == (
        package | {'mmda_cli.py'} | {f'mmda/.mim/{name}' for name in others}
    )


def test_the_wheel_states_version_licence_and_ranges(wheel):
    file = zipfile.ZipFile(wheel)
    (name,) = (n for n in file.namelist() if n.endswith('/METADATA'))
    text = file.read(name).decode()
    assert f'\nVersion: {mmda.__version__}\n' in text
    assert '\nRequires-Python: >=3.10\n' in text
    assert re.search(r'\nLicense(-Expression)?: Apache-2.0\n', text)
    for requirement in ranges('runtime'):
        assert f'\nRequires-Dist: {requirement}\n' in text
    for extra in ('onedl', 'openmmlab'):
        for requirement in ranges(extra):
            assert f'Requires-Dist: {requirement}; extra == "{extra}"' in text


def test_no_host_comes_with_mmda_itself_and_each_stack_has_one_of_each():
    hosts = {name for names in DISTRIBUTIONS.values() for name in names}
    named = {
        what: {canonicalize_name(r.name) for r in ranges(what)} & hosts
        for what in ('runtime', 'optional', 'tests', 'onedl', 'openmmlab')
    }
    for what in ('runtime', 'optional', 'tests'):
        assert named[what] == set()
    for what in ('onedl', 'openmmlab'):
        for names in DISTRIBUTIONS.values():
            assert len(named[what] & set(names)) == 1


@pytest.fixture(scope='module')
def installed(wheel, tmp_path_factory):
    """A fresh environment with the wheel, and a function that runs in it."""
    folder = tmp_path_factory.mktemp('installed')
    venv.create(folder / 'env', symlinks=True)
    python = folder / 'env' / 'bin' / 'python'
    (site,) = (folder / 'env').glob('lib/python*/site-packages')
    # The dependencies come from the environment of the tests. A path in a
    # .pth file adds no .pth file of that path, so no editable install.
    seen = [path for path in sys.path if path.endswith('site-packages')]
    (site / 'dependencies.pth').write_text('\n'.join(seen))
    subprocess.run(
        [sys.executable, '-m', 'pip', '--python', str(python), 'install']
        + ['-q', '--no-deps', '--no-index', str(wheel)],
        check=True,
        capture_output=True,
    )
    env = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'}

    def run(*command, program=python, folder=folder):
        return subprocess.run(
            [program, *map(str, command)],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
        )

    run.site, run.script = site, python.with_name('mmda')
    return run


@pytest.mark.slow
def test_an_installed_package_finds_its_configs(installed, tmp_path):
    mine = tmp_path / 'mine.py'
    mine.write_text("_base_ = 'mmda::da/digits.py'\n")
    code = (
        'import mmda\n'
        'from mmda.apis.config import find_config, load_config\n'
        'print(mmda.__file__)\n'
        "print(find_config('mmda::da/digits.py'))\n"
        f'print(load_config({str(mine)!r}).model.type)\n'
    )
    done = installed('-c', code)
    assert done.returncode == 0, done.stderr
    package, config, model = done.stdout.splitlines()[-3:]
    assert package == str(installed.site / 'mmda' / '__init__.py')
    carried = installed.site / 'mmda' / '.mim'
    assert config == str(carried / 'configs' / 'da' / 'digits.py')
    assert model == 'DualViewImageClassifier'


@pytest.mark.slow
def test_an_installed_package_starts_by_name_and_by_launcher(installed):
    tools = installed.site / 'mmda' / '.mim' / 'tools'
    by_name = installed('train', '--help', program=installed.script)
    by_launcher = installed(tools / 'train.py', '--help')
    assert by_name.returncode == 0, by_name.stderr
    assert by_name.stdout.startswith('usage: mmda train ')
    assert by_launcher.stdout == by_name.stdout


DIGITS = 'mmda::da/digits.py'
SHORT = (
    'train_cfg.max_epochs=1',
    'train_dataloader.dataset.datasets.0.num_samples=64',
    'train_dataloader.dataset.datasets.1.num_samples=64',
)
# The commands of a user, in a folder that is empty at first. The first word
# is the name of the command.
COMMANDS = [
    ['label-report', DIGITS],
    ['split', DIGITS, '--folds', '2', '--out', 'splits.csv'],
    ['class-vectors', DIGITS, '--out', 'vectors.csv'],
    ['label-space', DIGITS, '--out', 'space.json'],
    ['train', DIGITS, '--work-dir', 'run', '--cfg-options', *SHORT],
    ['test', DIGITS, 'run', '--out', 'test.npz'],
    ['test', DIGITS, 'run', '--split', 'val', '--out', 'val.npz'],
    ['thresholds', DIGITS, 'run', 'val.npz'],
    ['audit', DIGITS, 'run', '--out-dir', 'audit'],
    ['class-relations', DIGITS, 'run', '--out-dir', 'relations'],
    ['compare-runs', 'test.npz', 'test.npz', '--config', DIGITS],
    ['fold', 'run', 'folded.pth'],
    ['export', 'run', 'model.pt', '--format', 'torchscript'],
    ['make-toy', 'chestxray_chexpert', 'toy', '--images', '40'],
    ['resize', 'toy/ChestXray14', 'small', '--size', '32'],
    ['predict', DIGITS, 'run', 'toy/ChestXray14', '--out', 'answers.csv'],
    ['split', DIGITS, '--out', 'split.csv', '--folds', '2'],
    ['reproduce', '--list'],
]


def names_of_commands():
    folder = ROOT / 'mmda' / 'commands'
    names = {path.stem for path in folder.glob('[a-z]*.py')}
    return names | set(mmda_cli.SCRIPTS)


def test_every_command_is_tried_in_an_installed_package():
    assert {name.replace('-', '_') for name, *_ in COMMANDS} == (
        names_of_commands()
    )


@pytest.mark.slow
def test_every_command_works_in_an_installed_package(installed, tmp_path):
    for words in COMMANDS:
        done = installed(*words, program=installed.script, folder=tmp_path)
        assert done.returncode == 0, (words, done.stderr[-2000:])
    answers = (tmp_path / 'answers.csv').read_text().splitlines()
    assert len(answers) == 1 + 40 * 7  # images, classes
    listed = done.stdout.split()
    assert '12' in listed


@pytest.mark.parametrize('python_version', ['3.10', '3.11', '3.12', '3.13'])
def test_the_lock_satisfies_every_range(python_version):
    locked = pins(python_version)
    for requirement in (
        *ranges('runtime'),
        *ranges('onedl'),
        *ranges('tests'),
        *(ranges('docs') if python_version != '3.10' else ()),
    ):
        name = canonicalize_name(requirement.name)
        assert name in locked, f'{name} is not locked'
        assert requirement.specifier.contains(locked[name]), requirement


def test_the_lock_is_complete():
    """It is installed without looking at dependencies, so it must be."""
    locked = pins('{}.{}'.format(*sys.version_info))
    # The first that is found counts: setuptools puts copies of its own on the
    # path, behind the environment's.
    installed: dict[str, str] = {}
    for found in metadata.distributions():
        installed.setdefault(canonicalize_name(found.name), found.version)
    if not locked.items() <= installed.items():
        pytest.skip('this environment was not made from the lock')
    missing = {}
    for name in locked:
        for line in metadata.requires(name) or []:
            needed = Requirement(line)
            if needed.marker and not needed.marker.evaluate({'extra': ''}):
                continue
            other = canonicalize_name(needed.name)
            if LEFT_TO_TORCH.fullmatch(other) or other in REPLACED:
                continue
            if not needed.specifier.contains(locked.get(other, '0')):
                missing.setdefault(other, []).append(name)
    assert not missing, 'needed by the packages in the lists'


def test_pre_commit_uses_the_ruff_of_the_lock():
    text = (ROOT / '.pre-commit-config.yaml').read_text()
    assert f'rev: v{pins("3.11")["ruff"]}\n' in text

"""Build mmda: metadata, version ranges, and the files that it carries."""

import os
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
# What mmengine's `package::config` lookup and MIM expect in a package.
CARRIED = ('configs', 'tools', 'model-index.yml')


def read_version() -> str:
    """Read the version as text: importing mmda would import torch."""
    text = (ROOT / 'mmda' / 'version.py').read_text(encoding='utf-8')
    found = re.search(r"^__version__ = '([^']+)'$", text, re.MULTILINE)
    if found is None:
        raise ValueError("mmda/version.py has no line __version__ = '...'")
    return found.group(1)


def read_requirements(name: str) -> list[str]:
    """Read ``requirements/<name>.txt``, following its ``-r`` lines."""
    path = ROOT / 'requirements' / f'{name}.txt'
    requirements: list[str] = []
    for line in path.read_text(encoding='utf-8').splitlines():
        line = line.partition('#')[0].strip()
        if line.startswith('-r '):
            requirements += read_requirements(Path(line[3:].strip()).stem)
        elif line:
            requirements.append(line)
    return requirements


def extras() -> dict[str, list[str]]:
    """Collect the optional requirements, and all of them as ``all``.

    The packages of OpenMMLab come in two builds with the same import names.
    A second build beside the first breaks both, so ``all`` has neither.
    """
    found = {
        name: read_requirements(name)
        for name in (
            *('optional', 'dicom', 'export', 'parquet'),
            *('tests', 'dev', 'docs', 'benchmark'),
        )
    }
    found['all'] = sorted({line for lines in found.values() for line in lines})
    builds = {name: read_requirements(name) for name in ('onedl', 'openmmlab')}
    return found | builds


class BuildWithConfigs(build_py):
    """Put ``configs/`` and ``tools/`` into the package, as ``mmda/.mim/``.

    An editable install gets links to the working tree, so that an edited
    config counts at once.
    """

    def run(self) -> None:
        """Build the modules, then add what is carried."""
        super().run()
        if self.editable_mode:
            self._link()
        else:
            self._copy()

    def _link(self) -> None:
        target = ROOT / 'mmda' / '.mim'
        target.mkdir(exist_ok=True)
        for name in CARRIED:
            link = target / name
            if link.is_symlink():
                link.unlink()
            os.symlink(os.path.join('..', '..', name), link)

    def _copy(self) -> None:
        target = Path(self.build_lib) / 'mmda' / '.mim'
        # A file that was deleted since the last build must not come back.
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        left_out = shutil.ignore_patterns('__pycache__', '*.py[co]')
        for name in CARRIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, target / name, ignore=left_out)
            else:
                shutil.copy2(ROOT / name, target / name)


setup(
    name='mmda',
    version=read_version(),
    description=(
        'Train one OpenMMLab model on several datasets with different, '
        'incomplete label sets'
    ),
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8')
    if (ROOT / 'README.md').is_file()
    else '',
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    keywords=[
        'partial labels',
        'multi-label classification',
        'semantic segmentation',
        'medical imaging',
        'OpenMMLab',
    ],
    classifiers=[
        'Development Status :: 3 - Alpha',
        'Intended Audience :: Science/Research',
        'Operating System :: OS Independent',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
    ],
    python_requires='>=3.10',
    packages=find_packages(include=['mmda', 'mmda.*']),
    # Beside the package: see the docstring of the module.
    py_modules=['mmda_cli'],
    entry_points={'console_scripts': ['mmda = mmda_cli:main']},
    package_data={
        'mmda': [
            'py.typed',
            'report/templates/*.jinja',
            'structures/rules/*.json',
        ]
    },
    install_requires=read_requirements('runtime'),
    extras_require=extras(),
    cmdclass={'build_py': BuildWithConfigs},
    zip_safe=False,
)

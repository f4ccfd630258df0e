"""Rules of the whole repository that no linter checks."""

import ast
import importlib
from pathlib import Path

import mmengine.registry
import mmpretrain.registry
import mmseg.registry
import pytest
from mmengine.registry import Registry

import mmda  # noqa: F401  registers the components
import mmda.report.hooks  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
LAUNCHERS = [
    *(ROOT / 'tools').glob('*.py'),
    *(ROOT / 'tools/analysis_tools').glob('*.py'),
    *(ROOT / 'tools/model_converters').glob('*.py'),
]
# Components whose tests lie in the file of a component beside them.
TESTED_IN = {
    'CheckFiniteHook': 'test_engine/test_hooks.py',
    'CheckLabelSpaceHook': 'test_engine/test_hooks.py',
    'DoDNetController': 'test_models/test_dodnet_head.py',
    'DualViewCascadeEncoderDecoder': (
        'test_models/test_dual_view_encoder_decoder.py'
    ),
    'NamedLinear': 'test_models/test_partial_label_linear_head.py',
    'PartialLabelAP': 'test_evaluation/test_metric_intervals.py',
    'PartialLabelSegTTAModel': 'test_models/test_decode_head_thr.py',
    'PersistentEarlyStoppingHook': 'test_engine/test_hooks.py',
    'RunSummaryHook': 'test_end_to_end.py',
    'ValidateOnResumeHook': 'test_engine/test_hooks.py',
}


def registered():
    """The classes of mmda in the registries of the three hosts."""
    classes = set()
    for host in (mmengine.registry, mmpretrain.registry, mmseg.registry):
        for registry in vars(host).values():
            if isinstance(registry, Registry):
                classes.update(registry.module_dict.values())
    return sorted(
        (c for c in classes if c.__module__.startswith('mmda.')),
        key=lambda c: (c.__module__, c.__name__),
    )


@pytest.fixture(params=registered(), ids=lambda c: c.__name__)
def component(request):
    return request.param


def test_a_component_is_exported_from_its_folder(component):
    _, *folders, _ = component.__module__.split('.')
    packages = [
        importlib.import_module('.'.join(['mmda', *folders[:depth]]))
        for depth in range(1, len(folders) + 1)
    ]
    assert any(
        component.__name__ in getattr(package, '__all__', ())
        and getattr(package, component.__name__) is component
        for package in packages
    )


def test_a_component_is_found_by_its_bare_name_from_the_scope_of_a_host(
    component,
):
    # `mmengine` stands for both hosts; each of the others for itself.
    for scope in ('mmpretrain', 'mmseg'):
        for registry in vars(mmengine.registry).values():
            if isinstance(registry, Registry) and (
                registry.module_dict.get(component.__name__) is component
            ):
                with registry.switch_scope_and_registry(scope) as child:
                    found = child.get(component.__name__)
                assert found.__module__.startswith('mmda.')
                assert found.__name__.endswith(component.__name__)


def test_a_component_has_a_file_of_its_name(component):
    file = component.__module__.rpartition('.')[2]
    # mim finds a config by its file name, and configs/da/digits.py is one.
    expected = {'Digits': 'SklearnDigits'}
    name = expected.get(component.__name__, component.__name__)
    assert file.replace('_', '') == name.lower()


def test_a_component_has_a_test_file(component):
    _, folder, *_, file = component.__module__.split('.')
    place = TESTED_IN.get(component.__name__, f'test_{folder}/test_{file}.py')
    assert (ROOT / 'tests' / place).is_file()


def test_only_registered_components_are_listed_as_tested_elsewhere():
    assert set(TESTED_IN) <= {c.__name__ for c in registered()}


def test_every_folder_of_the_package_has_a_folder_of_tests():
    folders = {
        path.parent.name for path in (ROOT / 'mmda').glob('*/__init__.py')
    }
    assert folders
    for folder in folders:
        assert list((ROOT / f'tests/test_{folder}').glob('test_*.py'))


@pytest.mark.parametrize('path', LAUNCHERS, ids=lambda path: path.name)
def test_a_launcher_has_two_statements_at_most(path):
    first, *rest = ast.parse(path.read_text()).body
    is_docstring = isinstance(first, ast.Expr) and isinstance(
        first.value, ast.Constant
    )
    assert len(rest if is_docstring else [first, *rest]) <= 2

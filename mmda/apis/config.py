"""Find a config in a folder or in an installed package, and load it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.utils import get_installed_path

import mmda
from mmda.files import is_json_path
from mmda.walk import walk_datasets

from .config_names import use_names
from .errors import describe, explain_config
from .options import apply_options, walk_config

#: Keys of a config that hold a dict.
PARTS = (
    *('model', 'data_preprocessor', 'optim_wrapper', 'default_hooks'),
    *('train_dataloader', 'val_dataloader', 'test_dataloader'),
    *('train_cfg', 'val_cfg', 'test_cfg', 'env_cfg', 'randomness'),
)

#: Part and key of whole numbers, with the smallest value.
NUMBERS = (
    ('randomness', 'seed', 0),
    ('train_cfg', 'max_epochs', 0),
    ('train_cfg', 'max_iters', 0),
    ('train_cfg', 'val_interval', 1),
)
LOG_LEVELS = ('DEBUG', 'INFO', 'WARNING', 'WARN', 'ERROR', 'CRITICAL', 'FATAL')

_PACKAGE_CONFIG = re.compile(r'(?P<package>\w+)::(?P<name>.+)')


def find_config(name: str) -> str:
    """Turn the config argument of a command into a path.

    Args:
        name (str): A path, or ``package::path``. The second form names a
            config that an installed package carries, such as
            ``mmda::da/digits.py``.

    Returns:
        str: Path of a file that exists.

    Raises:
        FileNotFoundError: If there is no such file or no such package.

    Examples:
        >>> from pathlib import Path
        >>> Path(find_config('mmda::da/digits.py')).name
        'digits.py'
    """
    match = _PACKAGE_CONFIG.fullmatch(name)
    if match is None:
        path, expected = Path(name), 'a path or `package::path`'
    else:
        folder = _config_folder(match['package'])
        path, expected = folder / match['name'], f'a file below {folder}'
    if not path.is_file():
        raise FileNotFoundError(
            f'there is no config {path}: expected {expected}, such as '
            'configs/da/digits.py or mmda::da/digits.py'
        )
    return str(path)


def _config_folder(package: str) -> Path:
    if package == 'mmda':
        root = Path(mmda.__file__).parent
    else:
        try:
            root = Path(get_installed_path(package))
        except Exception as error:
            raise FileNotFoundError(
                f'`{package}::` names a package that is not installed'
            ) from error
    carried = root / '.mim' / 'configs'
    # In a checkout that is not installed, the configs lie beside the package.
    return carried if carried.is_dir() else root.parent / 'configs'


def load_config(
    name: str,
    cfg_options: dict[str, Any] | None = None,
    read_spaces: bool = True,
) -> Config:
    """Load a config, and apply the changes of the command line.

    ``classes='space.json'``, the file of a label space, is replaced by its
    classes; in a ``PartialLabelDataset`` its aliases and rules come along. So
    a checkpoint, which holds the config, does not need the file.

    Args:
        name (str): See :func:`find_config`.
        cfg_options (dict[str, Any], optional): The values of
            ``--cfg-options``, by keys with dots. Defaults to None.
        read_spaces (bool): Whether to read the files of label spaces.
            Defaults to True.

    Returns:
        Config: The config, with names as types, see :func:`use_names`.

    Raises:
        FileNotFoundError: If there is no such config, or no such label space.
        ValueError: If the file cannot be read, names the line; if an option
            changes nothing; or if two sources have different label spaces.

    Examples:
        >>> options = {'train_cfg.max_epochs': 2}
        >>> cfg = load_config('mmda::da/digits.py', options)
        >>> cfg.train_cfg.max_epochs
        2
    """
    path = find_config(name)
    try:
        cfg = Config.fromfile(path)
    # A config is a program: it can raise anything.
    except Exception as error:
        raise ValueError(explain_config(error, path)) from error
    cfg = use_names(cfg)
    if cfg_options:
        apply_options(cfg, cfg_options)
    _check_kinds(cfg, path)
    try:
        if read_spaces:
            _read_spaces(cfg)
            check_label_spaces(cfg)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f'{path}: {describe(error)}') from error
    return cfg


def _read_spaces(cfg: Config) -> None:
    for _, part in walk_config(cfg._cfg_dict):
        classes = part.get('classes') if isinstance(part, dict) else None
        if not is_json_path(classes):
            continue
        # Only now: the structures import torch.
        from mmda.structures.space_file import resolve_classes

        classes, aliases, rules = resolve_classes(
            part['classes'], part.get('aliases'), part.get('rules')
        )
        part['classes'] = list(classes)
        if part.get('type') == 'PartialLabelDataset':
            part.update(aliases=aliases, rules=rules)


def _check_kinds(cfg: Config, path: str) -> None:
    """Refuse values that the hosts take and then fail at without a place."""
    for key in PARTS:
        part = cfg.get(key)
        if part is not None and not isinstance(part, dict):
            raise ValueError(
                f'{path}, {key}: found {part!r:.80}, expected a dict'
            )
    for key in ('default_scope', 'load_from', 'work_dir'):
        if not isinstance(cfg.get(key) or '', str):
            raise ValueError(
                f'{path}, {key}: found {cfg[key]!r:.80}, expected a text'
            )
    for part, key, least in NUMBERS:
        value = (cfg.get(part) or {}).get(key)
        if value is not None and not (
            isinstance(value, int) and value >= least
        ):
            raise ValueError(
                f'{path}, {part}.{key}: found {value!r:.80}, expected a whole '
                f'number of at least {least}'
            )
    level = cfg.get('log_level') or 'INFO'
    if isinstance(level, str) and level not in LOG_LEVELS:
        raise ValueError(
            f'{path}, log_level: found {level!r}, expected one of '
            f'{", ".join(LOG_LEVELS)}'
        )


def check_model(cfg: Config, config: str) -> None:
    """Check that a config has what a runner needs.

    Args:
        cfg (Config): The config.
        config (str): Its name, for the message.

    Raises:
        ValueError: If there is no model with a ``type``.
    """
    model = cfg.get('model')
    if not model or 'type' not in model:
        raise ValueError(
            f'{config}, model: found {model!r:.80}, expected a dict with the '
            'key `type`'
        )


def whole_model(cfg: Config) -> ConfigDict:
    """Return the config of a model with its preprocessor.

    Stock configs of mmpretrain name the preprocessor beside the model, and the
    runner joins them.

    Args:
        cfg (Config): A config with a model.

    Returns:
        ConfigDict: A shallow copy. A ``data_preprocessor`` of the model counts
        before one beside it.

    Examples:
        >>> whole_model(Config(dict(model=dict(type='A'),
        ...                         data_preprocessor=dict(mean=[0.5]))))
        {'type': 'A', 'data_preprocessor': {'mean': [0.5]}}
    """
    model = ConfigDict(cfg.model)
    if 'data_preprocessor' in cfg:
        model.setdefault('data_preprocessor', cfg.data_preprocessor)
    return model


def check_label_spaces(cfg: Config) -> None:
    """Check that all sources of a config have one label space.

    The stock ``ConcatDataset`` refuses different classes too. It does not
    name the classes, and it does not compare validation with training.

    Args:
        cfg (Config): A config with dataloaders.

    Raises:
        ValueError: If two sources have different classes, or if two sources
            of one dataloader have the same name. The message names the
            sources, their keys in the config and the classes.
    """
    first: tuple[str, tuple] | None = None
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        places: dict[str, str] = {}
        for place, source in walk_config(cfg.get(loader), loader):
            if getattr(source, 'type', None) != 'PartialLabelDataset':
                continue
            # A source inside another source only selects its images.
            if any(place.startswith(f'{outer}.') for outer in places.values()):
                continue
            name = source.get('name') or source['dataset'].get('type')
            if name in places:
                raise ValueError(
                    f'two sources are named {name!r}: {places[name]} and '
                    f'{place}. Their results would be mixed up. Give each '
                    'source its own `name`'
                )
            places[name] = place
            classes = tuple(source.get('classes') or ())
            if first is None:
                first = (f'{name} ({place})', classes)
            elif classes != first[1]:
                missing = [c for c in first[1] if c not in classes]
                extra = [c for c in classes if c not in first[1]]
                order = '' if missing or extra else ', in another order'
                raise ValueError(
                    f'two sources have different label spaces{order}: only '
                    f'in {first[0]}: {missing}; only in {name} ({place}): '
                    f'{extra}. Give both sources the same `classes`, the '
                    'joint label space. Name the classes that a source '
                    'annotates in `labeled_classes`'
                )


def set_work_dir(
    cfg: Config, config: str, work_dir: str | None = None
) -> None:
    """Set ``cfg.work_dir``.

    The command line comes first, then the config. Without either, the folder
    is ``work_dirs/<name of the config>``.

    Args:
        cfg (Config): The config, changed in place.
        config (str): Path of the config, or ``package::path``.
        work_dir (str, optional): ``--work-dir`` of the command line.
    """
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        name = Path(config.rpartition('::')[2]).stem
        cfg.work_dir = f'./work_dirs/{name}'


def classes_of(cfg: Config) -> tuple[str, ...] | None:
    """Find the label space of a config.

    Args:
        cfg (Config): The config.

    Returns:
        tuple[str, ...] | None: The classes of the head. A head without
        classes leaves the choice to the first dataset that has classes: test
        before validation before training. None if no part has classes.

    Raises:
        ValueError: If the classes are no list.

    Examples:
        >>> classes_of(Config(dict(model=dict(head=dict(classes=['a'])))))
        ('a',)
    """
    nodes = [(cfg.get('model') or {}).get('head') or {}]
    for split in ('test', 'val', 'train'):
        loader = cfg.get(f'{split}_dataloader') or {}
        nodes += walk_datasets(loader.get('dataset'))
    found = next((n['classes'] for n in nodes if n.get('classes')), None)
    if found is None:
        return None
    if not isinstance(found, (list, tuple)):
        raise ValueError(
            f'{cfg.filename}, classes: found {found!r:.80}, expected a list '
            'of names'
        )
    return tuple(found)


def find_pipeline(loader: dict[str, Any] | None) -> list[dict] | None:
    """Find the pipeline of the images of a dataloader.

    Args:
        loader (dict, optional): Config of the dataloader.

    Returns:
        list[dict] | None: The transforms of the first dataset that has any,
        wrappers first. None if no dataset has transforms.

    Examples:
        >>> find_pipeline(dict(dataset=dict(pipeline=[dict(type='Resize')])))
        [{'type': 'Resize'}]
    """
    for node in walk_datasets((loader or {}).get('dataset')):
        if node.get('pipeline'):
            return list(node['pipeline'])
    return None

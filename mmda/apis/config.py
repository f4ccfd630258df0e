"""Find a config, in the working folder or in an installed package."""

import re
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.utils import get_installed_path

import mmda

from .label_spaces import check_label_spaces
from .options import apply_options

_PACKAGE_CONFIG = re.compile(r'(?P<package>\w+)::(?P<name>.+)')


def find_config(name: str) -> str:
    """Turn the config argument of a command into a path.

    Args:
        name (str): A path, or ``package::path``, looked up among the configs
            that the package carries, such as ``mmda::da/digits.py``.

    Returns:
        str: Path of a file that exists.

    Raises:
        FileNotFoundError: If there is no such file, or no such package.

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
    # A source checkout that was not installed has them beside the package.
    return carried if carried.is_dir() else root.parent / 'configs'


def load_config(
    name: str, cfg_options: dict[str, Any] | None = None
) -> Config:
    """Load a config with the changes of the command line.

    Args:
        name (str): See :func:`find_config`.
        cfg_options (dict[str, Any], optional): Keys with dots and their
            values, as ``--cfg-options`` gives them. Defaults to None.

    Returns:
        Config: The config. Parts inherited from ``mmda::`` carry no scope.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If an option would change nothing, or the sources do not
            share one label space.

    Examples:
        >>> options = {'train_cfg.max_epochs': 2}
        >>> cfg = load_config('mmda::da/digits.py', options)
        >>> cfg.train_cfg.max_epochs
        2
    """
    # mmengine resolves `_base_ = 'mmda::...'` by the names that it knows.
    MODULE2PACKAGE.setdefault('mmda', 'mmda')
    cfg = Config.fromfile(find_config(name))
    for value in cfg.values():
        _drop_scope(value)
    if cfg_options:
        apply_options(cfg, cfg_options)
    check_label_spaces(cfg)
    return cfg


def _drop_scope(node: Any) -> None:
    """Remove the scope `mmda`, which mmengine gives to inherited parts.

    No registry has this scope: the parts of mmda are in the root registries.
    """
    if isinstance(node, dict):
        if node.get('_scope_') == 'mmda':
            del node['_scope_']
        node = node.values()
    elif not isinstance(node, (list, tuple)):
        return
    for child in node:
        _drop_scope(child)

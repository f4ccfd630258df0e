"""Say in one line what went wrong, and where in a config."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from mmengine.config import Config

from .options import RUNNER_KEYS, walk_config

#: Errors about an input. Other errors can be a fault of the code.
INPUT_ERRORS = (ValueError, OSError, FloatingPointError, ImportError)

# The hosts put whole configs into a message.
_LONGEST = 1000
# mmengine runs a config file in one of these functions.
_READERS = ('_file2dict', '_parse_lazy_import')


@dataclass(frozen=True)
class Explanation:
    """What a command says about an error.

    Attributes:
        text (str): One line. It begins with the config file and the key if
            the error came up while a part of a config was built.
        is_input (bool): Whether an input is to blame, and not the code.
        is_complete (bool): Whether the text says all that a user needs.
    """

    text: str
    is_input: bool
    is_complete: bool


def explain(error: BaseException) -> Explanation:
    """Describe an error to the user of a command.

    Args:
        error (BaseException): The error, as it was caught.

    Returns:
        Explanation: The description.

    Examples:
        >>> explain(ValueError('a.csv, line 2: found 7')).text
        'a.csv, line 2: found 7'
        >>> explain(IndexError('list index out of range')).text
        'IndexError: list index out of range'
    """
    key = text = ''
    try:
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        key = _config_key(frames)
        text = _unknown_type(frames) if isinstance(error, KeyError) else ''
    # The parts of a lazy config can raise anything. The first error counts.
    except Exception:
        pass
    is_input = bool(text or key) or isinstance(error, INPUT_ERRORS)
    is_complete = bool(text) or _is_meant(error)
    text = text or describe(error)
    if key:
        text = f'{key}: {text}'
    return Explanation(text, is_input, is_complete)


def _is_meant(error: BaseException) -> bool:
    """Say whether a line of Python raised an error about an input.

    An operation that fails, such as a sum of arrays of two shapes, can be a
    fault of the code.
    """
    if isinstance(error, OSError):
        return True
    if not isinstance(error, INPUT_ERRORS):
        return False
    calls = traceback.extract_tb(error.__traceback__)
    return not calls or (calls[-1].line or '').startswith('raise')


def describe(error: BaseException) -> str:
    """Return the message of an error as one line.

    Args:
        error (BaseException): The error.

    Returns:
        str: The message. The type of the error comes first, unless the
        message of the type is a sentence for users.

    Examples:
        >>> describe(FileNotFoundError(2, 'No such file', 'a.csv'))
        'a.csv: No such file'
        >>> describe(KeyError('model'))
        "KeyError: 'model'"
    """
    text = str(error)
    if isinstance(error, ImportError) and error.name == 'mmcv._ext':
        return (
            'the models of this mmseg need the compiled operators of mmcv, '
            'and this mmcv has none: install mmcv in place of mmcv-lite, or '
            "the maintained builds (pip install '.[onedl]')"
        )
    if isinstance(error, OSError) and error.strerror:
        # A full disk has no name of a file.
        names = [error.filename, error.filename2]
        where = ' -> '.join(str(name) for name in names if name is not None)
        text = f'{where}: {error.strerror}' if where else error.strerror
    text = ' '.join(line.strip() for line in text.splitlines()).strip()
    if len(text) > _LONGEST and not isinstance(error, OSError):
        text = f'{text[:_LONGEST]} ...'
    if isinstance(error, INPUT_ERRORS) and text:
        return text
    name = type(error).__name__
    return f'{name}: {text}' if text else name


def explain_config(error: BaseException, path: str) -> str:
    """Say where a config file is wrong.

    Args:
        error (BaseException): The error of ``Config.fromfile``.
        path (str): The config.

    Returns:
        str: One line: the file, which can be a base of the config, the line
        if it is known, and the message.
    """
    if isinstance(error, RecursionError):
        return f'{path}: its _base_ files lead back to each other'
    calls = list(traceback.walk_tb(error.__traceback__))
    files = [
        frame.f_locals['filename']
        for frame, _ in calls
        if frame.f_code.co_name in _READERS
    ]
    file = files[-1] if files else path
    if len(files) > 1 and not Path(file).is_file():
        return f'{files[-2]}: there is no file {file} for its _base_'
    # Errors of syntax, of JSON and of YAML know the line.
    line = getattr(error, 'lineno', None)
    mark = getattr(error, 'problem_mark', None)
    if mark is not None:
        line = mark.line + 1
    for frame, number in calls:
        if frame.f_code.co_filename == file:
            line = number
    text = getattr(error, 'msg', None) or describe(error)
    if isinstance(error, ImportError):  # mmengine lists the whole sys.path
        text = str(error).partition(', the current sys.path')[0]
    place = f'{file}, line {line}' if line else file
    return f'{place}: {" ".join(str(text).split())}'


def _config_key(frames: list[FrameType]) -> str:
    """Return file and key of the part of a config that was being built.

    The functions of mmengine that build a part have the part as an argument.
    The config itself is a variable of the command.
    """
    configs = [frame.f_locals.get('cfg') for frame in reversed(frames)]
    cfg = next((c for c in configs if isinstance(c, Config)), None)
    if cfg is None:
        return ''
    for frame in reversed(frames):
        code = frame.f_code
        if not code.co_name.startswith('build'):
            continue
        for name in code.co_varnames[: code.co_argcount]:
            keys = _keys_of(frame.f_locals.get(name), cfg)
            if keys:
                # Equal parts, such as the images of validation and test.
                where = ' or '.join(keys[:2])
                return f'{cfg.filename}, {where}' if cfg.filename else where
    return ''


def _keys_of(part: Any, cfg: Config) -> list[str]:
    if not isinstance(part, dict) or not part or isinstance(part, Config):
        return []
    nodes = [
        (key, node)
        for key, node in walk_config(cfg._cfg_dict)
        if key.split('.')[0] in RUNNER_KEYS and node and isinstance(node, dict)
    ]
    equal = [key for key, node in nodes if node == part]
    # The hosts add defaults to a part before they build it.
    within = [
        (len(node), key)
        for key, node in nodes
        if 'type' in node and all(part.get(k) == v for k, v in node.items())
    ]
    return equal or [key for _, key in sorted(within, reverse=True)[:1]]


def _unknown_type(frames: list[FrameType]) -> str:
    """Return a message if a registry does not know the type of a part."""
    from mmda.structures import nearest  # imports torch, as a build does

    last = frames[-1] if frames else None
    if last is None or not last.f_code.co_name.startswith('build_'):
        return ''
    values = last.f_locals
    registry = values.get('registry')
    name = values.get('obj_type', values.get('runner_type'))
    if registry is None or not isinstance(name, str):
        return ''
    known = set(registry.module_dict)
    while registry.parent is not None:
        registry = registry.parent
        known |= set(registry.module_dict)
    near = nearest(name, sorted(known))
    hint = near if near.startswith('; nearest') else ''
    return f'there is no {registry.name} of type {name!r}{hint}'

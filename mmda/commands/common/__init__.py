"""What several commands share. Nothing here imports torch at its top."""

from .options import (
    CHECKPOINT_HELP,
    add_config,
    add_config_options,
    add_run_options,
    add_unsafe_load,
    build_parser,
    check_checkpoint,
    find_checkpoint,
    load_run_config,
    open_config,
)
from .output import (
    check_output,
    naming,
    say,
    write_json,
)
from .run_tool import run_tool
from .sources import (
    add_sources,
    check_sources,
    choose_part,
    is_config,
    table_config,
)

__all__ = [
    'CHECKPOINT_HELP',
    'add_config',
    'add_config_options',
    'add_run_options',
    'add_sources',
    'add_unsafe_load',
    'build_parser',
    'check_checkpoint',
    'check_output',
    'check_sources',
    'choose_part',
    'find_checkpoint',
    'is_config',
    'load_run_config',
    'naming',
    'open_config',
    'run_tool',
    'say',
    'table_config',
    'write_json',
]

"""A config that is written quickly."""

from __future__ import annotations

from pprint import pformat

from mmengine.config import Config

from mmda.apis.options import RUNNER_KEYS


class PlainConfig(Config):
    """What a runner reads of a config, written without formatting.

    The runner writes its config nine times for a training and a test. The
    stock formatting takes seconds of each short run.
    """

    @property
    def pretty_text(self) -> str:
        """str: Python text that gives the config when it is read."""
        return ''.join(
            f'{key} = {pformat(value, sort_dicts=False)}\n'
            for key, value in self.to_dict().items()
        )


def plain_config(cfg: Config) -> PlainConfig:
    """Keep what a runner reads.

    Args:
        cfg (Config): The config, complete.

    Returns:
        PlainConfig: Without the variables that its files are made of.

    Examples:
        >>> cfg = Config(dict(model=dict(a=1), other=2))
        >>> print(plain_config(cfg).pretty_text)
        model = {'a': 1}
    """
    kept = {k: v for k, v in cfg.to_dict().items() if k in RUNNER_KEYS}
    return PlainConfig(kept)

"""The config of a runner, which formats its text once."""

from __future__ import annotations

from typing import Any

from mmengine.config import Config


class RunConfig(Config):
    """A config that formats its text anew only after a change.

    A runner asks five times for the text of its config: for the log, the
    folder, the message hub and the checkpoints. To format it takes half a
    second.
    """

    @classmethod
    def of(cls, cfg: Config) -> RunConfig:
        """Return a config as a ``RunConfig`` with the same content.

        Args:
            cfg (Config): The config.

        Returns:
            RunConfig: ``cfg`` itself if it is one already.

        Examples:
            >>> cfg = RunConfig.of(Config(dict(a=1)))
            >>> print(cfg.pretty_text)
            a = 1
            <BLANKLINE>
            >>> cfg.a = 2
            >>> print(cfg.pretty_text)
            a = 2
            <BLANKLINE>
        """
        if isinstance(cfg, cls):
            return cfg
        new = cls.__new__(cls)
        new.__setstate__(cfg.__getstate__())
        return new

    def format_text(self) -> str:
        """Format the content as Python text."""
        return super().pretty_text

    @property
    def pretty_text(self) -> str:
        """str: Python text that gives the config when it is read."""
        content = repr(self._cfg_dict)
        # The config keeps its keys in `_cfg_dict`, which this must not enter.
        known: Any = self.__dict__.get('_known_text')
        if known is None or known[0] != content:
            known = (content, self.format_text())
            object.__setattr__(self, '_known_text', known)
        return known[1]

import copy

from mmengine.config import Config
from mmengine.runner import Runner

from mmda.apis.run_config import RunConfig
from mmda.apis.runner import HOST_HOOKS, drop_hooks


def test_the_text_is_formatted_again_only_after_a_change(monkeypatch):
    formatted = []

    def note(self):
        formatted.append(self.a)
        return Config.pretty_text.fget(self)

    monkeypatch.setattr(RunConfig, 'format_text', note)
    cfg = RunConfig.of(Config(dict(a=1, b=dict(c=[2]))))
    texts = {cfg.pretty_text, cfg.pretty_text, copy.deepcopy(cfg).pretty_text}
    assert texts == {Config(dict(a=1, b=dict(c=[2]))).pretty_text}
    assert formatted == [1]
    cfg.b.c.append(3)
    assert Config.fromstring(cfg.pretty_text, '.py').b.c == [2, 3]
    assert RunConfig.of(cfg) is cfg


def test_any_hook_is_dropped_by_none():
    names = [*HOST_HOOKS, 'run_summary', 'visualization']
    cfg = Config(dict(default_hooks=dict.fromkeys(names)))
    drop_hooks(cfg)
    runner = Runner.__new__(Runner)
    runner._hooks = []
    runner.register_default_hooks(cfg.default_hooks)  # None of another: error
    assert runner.hooks == []

"""The commands of mmda: one file is one command, ``mmda <name>``.

A module imports nothing heavy at its top, so that ``--help`` and wrong
arguments answer without torch. ``run`` imports what it needs.
"""

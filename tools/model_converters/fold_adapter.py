"""Fold an adapter into a plain layer; ``--help`` shows the options."""

from mmda_cli import main

if __name__ == '__main__':
    main('fold')

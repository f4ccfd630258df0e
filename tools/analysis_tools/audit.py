"""Compare labels with the answers of a model; ``--help`` shows the options."""

from mmda_cli import main

if __name__ == '__main__':
    main('audit')

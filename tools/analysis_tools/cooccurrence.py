"""Count how often classes meet in an image; ``--help`` shows the options."""

from mmda_cli import main

if __name__ == '__main__':
    main('cooccurrence')

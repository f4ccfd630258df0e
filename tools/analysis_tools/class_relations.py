"""Show how the classes of a model relate; ``--help`` shows the options."""

from mmda_cli import main

if __name__ == '__main__':
    main('class_relations')

"""Write a vector of each class name; ``--help`` shows the options."""

from mmda_cli import main

if __name__ == '__main__':
    main('class_vectors')

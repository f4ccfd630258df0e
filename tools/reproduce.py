"""Run a table of the paper over seeds; ``--help`` shows the options."""

if __name__ == '__main__':
    import mmda_cli

    # Torch is imported by the processes that train, not by this one.
    mmda_cli.starts_a_command = True
    from reproduction.command import main

    main()

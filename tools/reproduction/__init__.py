"""The tables of the paper, run over seeds and put beside its figures."""

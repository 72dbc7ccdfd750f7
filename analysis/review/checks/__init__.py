"""The checks, a module a subject: formulas on intervals, and the rules that apply them to the cells of tables."""

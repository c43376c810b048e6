"""Reports: notebooks run with parameters and turned into pages."""

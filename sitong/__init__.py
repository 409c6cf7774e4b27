"""Settings, the stages wired together, and the command line. The composition root: nothing imports it but `dags`."""

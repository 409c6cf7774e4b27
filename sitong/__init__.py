"""Settings, the stages wired together, and the command line. The composition root: nothing imports it but `dags`."""

from sitong.processor import avoid_slow_sorts

avoid_slow_sorts()

"""A synthetic city with planted truth: the demo, the test data and the benchmark data.

`simulation.city.simulate` draws a city and writes its departments' drops with the truth beside them;
`simulation.days.advance` writes the days that follow. Every person and enterprise is invented. The same seed
and settings give the same bytes.
"""

"""Cities with facts and planted findings, drawn from the design of sources and rules alone.

It knows neither the rules' declarations nor `simulation/`: it is a second reading of the rule catalogue. What a city
plants is a *hit* (the catalogue's formula finds it), *clear* (a near miss, or a false positive that the formula passes
over), *mild* (the formula finds it, and the data show one of the usual false positives: it may be found with low
severity only) or *open* (the catalogue does not say; it is reported and never counted).
"""

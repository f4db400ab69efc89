"""The data of the practical on school value-added models, under the name that it has there: `valueadded`.

Run by `lmebridge verify`, which puts the file of LSYPE there first: --data valueadded=lsype
"""

from lmebridge.datasets.examples import lsype_prepared

# The practical's six columns, and the share of each school's pupils with free school meals.
valueadded = lsype_prepared(valueadded)  # noqa: F821 (given by --data)

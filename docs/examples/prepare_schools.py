"""The data of the practical on mixed models of school attainment, and the models of outputs that do not say theirs.

Run by `lmebridge verify`; the Python half of the practical has logarithms as columns.
"""

import numpy as np

import lmebridge as lme

england_filtered_clean = lme.datasets.school_data_2223_prepared(lme.datasets.school_data_2223())
for _name in ("ATT8SCR", "PTFSM6CLA1A", "PERCTOT", "PNUMEAL"):
    england_filtered_clean[f"log_{_name}"] = np.log(england_filtered_clean[_name])

fits = {
    # `fixef(lme1)[["(Intercept)"]]`, printed before the model itself.
    307: lme.lmer("ATT8SCR ~ 1 + (1 | OFSTEDRATING)", england_filtered_clean),
    # `lm.params`, of a model that is not printed; its rows are those with a rating.
    593: lme.lm("log_ATT8SCR ~ log_PTFSM6CLA1A", england_filtered_clean.dropna(subset=["OFSTEDRATING"])),
}

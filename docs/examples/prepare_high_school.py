"""High School & Beyond as the notebook of 2015 prepares it: pupils, and one row a school.

Run by `lmebridge verify`.
"""

import lmebridge as lme

hsb_df = lme.datasets.hsb_centred(lme.datasets.hsb())
school_gp = lme.datasets.hsb_schools(hsb_df)

fits = {
    # Coefficients that are printed alone, of models without an output of their own.
    261: lme.lm("mathach ~ ses + schoolmean_ses", hsb_df),
    267: lme.lm("mathach ~ demeaned_ses", hsb_df),
}

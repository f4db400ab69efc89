import lmebridge as lme
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from plotnine import (
    aes,
    geom_errorbar,
    geom_hline,
    geom_line,
    geom_point,
    geom_smooth,
    ggplot,
    theme_bw,
    xlab,
    ylab,
)

# School value-added: how much do schools add to the progress of their pupils?
# Data: the LSYPE teaching data set (UK Data Service, study 6660), lsype_15000_final_2011_05_04.sav

ype = pd.read_spss("lsype_15000_final_2011_05_04.sav", convert_categoricals=False)
valueadded = ype[["pupilid", "schoolID", "ks2stand", "ks4stand", "gender", "fsm"]]

# scores at 16 against scores at 11
(
    ggplot(valueadded, aes(x="ks2stand", y="ks4stand"))
    + geom_point()
    + geom_smooth(method="lm")
).show()
print(valueadded["ks2stand"].corr(valueadded["ks4stand"]))

# type 0: no covariate
m0 = lme.lmer("ks4stand ~ 1 + (1 | schoolID)", valueadded, REML=False)
print(m0.summary())

# prior attainment alone
m1 = lme.lmer("ks4stand ~ ks2stand + (1 | schoolID)", valueadded, REML=False)
print(m1.summary())

# and what is known of the pupils
m2 = lme.lmer(
    "ks4stand ~ ks2stand + factor(gender) + factor(fsm) + (1 | schoolID)",
    valueadded,
    REML=False,
)
print(m2.summary())

# is progress another for boys and girls, or with free meals?
m3 = lme.lmer(
    "ks4stand ~ ks2stand * factor(gender) + factor(fsm) + (1 | schoolID)",
    valueadded,
    REML=False,
)
print(m3.summary())
m4 = lme.lmer(
    "ks4stand ~ ks2stand * factor(fsm) + factor(gender) + (1 | schoolID)",
    valueadded,
    REML=False,
)
print(m4.summary())

# a variable of the school, made from its pupils
valueadded = valueadded.assign(
    schoolfsm=valueadded.groupby("schoolID", dropna=False)["fsm"].transform("mean")
    * 100
)
m5 = lme.lmer(
    "ks4stand ~ ks2stand + schoolfsm + (1 | schoolID)", valueadded, REML=False
)
print(m5.summary())

# ---- The schools' effects, ranked ------------------------------------------------

u0 = m1.ranef()
u0se = np.sqrt(u0.postVar["schoolID"][:, 0, 0])
schoolid = u0["schoolID"].index.astype(float)

school_resid = (
    u0["schoolID"]
    .assign(schoolid=schoolid, u0se=u0se)[["schoolid", *u0["schoolID"].columns, "u0se"]]
    .copy()
)
school_resid.columns = ["schoolid", "u0", "u0se"]
school_resid = school_resid.sort_values("u0", kind="stable")
school_resid = school_resid.assign(
    **{"c(1:dim(school_resid)[1])": np.arange(1, school_resid.shape[0] + 1)}
)
school_resid = school_resid.rename(columns={school_resid.columns[3]: "u0rank"})
print(school_resid.head(6))

# Note: `u0` is taken for the column here, not for the variable of this name.
(
    ggplot(school_resid, aes(x="u0rank", y="u0"))
    + geom_point(stat="identity")
    + geom_errorbar(aes(ymin="u0 - 1.96 * u0se", ymax="u0 + 1.96 * u0se"))
    + geom_hline(yintercept=0, color="#EF3B2C", linetype="dashed")
    + xlab("Rank of residuals")
    + ylab("School VA estimates")
    + theme_bw()
).show()

# ---- Predicted lines ---------------------------------------------------------------

complete = valueadded[
    valueadded["ks4stand"].notna() & valueadded["ks2stand"].notna()
].copy()
complete["pred"] = m1.fitted().to_numpy()
(
    ggplot(complete, aes(x="ks2stand", y="pred", group="factor(schoolID)"))
    + geom_line()
    + xlab("Standardised KS2 score")
    + ylab("Predicted KS4 score")
    + theme_bw()
).show()

# lines of different slope; ks2stand in units of its standard deviation
# Note: `scale()` in a formula is computed anew on new data, by R and here alike.
m1_rs = lme.lmer(
    "ks4stand ~ as.vector(scale(ks2stand)) + (1 + "
    "as.vector(scale(ks2stand)) | schoolID)",
    valueadded,
    REML=False,
)
print(m1_rs.summary())
print(lme.anova(m1, m1_rs))
complete["pred_rs"] = m1_rs.fitted().to_numpy()

# ---- Are the residuals normal? -------------------------------------------------------

# Note: R moves the limits of a histogram's bins to round numbers.
plt.figure()
plt.hist(school_resid["u0"].dropna(), bins="sturges")
complete["ind_resid"] = m1.residuals().to_numpy()
# Note: R moves the limits of a histogram's bins to round numbers.
plt.figure()
plt.hist(complete["ind_resid"].dropna(), bins="sturges")
(ggplot(complete, aes(x="pred", y="ind_resid")) + geom_point()).show()
print((complete["ind_resid"] ** 2).mean(skipna=False))

plt.show()

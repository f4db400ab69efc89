import lmebridge as lme
import numpy as np
import pandas as pd
from plotnine import (
    aes,
    element_text,
    geom_boxplot,
    geom_hline,
    geom_line,
    geom_point,
    ggplot,
    labs,
    scale_color_brewer,
    scale_x_log10,
    scale_y_log10,
    theme,
    theme_minimal,
)

# Attainment of English secondary schools, 2022/23: from one regression to crossed and nested random effects.
# Data: school_data_2223.csv, see `lmebridge data path school_data_2223`.

# ---- Data -------------------------------------------------------------------

# codes for what was suppressed or not published
na_codes = [
    "",
    "NA",
    "SUPP",
    "NP",
    "NE",
    "SP",
    "SN",
    "LOWCOV",
    "NEW",
    "SUPPMAT",
    "x",
    "c",
    "u",
    "z",
]
# Note: readr makes NA of cells that are no numbers in PERCTOT, PNUMEAL, remained_in_the_same_school, average_number_of_days_taken.x; pandas would read these columns as text.
schools = pd.read_csv(
    "school_data_2223.csv", keep_default_na=False, na_values=na_codes
).assign(URN=lambda d: d["URN"].convert_dtypes().astype("string"))

# logarithms need positive numbers
schools = schools[
    schools["ATT8SCR"].notna()
    & schools["PTFSM6CLA1A"].notna()
    & (schools["ATT8SCR"] > 0)
    & (schools["PTFSM6CLA1A"] > 0)
].copy()
schools = schools[(schools["PERCTOT"] > 0) & (schools["PNUMEAL"] > 0)].copy()
print(len(schools))

# a zero in these two columns says that the school did not report
schools = schools.assign(
    remained_in_the_same_school=np.select(
        [
            schools["remained_in_the_same_school"] == 0,
            (schools["remained_in_the_same_school"] != 0)
            & schools["remained_in_the_same_school"].notna(),
        ],
        [np.nan, schools["remained_in_the_same_school"].to_numpy()],
        default=np.nan,
    ),
    **{
        "average_number_of_days_taken.x": np.select(
            [
                schools["average_number_of_days_taken.x"] == 0,
                (schools["average_number_of_days_taken.x"] != 0)
                & schools["average_number_of_days_taken.x"].notna(),
            ],
            [np.nan, schools["average_number_of_days_taken.x"].to_numpy()],
            default=np.nan,
        )
    },
)

# ---- One level --------------------------------------------------------------

ols = lme.lm(
    "log(ATT8SCR) ~ log(PTFSM6CLA1A) + log(PERCTOT) + log(PNUMEAL) + "
    "OFSTEDRATING + gor_name + PTPRIORLO + ADMPOL_PT",
    schools,
    na_action="na.exclude",
)
print(ols.summary())

# ---- Schools within ratings -------------------------------------------------

ratings = [
    "Special Measures",
    "Serious Weaknesses",
    "Requires improvement",
    "Good",
    "Outstanding",
]
schools["OFSTEDRATING"] = pd.Categorical(
    schools["OFSTEDRATING"], categories=ratings, ordered=True
)

null_model = lme.lmer("ATT8SCR ~ 1 + (1 | OFSTEDRATING)", schools)
print(null_model.summary())
grand_mean = null_model.fixef().iloc[0]
print(grand_mean)

icc_by_rating = lme.icc(null_model, by_group=True)
print(icc_by_rating)

boxes = (
    ggplot(schools, aes(x="OFSTEDRATING", y="ATT8SCR", fill="OFSTEDRATING"))
    + geom_boxplot(alpha=0.7)
    + geom_hline(yintercept=grand_mean, linetype="dashed", color="black")
    + geom_hline(
        yintercept=schools["ATT8SCR"].mean(), linetype="dotted", color="#d62728"
    )
    + labs(title="Attainment 8 by Ofsted rating", x="Ofsted rating", y="Attainment 8")
    + theme_minimal()
    + theme(axis_text_x=element_text(rotation=45, ha="right"), legend_position="none")
)
boxes.show()

# the intercept of each rating
intercepts = null_model.ranef()["OFSTEDRATING"].copy()
intercepts["OFSTEDRATING"] = null_model.ranef()["OFSTEDRATING"].index
intercepts["intercept"] = intercepts["(Intercept)"] + null_model.fixef().iloc[0]
print(intercepts)

# ---- A predictor, then its slope --------------------------------------------

one_slope = lme.lmer("log(ATT8SCR) ~ log(PTFSM6CLA1A) + (1 | OFSTEDRATING)", schools)
common_slope = one_slope.fixef().iloc[1]

lines = (
    one_slope.ranef()["OFSTEDRATING"]
    .rename_axis("OFSTEDRATING")
    .reset_index()
    .rename(columns={"(Intercept)": "shift"})
)
print(lines)

disadvantaged = np.linspace(
    schools["PTFSM6CLA1A"].min(), schools["PTFSM6CLA1A"].max(), 50
)

# one line a rating, on the scale of the score
curves = []
for i in range(len(lines)):
    start = one_slope.fixef().iloc[0] + lines["shift"].iloc[i]
    curves.append(
        pd.DataFrame(
            {
                "PTFSM6CLA1A": disadvantaged,
                "ATT8SCR": np.exp(start + common_slope * np.log(disadvantaged)),
                "OFSTEDRATING": lines["OFSTEDRATING"].iloc[i],
            }
        )
    )
curves = pd.concat(curves, ignore_index=True)
print(curves.shape)

(
    ggplot()
    + geom_point(
        aes(x="PTFSM6CLA1A", y="ATT8SCR", color="OFSTEDRATING"),
        data=schools,
        alpha=0.35,
        size=1.2,
        na_rm=True,
    )
    + geom_line(aes(x="PTFSM6CLA1A", y="ATT8SCR", color="OFSTEDRATING"), data=curves)
    + scale_color_brewer(palette="Set2", name="Ofsted rating")
    + scale_x_log10()
    + scale_y_log10()
    + labs(x="Disadvantaged pupils (%)", y="Attainment 8")
    + theme_minimal(base_size=12)
).show()

# slopes that vary: a singular fit
own_slopes = lme.lmer(
    "log(ATT8SCR) ~ log(PTFSM6CLA1A) + (log(PTFSM6CLA1A) | OFSTEDRATING)", schools
)
print(own_slopes.summary())
print(own_slopes.isSingular())

# ---- The final model --------------------------------------------------------

final = lme.lmer(
    "log(ATT8SCR) ~ log(PTFSM6CLA1A) + log(PERCTOT) + log(PNUMEAL) + "
    "PTPRIORLO + ADMPOL_PT + gorard_segregation + "
    "log(remained_in_the_same_school) + "
    "teachers_on_leadership_pay_range_percent + "
    "log(average_number_of_days_taken.x) + (1 | OFSTEDRATING) + "
    "(1 | gor_name/LANAME)",
    schools,
    na_action="na.exclude",
)
print(final.summary())

# shares of the variance
shares = final.VarCorr().to_frame()
# Note: a 5 at the end, as in 0.15, may be rounded the other way than in R.
shares["share"] = (100 * shares["vcov"] / shares["vcov"].sum(skipna=False)).round(1)
print(shares[["grp", "vcov", "share"]])

# how good is it?
schools = schools.assign(fitted_score=np.exp(final.fitted()))
r2 = schools["ATT8SCR"].corr(schools["fitted_score"]) ** 2
print(np.round(r2, 3))

# ---- Four schools of Brighton -----------------------------------------------

names_of_four = [
    "Longhill High School",
    "Patcham High School",
    "Brighton Aldridge Community Academy",
    "Dorothy Stringer School",
]

four = schools[schools["SCHNAME.x"].isin(names_of_four)][
    [
        "SCHNAME.x",
        "OFSTEDRATING",
        "gor_name",
        "LANAME",
        "PERCTOT",
        "PTFSM6CLA1A",
        "PNUMEAL",
        "PTPRIORLO",
        "ADMPOL_PT",
        "gorard_segregation",
        "remained_in_the_same_school",
        "teachers_on_leadership_pay_range_percent",
        "average_number_of_days_taken.x",
    ]
].drop_duplicates()

effects = final.ranef()

of_rating = (
    effects["OFSTEDRATING"]
    .rename_axis("OFSTEDRATING")
    .reset_index()
    .rename(columns={"(Intercept)": "re_rating"})
)
of_region = (
    effects["gor_name"]
    .rename_axis("gor_name")
    .reset_index()
    .rename(columns={"(Intercept)": "re_region"})
)
# Note: the new columns come last here, in R they stand where the old one was.
of_authority = (
    effects["LANAME:gor_name"]
    .rename_axis("key")
    .reset_index()
    .assign(
        LANAME=lambda d: d["key"].str.split(":").str[0],
        gor_name=lambda d: d["key"].str.split(":").str[1],
    )
    .drop(columns="key")
    .rename(columns={"(Intercept)": "re_authority"})
)

four = (
    four.assign(OFSTEDRATING=four["OFSTEDRATING"].astype(str))
    .merge(of_rating, on="OFSTEDRATING", how="left", suffixes=(".x", ".y"))
    .merge(of_region, on="gor_name", how="left", suffixes=(".x", ".y"))
    .merge(of_authority, on=["LANAME", "gor_name"], how="left", suffixes=(".x", ".y"))
    .assign(re_total=lambda d: d["re_rating"] + d["re_region"] + d["re_authority"])
)

fixed_only = final.predict(four, re_form=lme.NA)
with_effects = final.predict(four)
bias = np.exp(0.5 * final.sigma() ** 2)

four = four.assign(
    baseline=np.exp(fixed_only),
    conditional=np.exp(with_effects),
    corrected=lambda d: d["conditional"] * bias,
)

# what the practical prints, one column a school
# Note: a column of missing names would be called NA in R, and nan here.
table_of_four = (
    four.assign(
        **{
            "RE: OFSTEDRATING": four["re_rating"].map("{:.3f}".format),
            "RE: gor_name": four["re_region"].map("{:.3f}".format),
            "RE: LANAME:gor_name": four["re_authority"].map("{:.3f}".format),
            "RE: total": four["re_total"].map("{:.3f}".format),
            "fixed only": four["baseline"].map("{:.1f}".format),
            "incl. RE": four["conditional"].map("{:.1f}".format),
            "bias-corrected": four["corrected"].map("{:.1f}".format),
        }
    )[
        [
            "SCHNAME.x",
            "RE: OFSTEDRATING",
            "RE: gor_name",
            "RE: LANAME:gor_name",
            "RE: total",
            "fixed only",
            "incl. RE",
            "bias-corrected",
        ]
    ]
    .melt(
        id_vars="SCHNAME.x", var_name="Variable", value_name="Value", ignore_index=False
    )
    .sort_index(kind="stable", ignore_index=True)
    .set_index(["Variable", "SCHNAME.x"])["Value"]
    .unstack("SCHNAME.x", sort=False)
    .rename(columns=str)
    .rename_axis(columns=None)
    .reset_index()
)
print(table_of_four)

# Attainment of English secondary schools, 2022/23: from one regression to crossed and nested random effects.
# Data: school_data_2223.csv, see `lmebridge data path school_data_2223`.

library(dplyr)
library(readr)
library(tibble)
library(tidyr)
library(ggplot2)
library(lme4)
library(performance)

# ---- Data -------------------------------------------------------------------

# codes for what was suppressed or not published
na_codes <- c("", "NA", "SUPP", "NP", "NE", "SP", "SN", "LOWCOV", "NEW", "SUPPMAT", "x", "c", "u", "z")
schools <- read_csv("school_data_2223.csv", na = na_codes, show_col_types = FALSE) |>
  mutate(URN = as.character(URN))

# logarithms need positive numbers
schools <- schools[
  !is.na(schools$ATT8SCR) & !is.na(schools$PTFSM6CLA1A) &
    schools$ATT8SCR > 0 & schools$PTFSM6CLA1A > 0,
]
schools <- schools %>% filter(PERCTOT > 0, PNUMEAL > 0)
nrow(schools)

# a zero in these two columns says that the school did not report
schools <- schools %>%
  mutate(
    remained_in_the_same_school = if_else(remained_in_the_same_school == 0, NA_real_, remained_in_the_same_school),
    average_number_of_days_taken.x = if_else(average_number_of_days_taken.x == 0, NA_real_, average_number_of_days_taken.x)
  )

# ---- One level --------------------------------------------------------------

ols <- lm(
  log(ATT8SCR) ~ log(PTFSM6CLA1A) + log(PERCTOT) + log(PNUMEAL) + OFSTEDRATING + gor_name + PTPRIORLO + ADMPOL_PT,
  data = schools, na.action = na.exclude
)
summary(ols)

# ---- Schools within ratings -------------------------------------------------

ratings <- c("Special Measures", "Serious Weaknesses", "Requires improvement", "Good", "Outstanding")
schools$OFSTEDRATING <- factor(schools$OFSTEDRATING, levels = ratings, ordered = TRUE)

null_model <- lmer(ATT8SCR ~ 1 + (1 | OFSTEDRATING), data = schools)
summary(null_model)
grand_mean <- fixef(null_model)[1]
grand_mean

icc_by_rating <- performance::icc(null_model, by_group = TRUE)
print(icc_by_rating)

boxes <- ggplot(schools, aes(x = OFSTEDRATING, y = ATT8SCR, fill = OFSTEDRATING)) +
  geom_boxplot(alpha = 0.7) +
  geom_hline(yintercept = grand_mean, linetype = "dashed", color = "black") +
  geom_hline(yintercept = mean(schools$ATT8SCR, na.rm = TRUE), linetype = "dotted", color = "#d62728") +
  labs(title = "Attainment 8 by Ofsted rating", x = "Ofsted rating", y = "Attainment 8") +
  theme_minimal() +
  theme(axis.text.x = element_text(angle = 45, hjust = 1), legend.position = "none")
print(boxes)

# the intercept of each rating
intercepts <- as.data.frame(ranef(null_model)$OFSTEDRATING)
intercepts$OFSTEDRATING <- rownames(ranef(null_model)$OFSTEDRATING)
intercepts$intercept <- intercepts$`(Intercept)` + fixef(null_model)[1]
intercepts

# ---- A predictor, then its slope --------------------------------------------

one_slope <- lmer(log(ATT8SCR) ~ log(PTFSM6CLA1A) + (1 | OFSTEDRATING), data = schools)
common_slope <- fixef(one_slope)[2]

lines <- ranef(one_slope)$OFSTEDRATING %>%
  as.data.frame() %>%
  rownames_to_column("OFSTEDRATING") %>%
  rename(shift = `(Intercept)`)
lines

disadvantaged <- seq(
  min(schools$PTFSM6CLA1A, na.rm = TRUE),
  max(schools$PTFSM6CLA1A, na.rm = TRUE),
  length.out = 50
)

# one line a rating, on the scale of the score
curves <- do.call(rbind, lapply(seq_len(nrow(lines)), function(i) {
  start <- fixef(one_slope)[1] + lines$shift[i]
  data.frame(
    PTFSM6CLA1A = disadvantaged,
    ATT8SCR = exp(start + common_slope * log(disadvantaged)),
    OFSTEDRATING = lines$OFSTEDRATING[i]
  )
}))
dim(curves)

ggplot() +
  geom_point(
    data = schools, aes(x = PTFSM6CLA1A, y = ATT8SCR, color = OFSTEDRATING),
    alpha = 0.35, size = 1.2, na.rm = TRUE
  ) +
  geom_line(data = curves, aes(x = PTFSM6CLA1A, y = ATT8SCR, color = OFSTEDRATING)) +
  scale_color_brewer(palette = "Set2", name = "Ofsted rating") +
  scale_x_log10() +
  scale_y_log10() +
  labs(x = "Disadvantaged pupils (%)", y = "Attainment 8") +
  theme_minimal(base_size = 12)

# slopes that vary: a singular fit
own_slopes <- lmer(log(ATT8SCR) ~ log(PTFSM6CLA1A) + (log(PTFSM6CLA1A) | OFSTEDRATING), data = schools)
summary(own_slopes)
isSingular(own_slopes)

# ---- The final model --------------------------------------------------------

final <- lmer(
  log(ATT8SCR) ~ log(PTFSM6CLA1A) + log(PERCTOT) + log(PNUMEAL) +
    PTPRIORLO + ADMPOL_PT + gorard_segregation +
    log(remained_in_the_same_school) + teachers_on_leadership_pay_range_percent +
    log(average_number_of_days_taken.x) +
    (1 | OFSTEDRATING) + (1 | gor_name/LANAME),
  data = schools,
  na.action = na.exclude
)
summary(final)

# shares of the variance
shares <- as.data.frame(VarCorr(final))
shares$share <- round(100 * shares$vcov / sum(shares$vcov), 1)
shares[, c("grp", "vcov", "share")]

# how good is it?
schools <- schools %>% mutate(fitted_score = exp(fitted(final)))
r2 <- cor(schools$ATT8SCR, schools$fitted_score, use = "complete.obs")^2
round(r2, 3)

# ---- Four schools of Brighton -----------------------------------------------

names_of_four <- c("Longhill High School", "Patcham High School", "Brighton Aldridge Community Academy", "Dorothy Stringer School")

four <- schools %>%
  filter(SCHNAME.x %in% names_of_four) %>%
  select(SCHNAME.x, OFSTEDRATING, gor_name, LANAME, PERCTOT, PTFSM6CLA1A, PNUMEAL, PTPRIORLO, ADMPOL_PT,
         gorard_segregation, remained_in_the_same_school, teachers_on_leadership_pay_range_percent,
         average_number_of_days_taken.x) %>%
  distinct()

effects <- ranef(final)

of_rating <- effects$OFSTEDRATING %>%
  rownames_to_column("OFSTEDRATING") %>%
  rename(re_rating = `(Intercept)`)
of_region <- effects$gor_name %>%
  rownames_to_column("gor_name") %>%
  rename(re_region = `(Intercept)`)
of_authority <- effects$`LANAME:gor_name` %>%
  rownames_to_column("key") %>%
  separate(key, into = c("LANAME", "gor_name"), sep = ":") %>%
  rename(re_authority = `(Intercept)`)

four <- four %>%
  mutate(OFSTEDRATING = as.character(OFSTEDRATING)) %>%
  left_join(of_rating, by = "OFSTEDRATING") %>%
  left_join(of_region, by = "gor_name") %>%
  left_join(of_authority, by = c("LANAME", "gor_name")) %>%
  mutate(re_total = re_rating + re_region + re_authority)

fixed_only <- predict(final, newdata = four, re.form = NA)
with_effects <- predict(final, newdata = four, re.form = NULL)
bias <- exp(0.5 * sigma(final)^2)

four <- four %>%
  mutate(
    baseline = exp(fixed_only),
    conditional = exp(with_effects),
    corrected = conditional * bias
  )

# what the practical prints, one column a school
table_of_four <- four %>%
  transmute(
    SCHNAME.x,
    `RE: OFSTEDRATING` = formatC(re_rating, format = "f", digits = 3),
    `RE: gor_name` = formatC(re_region, format = "f", digits = 3),
    `RE: LANAME:gor_name` = formatC(re_authority, format = "f", digits = 3),
    `RE: total` = formatC(re_total, format = "f", digits = 3),
    `fixed only` = formatC(baseline, format = "f", digits = 1),
    `incl. RE` = formatC(conditional, format = "f", digits = 1),
    `bias-corrected` = formatC(corrected, format = "f", digits = 1)
  ) %>%
  pivot_longer(cols = -SCHNAME.x, names_to = "Variable", values_to = "Value") %>%
  pivot_wider(names_from = SCHNAME.x, values_from = Value)
table_of_four

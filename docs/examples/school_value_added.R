# School value-added: how much do schools add to the progress of their pupils?
# Data: the LSYPE teaching data set (UK Data Service, study 6660), lsype_15000_final_2011_05_04.sav

library(haven)
library(dplyr)
library(lme4)
library(ggplot2)

ype <- read_sav("lsype_15000_final_2011_05_04.sav")
valueadded <- select(ype, pupilid, schoolID, ks2stand, ks4stand, gender, fsm)

# scores at 16 against scores at 11
ggplot(valueadded, aes(x = ks2stand, y = ks4stand)) +
  geom_point() +
  geom_smooth(method = "lm")
cor(valueadded$ks2stand, valueadded$ks4stand, use = "comp")

# type 0: no covariate
m0 <- lmer(ks4stand ~ 1 + (1 | schoolID), data = valueadded, REML = F)
summary(m0)

# prior attainment alone
m1 <- lmer(ks4stand ~ ks2stand + (1 | schoolID), data = valueadded, REML = F)
summary(m1)

# and what is known of the pupils
m2 <- lmer(ks4stand ~ ks2stand + factor(gender) + factor(fsm) + (1 | schoolID), data = valueadded, REML = F)
summary(m2)

# is progress another for boys and girls, or with free meals?
m3 <- lmer(ks4stand ~ ks2stand * factor(gender) + factor(fsm) + (1 | schoolID), data = valueadded, REML = F)
summary(m3)
m4 <- lmer(ks4stand ~ ks2stand * factor(fsm) + factor(gender) + (1 | schoolID), data = valueadded, REML = F)
summary(m4)

# a variable of the school, made from its pupils
valueadded <- valueadded %>%
  group_by(schoolID) %>%
  mutate(schoolfsm = mean(fsm, na.rm = T) * 100) %>%
  ungroup()
m5 <- lmer(ks4stand ~ ks2stand + schoolfsm + (1 | schoolID), data = valueadded, REML = F)
summary(m5)

# ---- The schools' effects, ranked ------------------------------------------------

u0 <- ranef(m1, condVar = TRUE)
u0se <- sqrt(attr(u0[[1]], "postVar")[1, , ])
schoolid <- as.numeric(rownames(u0[[1]]))

school_resid <- cbind(schoolid, u0[[1]], u0se)
colnames(school_resid) <- c("schoolid", "u0", "u0se")
school_resid <- school_resid[order(school_resid$u0), ]
school_resid <- cbind(school_resid, c(1:dim(school_resid)[1]))
colnames(school_resid)[4] <- "u0rank"
head(school_resid)

ggplot(school_resid, aes(x = u0rank, y = u0)) +
  geom_point(stat = "identity") +
  geom_errorbar(aes(ymin = u0 - 1.96 * u0se, ymax = u0 + 1.96 * u0se)) +
  geom_hline(yintercept = 0, colour = "#EF3B2C", linetype = "dashed") +
  xlab("Rank of residuals") +
  ylab("School VA estimates") +
  theme_bw()

# ---- Predicted lines ---------------------------------------------------------------

complete <- filter(valueadded, !is.na(ks4stand) & !is.na(ks2stand))
complete$pred <- fitted(m1)
ggplot(complete, aes(x = ks2stand, y = pred, group = factor(schoolID))) +
  geom_line() +
  xlab("Standardised KS2 score") +
  ylab("Predicted KS4 score") +
  theme_bw()

# lines of different slope; ks2stand in units of its standard deviation
m1_rs <- lmer(ks4stand ~ as.vector(scale(ks2stand)) + (1 + as.vector(scale(ks2stand)) | schoolID),
              data = valueadded, REML = F)
summary(m1_rs)
anova(m1, m1_rs)
complete$pred_rs <- fitted(m1_rs)

# ---- Are the residuals normal? -------------------------------------------------------

hist(school_resid$u0)
complete$ind_resid <- residuals(m1)
hist(complete$ind_resid)
ggplot(complete, aes(y = ind_resid, x = pred)) + geom_point()
mean(complete$ind_resid^2)
